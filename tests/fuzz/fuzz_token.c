/* SPDX-License-Identifier: MIT */
/*
 * Two forms of input. `t` and a text: a raw token; if it is accepted, it must be one that we signed. `s` with a header
 * and a payload on separate lines: signed here with the shared secret, to test the code behind the signature check,
 * too. Whatever the token claims, the key's settings limit it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "core/file.h"
#include "core/signature.h"
#include "core/text.h"
#include "core/token.h"
#include "fuzz.h"

#define NOW_MS 1767312301000LL
#define SECRET "a shared secret of a Node backend"

static const char public_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEb/ESgL3sZ4+Xuw6tIr+NlZNGFUO1\n"
				 "cqW/F2F7v7c7U7Q5OTQ3r4imlie1j0lcl4MIkQtXP2EvSQryJura7JyDUw==\n"
				 "-----END PUBLIC KEY-----\n";

static void put(const char *dir, const char *name, const char *text)
{
	struct cw_error error;
	char path[128];

	FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/%s", dir, name));
	FUZZ_CHECK(cw_file_write(path, text, strlen(text), 0600, &error) == CW_OK);
}

static void remove_all(const char *dir)
{
	static const char *const names[] = {
		"public/house.pem", "public/house.conf", "shared/node.secret", "shared/node.conf", "public", "shared"
	};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/%s", dir, names[i]));
		(void)remove(path); /* a leftover is not a failure */
	}
	(void)rmdir(dir); /* a leftover is not a failure */
}

static struct cw_token_keys *load_keys(void)
{
	char dir[] = "/tmp/fuzz-token-XXXXXX";
	char path[128];
	struct cw_token_keys *keys = NULL;
	struct cw_error error = { .text = "" };

	FUZZ_CHECK(mkdtemp(dir));
	FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/public", dir) && mkdir(path, 0700) == 0);
	FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/shared", dir) && mkdir(path, 0700) == 0);
	put(dir, "public/house.pem", public_pem);
	put(dir, "public/house.conf", "algorithm = ES256\naccounts = *\nissuer = convwire\nhighest_role = admin\n");
	put(dir, "shared/node.secret", SECRET);
	put(dir, "shared/node.conf",
	    "algorithm = HS256\naccounts = acme, beta\naccount_claim = accountId\nsubject_claim = userId\n"
	    "highest_role = supervisor\nwithout_kid = yes\n");
	if (cw_token_keys_load(dir, &keys, &error) != CW_OK) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	remove_all(dir);
	return keys;
}

static void encode(const void *bytes, size_t len, char *out)
{
	int n = EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);

	while (n > 0 && out[n - 1] == '=') {
		out[--n] = '\0';
	}
	for (char *at = out; *at; at++) {
		*at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
	}
}

/* The caller frees it. */
static char *sign(const char *header, const char *payload)
{
	struct cw_hmac *hmac = cw_hmac_create(SECRET, strlen(SECRET));
	size_t room = 2 * (strlen(header) + strlen(payload)) + 128;
	char *text = calloc(1, room);
	unsigned char digest[CW_HMAC_BYTES];

	FUZZ_CHECK(hmac && text);
	encode(header, strlen(header), text);
	memcpy(text + strlen(text), ".", 2);
	encode(payload, strlen(payload), text + strlen(text));
	FUZZ_CHECK(cw_hmac_compute(hmac, text, strlen(text), digest) == CW_OK);
	memcpy(text + strlen(text), ".", 2);
	encode(digest, sizeof(digest), text + strlen(text));
	cw_hmac_destroy(hmac);
	return text;
}

static void check_claims(const struct cw_token *token)
{
	FUZZ_CHECK(strcmp(token->kid, "node") == 0);
	FUZZ_CHECK(strcmp(token->account, "acme") == 0 || strcmp(token->account, "beta") == 0);
	FUZZ_CHECK(cw_subject_is_valid(token->subject));
	FUZZ_CHECK(cw_token_role_rank(token->role) <= cw_token_role_rank("supervisor"));
	FUZZ_CHECK(token->expires_at_s > NOW_MS / 1000);
	FUZZ_CHECK(token->expires_at_s - (token->issued_at_s ? token->issued_at_s : NOW_MS / 1000) <= 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cw_token_keys *keys;
	struct cw_token token;
	struct cw_error error;

	keys = keys ? keys : load_keys();
	if (size == 0) {
		return 0;
	}
	char *text = fuzz_text(data + 1, size - 1);

	if (data[0] == 's' && size < 6000) {
		char *payload = fuzz_cut(text);
		char *signed_text = sign(text, payload);

		if (cw_token_verify(keys, signed_text, NOW_MS, &token, &error) == CW_OK) {
			check_claims(&token);
			/* From the cache, the result must be the same; after its expiry, the token is refused. */
			FUZZ_CHECK(cw_token_verify(keys, signed_text, NOW_MS, &token, &error) == CW_OK);
			FUZZ_CHECK(cw_token_verify(keys, signed_text, token.expires_at_s * 1000, &token, &error) != CW_OK);
		}
		free(signed_text);
	} else if (cw_token_verify(keys, text, NOW_MS, &token, &error) == CW_OK) {
		check_claims(&token); /* from the corpus: signed with the shared secret */
	}
	free(text);
	return 0;
}
