/* SPDX-License-Identifier: MIT */
#include "core/token_signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/signature.h"

/* RFC 7518 section 3.2 requires 32, but existing back ends have shorter ones; under 16 is guessable. */
#define MIN_SECRET_BYTES 16
#define MIN_RSA_BITS 2048 /* RFC 7518 section 3.3 */
#define P256_BYTES 32
#define MAX_DER_BYTES 80 /* of two integers of 33 bytes */

struct cw_token_verifier {
	enum cw_token_algorithm algorithm;
	EVP_PKEY *public_key;   /* ES256, RS256 */
	struct cw_hmac *secret; /* HS256 */
};

enum cw_status cw_token_algorithm_parse(const char *name, enum cw_token_algorithm *ret_algorithm)
{
	static const char *const names[CW_TOKEN_ALGORITHM_COUNT] = {
		[CW_TOKEN_ES256] = "ES256",
		[CW_TOKEN_RS256] = "RS256",
		[CW_TOKEN_HS256] = "HS256",
	};

	for (int i = 0; name && i < CW_TOKEN_ALGORITHM_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_algorithm = (enum cw_token_algorithm)i;
			return CW_OK;
		}
	}
	return CW_INVALID;
}

static const char *load_public_key(struct cw_token_verifier *verifier, const struct cw_buf *material)
{
	BIO *bio = BIO_new_mem_buf(material->data, (int)material->len);
	char curve[64] = "";

	verifier->public_key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	EVP_PKEY *key = verifier->public_key;

	if (!key) {
		return "is not a PEM public key";
	}
	if (verifier->algorithm == CW_TOKEN_ES256) {
		bool is_p256 = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
			       EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
			       strcmp(curve, "prime256v1") == 0;

		return is_p256 ? NULL : "is not a P-256 key, as ES256 needs";
	}
	bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS;

	return is_rsa ? NULL : "is not an RSA key of 2048 bits or more, as RS256 needs";
}

static const char *load_secret(struct cw_token_verifier *verifier, const struct cw_buf *material)
{
	if (material->len < MIN_SECRET_BYTES) {
		return "is shorter than 16 bytes";
	}
	verifier->secret = cw_hmac_create(material->data, material->len);
	return verifier->secret ? NULL : "cannot be loaded: out of memory";
}

struct cw_token_verifier *cw_token_verifier_create(enum cw_token_algorithm algorithm, const struct cw_buf *material,
						   const char **ret_fault)
{
	struct cw_token_verifier *verifier = calloc(1, sizeof(*verifier));

	if (!verifier) {
		*ret_fault = "cannot be loaded: out of memory";
		return NULL;
	}
	verifier->algorithm = algorithm;
	*ret_fault = algorithm == CW_TOKEN_HS256 ? load_secret(verifier, material) : load_public_key(verifier, material);
	if (*ret_fault) {
		cw_token_verifier_destroy(verifier);
		return NULL;
	}
	return verifier;
}

void cw_token_verifier_destroy(struct cw_token_verifier *verifier)
{
	if (verifier) {
		EVP_PKEY_free(verifier->public_key);
		cw_hmac_destroy(verifier->secret);
		free(verifier);
	}
}

/* A JWT has r and s concatenated (RFC 7518, 3.4), OpenSSL needs them as DER. Returns the length; 0 on failure. */
static size_t der_of(const unsigned char *signature, unsigned char der[MAX_DER_BYTES])
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, P256_BYTES, NULL);
	BIGNUM *s = BN_bin2bn(signature + P256_BYTES, P256_BYTES, NULL);
	int len = 0;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
		r = s = NULL; /* now owned by pair */
		unsigned char *out = der;

		len = i2d_ECDSA_SIG(pair, NULL);
		len = len > 0 && len <= MAX_DER_BYTES ? i2d_ECDSA_SIG(pair, &out) : 0;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

static bool public_key_accepts(EVP_PKEY *key, const char *signed_bytes, size_t signed_len,
			       const unsigned char *signature, size_t signature_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_good = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		       EVP_DigestVerify(context, signature, signature_len, (const unsigned char *)signed_bytes,
					signed_len) == 1;

	EVP_MD_CTX_free(context);
	return is_good;
}

bool cw_token_verifier_accepts(const struct cw_token_verifier *verifier, const char *signed_bytes, size_t signed_len,
			       const unsigned char *signature, size_t signature_len)
{
	unsigned char der[MAX_DER_BYTES];
	unsigned char mac[CW_HMAC_BYTES];
	size_t der_len = 0;

	switch (verifier->algorithm) {
	case CW_TOKEN_HS256:
		return signature_len == sizeof(mac) &&
		       cw_hmac_compute(verifier->secret, signed_bytes, signed_len, mac) == CW_OK &&
		       CRYPTO_memcmp(mac, signature, sizeof(mac)) == 0;
	case CW_TOKEN_ES256:
		der_len = signature_len == (size_t)2 * P256_BYTES ? der_of(signature, der) : 0;
		return der_len > 0 && public_key_accepts(verifier->public_key, signed_bytes, signed_len, der, der_len);
	case CW_TOKEN_RS256:
		return public_key_accepts(verifier->public_key, signed_bytes, signed_len, signature, signature_len);
	default:
		return false;
	}
}
