/* SPDX-License-Identifier: MIT */
#include "core/base64url.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

static int value_of(char symbol)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *place = symbol ? strchr(alphabet, symbol) : NULL;

	return place ? (int)(place - alphabet) : -1;
}

/* The last symbol's unused bits must be zero, or the same bytes would have several encodings. */
static bool is_canonical(const char *text, size_t len)
{
	size_t rest = len % 4;

	for (size_t i = 0; i < len; i++) {
		if (value_of(text[i]) < 0) {
			return false;
		}
	}
	return rest == 0 || (rest == 2 && (value_of(text[len - 1]) & 15) == 0) ||
	       (rest == 3 && (value_of(text[len - 1]) & 3) == 0);
}

enum cw_status cw_base64url_decode(const char *text, size_t len, struct cw_buf *out)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf padded;
	size_t n_padding = (4 - len % 4) % 4;

	cw_buf_init(&padded, len + 3);
	if (!is_canonical(text, len)) {
		return CW_INVALID;
	}
	enum cw_status status = cw_buf_append(&padded, text, len);

	if (status == CW_OK) {
		status = cw_buf_append(&padded, "===", n_padding);
	}
	if (status == CW_OK) {
		status = cw_buf_reserve(out, padded.len / 4 * 3);
	}
	if (status != CW_OK || padded.len == 0) {
		return status;
	}
	for (size_t i = 0; i < len; i++) {
		padded.data[i] = (char)(padded.data[i] == '-' ? '+' : padded.data[i] == '_' ? '/' : padded.data[i]);
	}
	int decoded = EVP_DecodeBlock((unsigned char *)out->data + out->len, (unsigned char *)padded.data,
				      (int)padded.len);

	if (decoded < (int)n_padding) {
		return CW_INVALID;
	}
	out->len += (size_t)decoded - n_padding;
	out->data[out->len] = '\0';
	return CW_OK;
}
