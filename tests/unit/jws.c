/* SPDX-License-Identifier: MIT */
#include "tests/unit/jws.h"

#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define P256_BYTES 32

EVP_PKEY *jws_make_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	assert_non_null(key);
	return key;
}

EVP_PKEY *jws_make_ec(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);

	assert_non_null(key);
	return key;
}

static char *take_text(BIO *bio)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);
	char *text = strndup(bytes, (size_t)len);

	assert_non_null(text);
	BIO_free(bio);
	return text;
}

char *jws_public_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	return take_text(bio);
}

char *jws_private_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	return take_text(bio);
}

static char *base64url(const unsigned char *bytes, size_t len)
{
	char *text = malloc(len / 3 * 4 + 5);

	assert_non_null(text);
	(void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	text[strcspn(text, "=")] = '\0';
	for (char *at = text; *at; at++) {
		*at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
	}
	return text;
}

static char *encode_text(const char *text)
{
	char *quoted = with_quotes(text);
	char *encoded = base64url((const unsigned char *)quoted, strlen(quoted));

	free(quoted);
	return encoded;
}

static char *join(char *one, char *other)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s.%s", one, other) > 0);
	free(one);
	free(other);
	return text;
}

char *jws_unsigned(const char *header, const char *claims)
{
	return join(join(encode_text(header), encode_text(claims)), strdup(""));
}

/* RFC 7518 section 3.4: R and S concatenated, not DER. */
static char *raw_signature(const unsigned char *der, size_t len)
{
	unsigned char raw[2 * P256_BYTES];
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)len);

	assert_non_null(parsed);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw, P256_BYTES), P256_BYTES);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw + P256_BYTES, P256_BYTES), P256_BYTES);
	ECDSA_SIG_free(parsed);
	return base64url(raw, sizeof(raw));
}

char *jws_sign(EVP_PKEY *key, const char *header, const char *claims)
{
	char *input = join(encode_text(header), encode_text(claims));
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &len, (unsigned char *)input, strlen(input)), 1);
	EVP_MD_CTX_free(context);
	return join(input, EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? raw_signature(signature, len) :
								      base64url(signature, len));
}

char *jws_mac(const void *secret, size_t len, const char *header, const char *claims)
{
	char *input = join(encode_text(header), encode_text(claims));
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;

	assert_non_null(HMAC(EVP_sha256(), secret, (int)len, (unsigned char *)input, strlen(input), mac, &mac_len));
	return join(input, base64url(mac, mac_len));
}
