/* SPDX-License-Identifier: MIT */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Which part of a file is asked for: RFC 9110, section 14. One range; of several, all is given, as the RFC allows. */
enum range_verdict {
	RANGE_ALL,     /* 200 */
	RANGE_PART,    /* 206: len bytes from offset on */
	RANGE_OUTSIDE, /* 416 */
};

struct range {
	int64_t offset, len;
};

/*
 * header is Range's value and if_range If-Range's, NULL without; etag the file's own (NULL: none), as it is sent. A part is
 * given only if If-Range names the same file.
 */
enum range_verdict range_judge(const char *header, const char *if_range, const char *etag, int64_t file_len,
			       struct range *ret_range);

/* Has the client the whole file: does If-None-Match (NULL: not sent) name etag (never NULL), or anything (section 13.1.2)? */
bool range_is_cached(const char *if_none_match, const char *etag);

#endif
