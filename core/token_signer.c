/* SPDX-License-Identifier: MIT */
#include "core/token_signer.h"

#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/token_keys.h"

#define MAX_KEY_BYTES 16384
#define MS_PER_S 1000
#define PROBE_S 60

struct cw_token_signer {
	struct cw_buf private_pem;
	char kid[CW_KID_MAX + 1];
	int64_t longest_s;
};

static enum cw_status fill_claims(jwt_t *jwt, const char *kid, const struct cw_token *token, int64_t now_s)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char jti[CW_CLOCK_UUID_TEXT];

	if (cw_clock_uuid7(now_s * MS_PER_S, uuid) != CW_OK) {
		return CW_IO;
	}
	cw_clock_uuid_text(uuid, jti);
	int failed = jwt_add_header(jwt, "kid", kid) | jwt_add_grant(jwt, "iss", "convwire") |
		     jwt_add_grant(jwt, "account", token->account) | jwt_add_grant(jwt, "sub", token->subject) |
		     jwt_add_grant(jwt, "role", token->role) |
		     jwt_add_grant(jwt, "jti", token->jti[0] ? token->jti : jti) |
		     jwt_add_grant_int(jwt, "iat", (long)now_s) |
		     jwt_add_grant_int(jwt, "exp", (long)token->expires_at_s);

	return failed ? CW_NOMEM : CW_OK;
}

enum cw_status cw_token_mint(const struct cw_token_signer *signer, const struct cw_token *token, int64_t now_ms,
			     char **ret_text, struct cw_error *reterr)
{
	const struct cw_buf *pem = &signer->private_pem;
	jwt_t *jwt = NULL;
	char *text = NULL;

	if (pem->len > 0 && jwt_new(&jwt) == 0 &&
	    jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)pem->data, (int)pem->len) == 0 &&
	    fill_claims(jwt, signer->kid, token, now_ms / MS_PER_S) == CW_OK) {
		text = jwt_encode_str(jwt);
	}
	jwt_free(jwt);
	if (!text) {
		return cw_error_set(reterr, CW_INVALID, "the token cannot be signed; is the private key a P-256 PEM?");
	}
	*ret_text = text;
	return CW_OK;
}

/* Does the set's key of this name verify what the signer signs with that name? */
static enum cw_status try_name(struct cw_token_signer *signer, struct cw_token_keys *keys,
			       const struct cw_token_key *key, struct cw_error *reterr)
{
	int64_t now_ms = cw_clock_now_ms();
	struct cw_token probe = { .account = CW_SYSTEM_ACCOUNT,
				  .subject = "probe",
				  .role = "admin",
				  .expires_at_s = now_ms / MS_PER_S + PROBE_S };
	struct cw_token verified = { .claim = NULL };
	char *text = NULL;

	memcpy(signer->kid, key->kid, sizeof(signer->kid));
	signer->longest_s = key->max_lifetime_s;
	enum cw_status status = cw_token_mint(signer, &probe, now_ms, &text, reterr);

	if (status == CW_OK) {
		status = cw_token_verify(keys, text, now_ms, &verified, reterr);
		cw_token_finish(&verified);
	}
	free(text);
	return status;
}

static enum cw_status find_name(struct cw_token_signer *signer, struct cw_token_keys *keys, const char *path,
				struct cw_error *reterr)
{
	struct cw_error error = { .text = "there is no house key" };
	enum cw_status status = CW_INVALID;

	for (size_t i = 0; status != CW_OK && i < keys->n_items; i++) {
		if (keys->items[i].is_house) {
			status = try_name(signer, keys, &keys->items[i], &error);
		}
	}
	return status == CW_OK || status == CW_NOMEM ?
		       status :
		       cw_error_set(reterr, CW_INVALID, "keys/public does not verify what %s signs: %s", path,
				    error.text);
}

enum cw_status cw_token_signer_load(const char *path, struct cw_token_keys *keys, struct cw_token_signer **ret_signer,
				    struct cw_error *reterr)
{
	struct cw_token_signer *signer = calloc(1, sizeof(*signer));

	if (!signer) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	cw_buf_init(&signer->private_pem, MAX_KEY_BYTES);
	enum cw_status status = cw_file_read(path, &signer->private_pem, reterr);

	if (status == CW_OK) {
		status = find_name(signer, keys, path, reterr);
	}
	if (status != CW_OK) {
		cw_token_signer_destroy(signer);
		return status;
	}
	*ret_signer = signer;
	return CW_OK;
}

void cw_token_signer_destroy(struct cw_token_signer *signer)
{
	if (!signer) {
		return;
	}
	if (signer->private_pem.data) {
		explicit_bzero(signer->private_pem.data, signer->private_pem.len);
	}
	cw_buf_finish(&signer->private_pem);
	free(signer);
}

const char *cw_token_signer_kid(const struct cw_token_signer *signer)
{
	return signer->kid;
}

int64_t cw_token_signer_longest_s(const struct cw_token_signer *signer)
{
	return signer->longest_s;
}
