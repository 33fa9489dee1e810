/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An answer being built: the handler's part, the headers that every answer has, and compression. */

#define ANSWER_MAX_HEADERS 16

struct answer {
	int code;
	char *text; /* owned, like the headers' values */
	size_t len; /* of the text */
	int fd;     /* of a file, when has_file */
	int64_t file_offset, file_len;
	bool has_file;
	char content_type[128 + 1]; /* some types are long, e.g. those of office documents */
	struct answer_header {
		char name[40];
		char *value;
	} headers[ANSWER_MAX_HEADERS];
	size_t n_headers;
};

/* The first value of a name counts; only Set-Cookie may be repeated. Dropped if it does not fit or memory runs out. */
void answer_add_header(struct answer *answer, const char *name, const char *value);

/* Removes a header that was added. */
void answer_remove_header(struct answer *answer, const char *name);

/* Does an Accept-Encoding header (NULL: none) allow gzip? */
bool answer_takes_gzip(const char *accept_encoding);

/*
 * Adds the headers that the handler did not set: no caching, type sniffing, framing or scripts (OWASP Secure Headers).
 * Compresses a long text if the client accepts gzip (accept_encoding; NULL: not sent).
 */
void answer_complete(struct answer *answer, const char *accept_encoding);

/* Frees what it owns, and closes its file. */
void answer_finish(struct answer *answer);

#endif
