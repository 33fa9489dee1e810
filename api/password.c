/* SPDX-License-Identifier: MIT */
#include "api/password.h"

#include <stdlib.h>
#include <string.h>

#include <crypt.h>
#include <openssl/crypto.h>

#define METHOD "$y$"
/* A salt at the default cost, so that an unknown agent takes as long to refuse as a wrong password. */
#define NOBODY "$y$j9T$AAAAAAAAAAAAAAAAAAAAA."

/* Counts the characters of UTF-8 text. */
static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		n += ((unsigned char)*text & 0xc0U) != 0x80U;
	}
	return n;
}

enum cw_status password_hash(const char *password, char out[CW_PASSWORD_HASH_MAX + 1], struct cw_error *reterr)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (count_characters(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX) {
		return cw_error_set(reterr, CW_INVALID,
				    "a password must have at least %d characters and at most %d bytes", PASSWORD_MIN,
				    PASSWORD_MAX);
	}
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash = data && crypt_gensalt_rn(METHOD, 0, NULL, 0, setting, sizeof(setting)) ?
				   crypt_rn(password, setting, data, sizeof(*data)) :
				   NULL;
	bool fits = hash && strlen(hash) <= CW_PASSWORD_HASH_MAX;

	if (fits) {
		memcpy(out, hash, strlen(hash) + 1);
	}
	if (data) {
		explicit_bzero(data, sizeof(*data));
	}
	free(data);
	return fits ? CW_OK : cw_error_set(reterr, CW_NOMEM, "the password cannot be hashed");
}

bool password_matches(const char *password, const char *hash)
{
	bool is_somebodys = hash && hash[0];
	const char *wanted = is_somebodys ? hash : NOBODY;
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data ? crypt_rn(password, wanted, data, sizeof(*data)) : NULL;
	bool is_equal = made && strlen(made) == strlen(wanted) && CRYPTO_memcmp(made, wanted, strlen(wanted)) == 0;

	if (data) {
		explicit_bzero(data, sizeof(*data));
	}
	free(data);
	return is_somebodys && is_equal;
}
