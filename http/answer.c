/* SPDX-License-Identifier: MIT */
#include "http/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <zlib.h>

#include "core/text.h"

/* A smaller text fits into one packet uncompressed. */
#define MIN_GZIP_BYTES 1400
#define GZIP_WINDOW (15 + 16) /* zlib's largest window, in gzip format */
#define GZIP_MEMORY 8
/* Level 1 takes half the time of the default and saves almost as much. */
#define GZIP_LEVEL 1

static bool has_header(const struct answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_headers; i++) {
		if (strcasecmp(answer->headers[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

void answer_add_header(struct answer *answer, const char *name, const char *value)
{
	struct answer_header *header = &answer->headers[answer->n_headers];

	bool may_repeat = strcasecmp(name, "Set-Cookie") == 0; /* RFC 6265, section 3 */

	if (answer->n_headers < ANSWER_MAX_HEADERS && (may_repeat || !has_header(answer, name)) &&
	    cw_text_copy(header->name, sizeof(header->name), name)) {
		header->value = strdup(value);
		answer->n_headers += header->value ? 1 : 0;
	}
}

void answer_remove_header(struct answer *answer, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->n_headers; i++) {
		if (strcasecmp(answer->headers[i].name, name) == 0) {
			free(answer->headers[i].value);
		} else {
			answer->headers[kept++] = answer->headers[i];
		}
	}
	answer->n_headers = kept;
}

/* RFC 9110, section 12.5.3: `gzip`, with a weight that is not 0. */
bool answer_takes_gzip(const char *accept_encoding)
{
	const char *found = accept_encoding ? strcasestr(accept_encoding, "gzip") : NULL;

	if (!found) {
		return false;
	}
	const char *after = found + strlen("gzip");
	size_t len = strcspn(after, ",");
	const char *weight = memchr(after, '=', len);

	return !weight || strtod(weight + 1, NULL) > 0;
}

static bool is_text(const struct answer *answer)
{
	return strncmp(answer->content_type, "application/json", 16) == 0 ||
	       strncmp(answer->content_type, "text/", 5) == 0;
}

/* Leaves the text unchanged if zlib runs out of memory or would make it longer. */
static void compress_text(struct answer *answer)
{
	z_stream stream = { .next_in = (unsigned char *)answer->text, .avail_in = (uInt)answer->len };

	if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
		return;
	}
	unsigned char *out = malloc(answer->len);

	stream.next_out = out;
	stream.avail_out = (uInt)answer->len;
	bool is_done = out && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	size_t len = stream.total_out;

	(void)deflateEnd(&stream); /* its error only means that the stream was unfinished */
	if (!is_done) {
		free(out);
		return;
	}
	free(answer->text);
	answer->text = (char *)out;
	answer->len = len;
	answer_add_header(answer, "Content-Encoding", "gzip");
}

void answer_complete(struct answer *answer, const char *accept_encoding)
{
	answer_add_header(answer, "Cache-Control", "no-store");
	answer_add_header(answer, "X-Content-Type-Options", "nosniff");
	answer_add_header(answer, "X-Frame-Options", "DENY");
	answer_add_header(answer, "Referrer-Policy", "no-referrer");
	answer_add_header(answer, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (!answer->has_file && answer->len >= MIN_GZIP_BYTES && answer->len < UINT32_MAX && is_text(answer)) {
		answer_add_header(answer, "Vary", "Accept-Encoding, Origin");
		if (answer_takes_gzip(accept_encoding)) {
			compress_text(answer);
		}
	}
}

void answer_finish(struct answer *answer)
{
	for (size_t i = 0; i < answer->n_headers; i++) {
		free(answer->headers[i].value);
	}
	free(answer->text);
	if (answer->has_file) {
		(void)close(answer->fd); /* only read from */
	}
	*answer = (struct answer){ .code = 0 };
}
