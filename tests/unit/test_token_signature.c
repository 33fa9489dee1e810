/* SPDX-License-Identifier: MIT */
/*
 * Compares the verifier with libjwt, an independent implementation: libjwt accepts whatever the verifier accepts, and
 * the reverse holds if libjwt is restricted to the key's algorithm and to canonical base64url. For each case where
 * libjwt is known to accept too much, one test shows that it still does and that the verifier does not.
 */
#include "core/token_signature.h"

#include <jwt.h>

#include "core/base64url.h"
#include "tests/unit/jws.h"
#include "tests/unit/unit.h"

#define SECRET "a shared secret of the tests"
#define CLAIMS "{'account':'acme','sub':'bob','exp':1800003600}"
#define MAX_TOKEN 2000

/* Keys are generated once: RSA keys take long. */
static struct {
	EVP_PKEY *ec, *rsa;
	char *ec_pem, *rsa_pem;
} keys;

static int make_keys(void **state)
{
	(void)state;
	keys.ec = jws_make_ec("P-256");
	keys.rsa = jws_make_rsa(2048);
	keys.ec_pem = jws_public_pem(keys.ec);
	keys.rsa_pem = jws_public_pem(keys.rsa);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(keys.ec);
	EVP_PKEY_free(keys.rsa);
	free(keys.ec_pem);
	free(keys.rsa_pem);
	return 0;
}

/* ---- the two verifiers ---- */

static struct cw_token_verifier *try_create(enum cw_token_algorithm algorithm, const char *material, const char **fault)
{
	const struct cw_buf buf = { .data = (char *)(uintptr_t)material, .len = strlen(material) }; /* only read */

	return cw_token_verifier_create(algorithm, &buf, fault);
}

static struct cw_token_verifier *create(enum cw_token_algorithm algorithm, const char *material)
{
	const char *fault = NULL;
	struct cw_token_verifier *verifier = try_create(algorithm, material, &fault);

	if (!verifier) {
		fail_msg("the key %s", fault);
	}
	return verifier;
}

/* As core/token uses it: the signature must be canonical base64url. */
static bool ours_accepts(const struct cw_token_verifier *verifier, const char *token)
{
	const char *dot = strrchr(token, '.');
	CW_CLEANUP(cw_buf_finish) struct cw_buf signature;

	cw_buf_init(&signature, MAX_TOKEN);
	return dot && cw_base64url_decode(dot + 1, strlen(dot + 1), &signature) == CW_OK &&
	       cw_token_verifier_accepts(verifier, token, (size_t)(dot - token), (const unsigned char *)signature.data,
					 signature.len);
}

static bool oracle_accepts(jwt_alg_t algorithm, const char *material, const char *token)
{
	jwt_t *jwt = NULL;
	bool is_good = jwt_decode(&jwt, token, (const unsigned char *)material, (int)strlen(material)) == 0 &&
		       jwt_get_alg(jwt) == algorithm;

	jwt_free(jwt);
	return is_good;
}

struct subject {
	enum cw_token_algorithm ours;
	jwt_alg_t oracles;
	const char *material;
	struct cw_token_verifier *verifier;
};

static void assert_same(const struct subject *subject, const char *token, bool *ret_is_good)
{
	bool ours = ours_accepts(subject->verifier, token);
	bool oracle = oracle_accepts(subject->oracles, subject->material, token);

	if (ours != oracle) {
		fail_msg("ours %d, libjwt %d: %s", ours, oracle, token);
	}
	*ret_is_good = ours;
}

static char *sign(const struct subject *subject, const char *claims)
{
	switch (subject->ours) {
	case CW_TOKEN_ES256:
		return jws_sign(keys.ec, "{'alg':'ES256','typ':'JWT'}", claims);
	case CW_TOKEN_RS256:
		return jws_sign(keys.rsa, "{'alg':'RS256','typ':'JWT'}", claims);
	default:
		return jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT'}", claims);
	}
}

/* ---- mutations that keep base64url canonical ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static void encode(const unsigned char *bytes, size_t len, char *out)
{
	int n = EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);

	while (n > 0 && out[n - 1] == '=') {
		out[--n] = '\0';
	}
	for (char *at = out; *at; at++) {
		*at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
	}
}

/* Replaces the token's signature by another of len bytes. */
static void replace_signature(char *token, const unsigned char *bytes, size_t len)
{
	char *dot = strrchr(token, '.');

	encode(bytes, len, dot + 1);
}

