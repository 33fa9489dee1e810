/* SPDX-License-Identifier: MIT */
#include "core/signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/text.h"

/* Setting the key takes longer than hashing a webhook, so it is done once and the context is duplicated. */
struct cw_hmac {
	EVP_MAC_CTX *keyed;
};

struct cw_hmac *cw_hmac_create(const void *key, size_t key_len)
{
	char digest[] = "SHA256";
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	struct cw_hmac *hmac = key_len > 0 ? calloc(1, sizeof(*hmac)) : NULL;
	EVP_MAC *mac = hmac ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL;

	if (mac) {
		hmac->keyed = EVP_MAC_CTX_new(mac);
		EVP_MAC_free(mac);
	}
	if (!hmac || !hmac->keyed || EVP_MAC_init(hmac->keyed, key, key_len, parameters) != 1) {
		cw_hmac_destroy(hmac);
		return NULL;
	}
	return hmac;
}

void cw_hmac_destroy(struct cw_hmac *hmac)
{
	if (hmac) {
		EVP_MAC_CTX_free(hmac->keyed);
		free(hmac);
	}
}

enum cw_status cw_hmac_compute(const struct cw_hmac *hmac, const void *bytes, size_t len,
			       unsigned char out[CW_HMAC_BYTES])
{
	size_t written = 0;

	if (!hmac) {
		return CW_INVALID;
	}
	EVP_MAC_CTX *context = EVP_MAC_CTX_dup(hmac->keyed);
	bool is_done = context && EVP_MAC_update(context, bytes, len) == 1 &&
		       EVP_MAC_final(context, out, &written, CW_HMAC_BYTES) == 1 && written == CW_HMAC_BYTES;

	EVP_MAC_CTX_free(context);
	return is_done ? CW_OK : CW_IO;
}

enum cw_status cw_signature_parse(const char *header, unsigned char out[CW_HMAC_BYTES])
{
	static const char prefix[] = "sha256=";

	if (!header || strncmp(header, prefix, sizeof(prefix) - 1) != 0) {
		return CW_INVALID;
	}
	const char *hex = header + sizeof(prefix) - 1;

	return cw_text_unhex(hex, strlen(hex), out, CW_HMAC_BYTES) ? CW_OK : CW_INVALID;
}

bool cw_signature_matches(const struct cw_hmac *secret, const void *body, size_t len,
			  const unsigned char claimed[CW_HMAC_BYTES])
{
	unsigned char computed[CW_HMAC_BYTES];

	return cw_hmac_compute(secret, body, len, computed) == CW_OK &&
	       CRYPTO_memcmp(computed, claimed, CW_HMAC_BYTES) == 0;
}

enum cw_status cw_signature_make(const struct cw_hmac *secret, const void *body, size_t len,
				 char out[CW_SIGNATURE_TEXT + 1])
{
	unsigned char digest[CW_HMAC_BYTES];
	enum cw_status status = cw_hmac_compute(secret, body, len, digest);

	if (status == CW_OK) {
		memcpy(out, "sha256=", 7);
		cw_text_hex(digest, CW_HMAC_BYTES, out + 7);
	}
	return status;
}

bool cw_signature_same_text(const char *one, const char *other)
{
	size_t len = strlen(one);

	return strlen(other) == len && CRYPTO_memcmp(one, other, len) == 0;
}
