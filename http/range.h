/* SPDX-License-Identifier: MIT */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which part of a file was requested: RFC 9110, section 14. Only a single range; for several, the whole file is sent,
 * as the RFC allows.
 */
enum range_verdict {
	RANGE_ALL,     /* 200 */
	RANGE_PART,    /* 206: len bytes starting at offset */
	RANGE_OUTSIDE, /* 416 */
};

struct range {
	int64_t offset, len;
};

/*
 * header and if_range are the values of Range and If-Range, NULL if missing. etag is the file's, as sent (NULL: none).
 * A part is sent only if If-Range, when present, matches etag.
 */
enum range_verdict range_judge(const char *header, const char *if_range, const char *etag, int64_t file_len,
			       struct range *ret_range);

/*
 * Does the client already have the file: does If-None-Match (NULL: not sent) list etag (never NULL) or * (section
 * 13.1.2)?
 */
bool range_is_cached(const char *if_none_match, const char *etag);

#endif