static size_t decode_signature(const char *token, unsigned char *out)
{
	struct cw_buf signature;
	const char *text = strrchr(token, '.') + 1;

	cw_buf_init(&signature, MAX_TOKEN);
	assert_int_equal(cw_base64url_decode(text, strlen(text), &signature), CW_OK);
	size_t len = signature.len;

	memcpy(out, signature.data, len);
	cw_buf_finish(&signature);
	return len;
}

static void mutate(unsigned *seed, char *token)
{
	unsigned char bytes[MAX_TOKEN];
	size_t len = decode_signature(token, bytes);

	switch (next_random(seed) % 6) {
	case 0: /* flip a bit */
		bytes[next_random(seed) % len] ^= (unsigned char)(1U << next_random(seed) % 8);
		break;
	case 1: /* shorter */
		len -= 1 + next_random(seed) % 4;
		break;
	case 2: /* longer */
		memset(bytes + len, (int)(next_random(seed) % 256), 4);
		len += 1 + next_random(seed) % 4;
		break;
	case 3: /* swap the halves, r and s */
		for (size_t i = 0; i < len / 2; i++) {
			unsigned char byte = bytes[i];

			bytes[i] = bytes[len / 2 + i];
			bytes[len / 2 + i] = byte;
		}
		break;
	case 4: /* zero one half */
		memset(bytes + (next_random(seed) % 2) * (len / 2), 0, len / 2);
		break;
	default: { /* change a letter of the claims */
		char *at = strchr(token, '.') + 1 + next_random(seed) % 20;

		*at = *at == 'A' ? 'B' : 'A';
		return;
	}
	}
	replace_signature(token, bytes, len);
}

static void the_verifier_and_libjwt_agree(void **state)
{
	struct subject subjects[] = {
		{ CW_TOKEN_ES256, JWT_ALG_ES256, keys.ec_pem, NULL },
		{ CW_TOKEN_RS256, JWT_ALG_RS256, keys.rsa_pem, NULL },
		{ CW_TOKEN_HS256, JWT_ALG_HS256, SECRET, NULL },
	};
	unsigned seed = 31;

	(void)state;
	for (size_t i = 0; i < N_ROWS(subjects); i++) {
		bool is_good = false;

		subjects[i].verifier = create(subjects[i].ours, subjects[i].material);
		for (int round = 0; round < 150; round++) {
			char claims[100], token[MAX_TOKEN];

			(void)snprintf(claims, sizeof(claims), "{'account':'acme','sub':'%u'}", next_random(&seed));
			char *good = sign(&subjects[i], claims);

			(void)snprintf(token, sizeof(token), "%s", good);
			assert_same(&subjects[i], token, &is_good);
			assert_true(is_good);
			mutate(&seed, token);
			assert_same(&subjects[i], token, &is_good);
			assert_int_equal(is_good, strcmp(token, good) == 0); /* a zeroed half may have been zero already */
			free(good);
		}
		cw_token_verifier_destroy(subjects[i].verifier);
	}
}

static void another_keys_signature_is_refused_by_both(void **state)
{
	EVP_PKEY *ec = jws_make_ec("P-256");
	struct subject subjects[] = {
		{ CW_TOKEN_ES256, JWT_ALG_ES256, keys.ec_pem, create(CW_TOKEN_ES256, keys.ec_pem) },
		{ CW_TOKEN_HS256, JWT_ALG_HS256, SECRET, create(CW_TOKEN_HS256, SECRET) },
	};
	char *tokens[] = { jws_sign(ec, "{'alg':'ES256','typ':'JWT'}", CLAIMS),
			   jws_mac("another shared secret", 21, "{'alg':'HS256','typ':'JWT'}", CLAIMS) };

	(void)state;
	for (size_t i = 0; i < N_ROWS(subjects); i++) {
		bool is_good = true;

		assert_same(&subjects[i], tokens[i], &is_good);
		assert_false(is_good);
		free(tokens[i]);
		cw_token_verifier_destroy(subjects[i].verifier);
	}
	EVP_PKEY_free(ec);
}

