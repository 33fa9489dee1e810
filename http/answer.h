/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An answer on its way out: what the handler said, the headers that every answer has, and compression. */

#define ANSWER_MAX_HEADERS 16

struct answer {
	int code;
	char *text; /* owned, as the headers' values are */
	size_t len; /* of the text */
	int fd;     /* of a file, when has_file */
	int64_t file_offset, file_len;
	bool has_file;
	char content_type[128 + 1]; /* a file's type may be long, as those of office documents */
	struct answer_header {
		char name[40];
		char *value;
	} headers[ANSWER_MAX_HEADERS];
	size_t n_headers;
};

/* The first of a name counts, but Set-Cookie may come again. What does not fit, or finds no memory, is left out. */
void answer_add_header(struct answer *answer, const char *name, const char *value);

/* Takes back what was added. */
void answer_remove_header(struct answer *answer, const char *name);

/* Does an Accept-Encoding (NULL: none) take gzip? */
bool answer_takes_gzip(const char *accept_encoding);

/*
 * Adds what the handler did not say: nothing is kept by caches, guessed at, framed or run (OWASP Secure Headers). A long
 * text is compressed when the client (its Accept-Encoding; NULL: none) takes gzip.
 */
void answer_complete(struct answer *answer, const char *accept_encoding);

/* Frees what it owns, and closes its file. */
void answer_finish(struct answer *answer);

#endif