/* ECDSA itself accepts both s and n - s; the verifier must accept the second form exactly if libjwt does. */
static void the_other_half_of_an_ecdsa_signature_is_judged_alike(void **state)
{
	const struct subject subject = { CW_TOKEN_ES256, JWT_ALG_ES256, keys.ec_pem, create(CW_TOKEN_ES256, keys.ec_pem) };
	char *good = sign(&subject, CLAIMS);
	char token[MAX_TOKEN];
	unsigned char bytes[MAX_TOKEN];
	BIGNUM *order = NULL;
	bool is_good = false;

	(void)state;
	(void)snprintf(token, sizeof(token), "%s", good);
	free(good);
	assert_int_equal(decode_signature(token, bytes), 64);
	assert_int_equal(EVP_PKEY_get_bn_param(keys.ec, "order", &order), 1);
	BIGNUM *s = BN_bin2bn(bytes + 32, 32, NULL);

	assert_int_equal(BN_sub(s, order, s), 1);
	assert_int_equal(BN_bn2binpad(s, bytes + 32, 32), 32);
	replace_signature(token, bytes, 64);
	assert_same(&subject, token, &is_good);
	assert_true(is_good);
	BN_free(s);
	BN_free(order);
	cw_token_verifier_destroy(subject.verifier);
}

/* ---- where libjwt accepts too much ---- */

static void a_mac_made_with_the_public_key_is_a_token_for_libjwt_and_not_here(void **state)
{
	char *token = jws_mac(keys.rsa_pem, strlen(keys.rsa_pem), "{'alg':'HS256','typ':'JWT'}", CLAIMS);
	struct cw_token_verifier *verifier = create(CW_TOKEN_RS256, keys.rsa_pem);

	(void)state;
	assert_true(oracle_accepts(JWT_ALG_HS256, keys.rsa_pem, token));
	assert_false(ours_accepts(verifier, token));
	cw_token_verifier_destroy(verifier);
	free(token);
}

static void without_a_key_libjwt_takes_any_token_and_here_there_is_no_verifier(void **state)
{
	char *token = jws_mac("x", 1, "{'alg':'HS256','typ':'JWT'}", CLAIMS);
	jwt_t *jwt = NULL;
	const char *fault = NULL;

	(void)state;
	assert_int_equal(jwt_decode(&jwt, token, NULL, 0), 0);
	jwt_free(jwt);
	assert_null(try_create(CW_TOKEN_HS256, "", &fault));
	assert_contains(fault, "shorter");
	free(token);
}

static void an_unsigned_token_is_refused_by_every_verifier(void **state)
{
	static const char *const headers[] = { "{'alg':'none'}", "{'alg':'none','typ':'JWT'}",
					       "{'alg':'HS256','typ':'JWT'}", "{'alg':'ES256','typ':'JWT'}" };
	struct cw_token_verifier *verifiers[] = { create(CW_TOKEN_ES256, keys.ec_pem),
						  create(CW_TOKEN_RS256, keys.rsa_pem), create(CW_TOKEN_HS256, SECRET) };

	(void)state;
	for (size_t i = 0; i < N_ROWS(verifiers); i++) {
		for (size_t k = 0; k < N_ROWS(headers); k++) {
			char *token = jws_unsigned(headers[k], CLAIMS);

			assert_false(ours_accepts(verifiers[i], token));
			free(token);
		}
		assert_false(cw_token_verifier_accepts(verifiers[i], "a.b", 3, NULL, 0));
		cw_token_verifier_destroy(verifiers[i]);
	}
}

static void junk_in_base64_is_a_token_for_libjwt_and_not_here(void **state)
{
	static const char *const suffixes[] = { "!", "=", " ", "\n" };
	struct cw_token_verifier *verifier = create(CW_TOKEN_RS256, keys.rsa_pem);
	char *token = jws_sign(keys.rsa, "{'alg':'RS256','typ':'JWT'}", CLAIMS);

	(void)state;
	assert_true(ours_accepts(verifier, token));
	for (size_t i = 0; i < N_ROWS(suffixes); i++) {
		char longer[MAX_TOKEN];

		(void)snprintf(longer, sizeof(longer), "%s%s", token, suffixes[i]);
		assert_true(oracle_accepts(JWT_ALG_RS256, keys.rsa_pem, longer));
		assert_false(ours_accepts(verifier, longer));
	}
	cw_token_verifier_destroy(verifier);
	free(token);
}

static void the_name_of_an_algorithm_is_taken_to_the_letter(void **state)
{
	static const char *const bad[] = { "hs256", "Es256", "HS256 ", "none", "HS384", "PS256", "EdDSA", "", NULL };
	enum cw_token_algorithm algorithm = CW_TOKEN_ALGORITHM_COUNT;
	char *token = jws_mac(SECRET, strlen(SECRET), "{'alg':'hs256','typ':'JWT'}", CLAIMS);

	(void)state;
	/* A libjwt that does not check this (Debian 12's 1.10; 1.17 checks) accepts the token, too. */
	assert_int_equal(oracle_accepts(JWT_ALG_HS256, SECRET, token), jwt_str_alg("hs256") == JWT_ALG_HS256);
	free(token);
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		assert_int_equal(cw_token_algorithm_parse(bad[i], &algorithm), CW_INVALID);
		assert_int_equal(algorithm, CW_TOKEN_ALGORITHM_COUNT);
	}
	assert_int_equal(cw_token_algorithm_parse("ES256", &algorithm), CW_OK);
	assert_int_equal(algorithm, CW_TOKEN_ES256);
	assert_int_equal(cw_token_algorithm_parse("RS256", &algorithm), CW_OK);
	assert_int_equal(algorithm, CW_TOKEN_RS256);
	assert_int_equal(cw_token_algorithm_parse("HS256", &algorithm), CW_OK);
	assert_int_equal(algorithm, CW_TOKEN_HS256);
}

/* libjwt signs and verifies ES256 with any curve; the verifier only allows P-256. */
static void es256_is_p256(void **state)
{
	static const char *const curves[] = { "P-384", "secp256k1" };
	const char *fault = NULL;

	(void)state;
	for (size_t i = 0; i < N_ROWS(curves); i++) {
		EVP_PKEY *key = jws_make_ec(curves[i]);
		char *private_pem = jws_private_pem(key);
		char *public_pem = jws_public_pem(key);
		jwt_t *jwt = NULL;

		assert_int_equal(jwt_new(&jwt), 0);
		assert_int_equal(jwt_set_alg(jwt, JWT_ALG_ES256, (unsigned char *)private_pem, (int)strlen(private_pem)),
				 0);
		char *token = jwt_encode_str(jwt);

		assert_non_null(token);
		assert_true(oracle_accepts(JWT_ALG_ES256, public_pem, token));
		assert_null(try_create(CW_TOKEN_ES256, public_pem, &fault));
		assert_contains(fault, "P-256");
		free(token);
		jwt_free(jwt);
		free(private_pem);
		free(public_pem);
		EVP_PKEY_free(key);
	}
}

static void a_signature_in_der_is_none(void **state)
{
	unsigned char der[200], bytes[MAX_TOKEN];
	size_t len = sizeof(der);
	struct cw_token_verifier *verifier = create(CW_TOKEN_ES256, keys.ec_pem);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	(void)state;
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, keys.ec), 1);
	assert_int_equal(EVP_DigestSign(context, der, &len, (const unsigned char *)"a.b", 3), 1);
	EVP_MD_CTX_free(context);
	assert_false(cw_token_verifier_accepts(verifier, "a.b", 3, der, len));
	memset(bytes, 0, sizeof(bytes));
	assert_false(cw_token_verifier_accepts(verifier, "a.b", 3, bytes, 64)); /* r and s are zero */
	memset(bytes, 0xff, 64);
	assert_false(cw_token_verifier_accepts(verifier, "a.b", 3, bytes, 64)); /* above the group's order */
	cw_token_verifier_destroy(verifier);
}

static void keys_fit_their_algorithm_or_say_what_is_wrong(void **state)
{
	const struct {
		enum cw_token_algorithm algorithm;
		const char *material, *part;
	} rows[] = {
		{ CW_TOKEN_ES256, "", "PEM" },
		{ CW_TOKEN_RS256, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "PEM" },
		{ CW_TOKEN_ES256, keys.rsa_pem, "P-256" },
		{ CW_TOKEN_RS256, keys.ec_pem, "RSA" },
		{ CW_TOKEN_HS256, "fifteen bytes..", "16 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const char *fault = NULL;

		assert_null(try_create(rows[i].algorithm, rows[i].material, &fault));
		assert_contains(fault, rows[i].part);
	}
	cw_token_verifier_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_and_libjwt_agree),
		cmocka_unit_test(another_keys_signature_is_refused_by_both),
		cmocka_unit_test(the_other_half_of_an_ecdsa_signature_is_judged_alike),
		cmocka_unit_test(a_mac_made_with_the_public_key_is_a_token_for_libjwt_and_not_here),
		cmocka_unit_test(without_a_key_libjwt_takes_any_token_and_here_there_is_no_verifier),
		cmocka_unit_test(an_unsigned_token_is_refused_by_every_verifier),
		cmocka_unit_test(junk_in_base64_is_a_token_for_libjwt_and_not_here),
		cmocka_unit_test(the_name_of_an_algorithm_is_taken_to_the_letter),
		cmocka_unit_test(es256_is_p256),
		cmocka_unit_test(a_signature_in_der_is_none),
		cmocka_unit_test(keys_fit_their_algorithm_or_say_what_is_wrong),
	};

	return cmocka_run_group_tests_name("token_signature", tests, make_keys, free_keys);
}
