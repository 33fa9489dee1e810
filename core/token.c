/* SPDX-License-Identifier: MIT */
#include "core/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "core/base64url.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/token_keys.h"

#define CLOCK_SKEW_S 30
#define MS_PER_S 1000

/* The three segments of a token, decoded and checked for form. */
struct parts {
	json_t *header;
	json_t *claims;
	struct cw_buf signature;
	const char *signed_text; /* header.claims */
	size_t signed_len;
};

static void parts_finish(struct parts *parts)
{
	json_decref(parts->header);
	json_decref(parts->claims);
	cw_buf_finish(&parts->signature);
}

static enum cw_status denied(struct cw_error *reterr, const char *reason)
{
	return cw_error_set(reterr, CW_DENIED, "%s", reason);
}

static int find_word(const char *const *words, size_t n_words, const char *word)
{
	for (size_t i = 0; i < n_words; i++) {
		if (strcmp(words[i], word) == 0) {
			return (int)i;
		}
	}
	return -1;
}

int cw_token_role_rank(const char *role)
{
	static const char *const ladder[] = { "viewer", "assigned-agent", "agent", "supervisor", "admin", "service" };

	return find_word(ladder, sizeof(ladder) / sizeof(ladder[0]), role);
}

static json_t *parse_segment(const char *text, size_t len)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf decoded;

	cw_buf_init(&decoded, CW_TOKEN_MAX_BYTES);
	if (cw_base64url_decode(text, len, &decoded) != CW_OK || decoded.len == 0) {
		return NULL;
	}
	json_t *object = json_loadb(decoded.data, decoded.len, JSON_REJECT_DUPLICATES, NULL);

	if (object && !json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static enum cw_status parse_parts(const char *text, struct parts *parts, struct cw_error *reterr)
{
	const char *first = strchr(text, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;

	if (!second || strchr(second + 1, '.')) {
		return denied(reterr, "not a JWT: it needs three parts with dots between them");
	}
	if (second[1] == '\0') {
		return denied(reterr, "the token is not signed");
	}
	if (cw_base64url_decode(second + 1, strlen(second + 1), &parts->signature) != CW_OK) {
		return denied(reterr, "the signature is not canonical base64url");
	}
	parts->signed_text = text;
	parts->signed_len = (size_t)(second - text);
	cw_memory_watch();
	parts->header = parse_segment(text, (size_t)(first - text));
	if (!parts->header) {
		return denied(reterr, "the header is not base64url of a JSON object without repeated names");
	}
	parts->claims = parse_segment(first + 1, (size_t)(second - first - 1));
	if (cw_memory_ran_out()) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	if (!parts->claims) {
		return denied(reterr, "the claims are not base64url of a JSON object without repeated names");
	}
	return CW_OK;
}

static bool key_serves(const struct cw_token_key *key, const char *kid, const char *algorithm)
{
	if (kid) {
		return strcmp(key->kid, kid) == 0;
	}
	return key->without_kid && strcmp(key->algorithm, algorithm) == 0;
}

/* Finds the key that signed the token. Without a kid, several keys may be tried. */
static enum cw_status find_signer(const struct cw_token_keys *keys, const struct parts *parts,
				  const struct cw_token_key **ret_key, struct cw_error *reterr)
{
	const json_t *kid = json_object_get(parts->header, "kid");
	const char *algorithm = json_string_value(json_object_get(parts->header, "alg"));
	bool is_known = false;

	if (!algorithm || (kid && !json_is_string(kid))) {
		return denied(reterr, "the header needs alg, and kid must be a string");
	}
	if (json_object_get(parts->header, "crit")) {
		return denied(reterr, "the header has crit, which this server does not understand");
	}
	for (size_t i = 0; i < keys->n_items; i++) {
		const struct cw_token_key *key = &keys->items[i];

		if (!key_serves(key, json_string_value(kid), algorithm)) {
			continue;
		}
		is_known = true;
		if (strcmp(key->algorithm, algorithm) == 0 &&
		    cw_token_verifier_accepts(key->verifier, parts->signed_text, parts->signed_len,
					      (const unsigned char *)parts->signature.data, parts->signature.len)) {
			*ret_key = key;
			return CW_OK;
		}
	}
	return denied(reterr, is_known ? "the signature does not fit the key, or alg is not the key's" :
			      kid      ? "no key has the token's kid" :
					 "the token names no kid and no key serves such tokens with its alg");
}

static bool text_claim_matches(const json_t *claim, const char *wanted)
{
	if (json_is_array(claim)) {
		size_t index;
		json_t *item;

		json_array_foreach(claim, index, item)
		{
			if (json_is_string(item) && strcmp(json_string_value(item), wanted) == 0) {
				return true;
			}
		}
		return false;
	}
	return json_is_string(claim) && strcmp(json_string_value(claim), wanted) == 0;
}

static enum cw_status check_times(const json_t *claims, const struct cw_token_key *key, int64_t now_s,
				  struct cw_token *token, struct cw_error *reterr)
{
	const json_t *exp = json_object_get(claims, "exp");
	const json_t *iat = json_object_get(claims, "iat");
	const json_t *nbf = json_object_get(claims, "nbf");

	if (!exp) {
		return denied(reterr, "the token has no exp; with jsonwebtoken, sign with expiresIn");
	}
	if (!json_is_integer(exp) || (iat && !json_is_integer(iat)) || (nbf && !json_is_integer(nbf))) {
		return denied(reterr, "exp, iat and nbf must be whole numbers");
	}
	token->expires_at_s = json_integer_value(exp);
	if (token->expires_at_s <= now_s) {
		return cw_error_set(reterr, CW_EXPIRED, "the token has expired");
	}
	/* Without iat, the earliest time at which it can have been valid, so that a revocation applies to it and ends. */
	token->issued_at_s = iat ? json_integer_value(iat) : token->expires_at_s - key->max_lifetime_s;
	if ((iat && token->issued_at_s > now_s + CLOCK_SKEW_S) ||
	    (nbf && json_integer_value(nbf) > now_s + CLOCK_SKEW_S)) {
		return denied(reterr, "the token is not valid yet; check the clocks");
	}
	int64_t from_s = iat ? token->issued_at_s : now_s;

	if (from_s < 0 || token->expires_at_s - from_s > key->max_lifetime_s) {
		return denied(reterr, "the token lives longer than its key allows (max_lifetime_s)");
	}
	return CW_OK;
}

static enum cw_status check_parties(const json_t *claims, const struct cw_token_key *key, struct cw_error *reterr)
{
	if (key->issuer[0] != '\0' && !text_claim_matches(json_object_get(claims, "iss"), key->issuer)) {
		return denied(reterr, "iss is not the key's issuer");
	}
	if (key->audience[0] != '\0' && !text_claim_matches(json_object_get(claims, "aud"), key->audience)) {
		return denied(reterr, "aud does not contain the key's audience");
	}
	return CW_OK;
}

static bool copy_claim(const json_t *claims, const char *name, const char *fallback, char *out, size_t size)
{
	const json_t *claim = json_object_get(claims, name);
	const char *text = claim ? json_string_value(claim) : fallback;

	return text && cw_text_copy(out, size, text);
}

static enum cw_status check_identity(const json_t *claims, const struct cw_token_key *key, struct cw_token *token,
				     struct cw_error *reterr)
{
	if (!copy_claim(claims, key->account_claim, NULL, token->account, sizeof(token->account)) ||
	    !(cw_account_is_valid(token->account) || strcmp(token->account, CW_SYSTEM_ACCOUNT) == 0)) {
		return denied(reterr, "the account claim is missing or not an account id");
	}
	if (!copy_claim(claims, key->subject_claim, NULL, token->subject, sizeof(token->subject)) ||
	    !cw_subject_is_valid(token->subject)) {
		return denied(reterr, "the subject claim is missing or not of A-Z a-z 0-9 -, 1 to 64 characters");
	}
	if (!copy_claim(claims, key->role_claim, key->default_role, token->role, sizeof(token->role)) ||
	    !copy_claim(claims, "jti", "", token->jti, sizeof(token->jti))) {
		return denied(reterr, "the role or jti claim is not a string, or too long");
	}
	bool is_system = strcmp(token->account, CW_SYSTEM_ACCOUNT) == 0;

	if ((is_system || strcmp(token->role, "service") == 0) && !key->is_house) {
		return denied(reterr, "only a house key may sign for _system and for role service");
	}
	if (!is_system && strcmp(token->role, "service") == 0) {
		return denied(reterr, "role service is only for account _system");
	}
	if (!key->is_house && !cw_text_list_has(key->accounts, token->account)) {
		return denied(reterr, "the key may not speak for this account");
	}
	if (!key->is_house && (cw_token_role_rank(token->role) < 0 ||
			       cw_token_role_rank(token->role) > cw_token_role_rank(key->highest_role))) {
		return denied(reterr, "the role is higher than the key may give");
	}
	return CW_OK;
}

static enum cw_status read_acl(const json_t *claims, struct cw_token *token, struct cw_error *reterr)
{
	const json_t *acl = json_object_get(claims, "acl");
	struct cw_error error;
	enum cw_status status = acl ? cw_claim_parse(acl, &token->claim, &error) : CW_OK;

	return status == CW_OK ? CW_OK : cw_error_set(reterr, CW_DENIED, "%s", error.text);
}

static enum cw_status verify_uncached(const struct cw_token_keys *keys, const char *text, int64_t now_s,
				      struct cw_token *token, struct cw_error *reterr)
{
	CW_CLEANUP(parts_finish) struct parts parts = { .header = NULL };
	const struct cw_token_key *key = NULL;

	cw_buf_init(&parts.signature, CW_TOKEN_MAX_BYTES);
	enum cw_status status = parse_parts(text, &parts, reterr);

	if (status == CW_OK) {
		status = find_signer(keys, &parts, &key, reterr);
	}
	if (status == CW_OK) {
		status = check_times(parts.claims, key, now_s, token, reterr);
	}
	if (status == CW_OK) {
		status = check_parties(parts.claims, key, reterr);
	}
	if (status == CW_OK) {
		status = check_identity(parts.claims, key, token, reterr);
	}
	if (status == CW_OK) {
		memcpy(token->kid, key->kid, sizeof(token->kid));
		status = read_acl(parts.claims, token, reterr);
	}
	return status;
}

/* The cache set of a digest: CW_TOKEN_CACHE_WAYS slots. NULL when out of memory. */
static struct cw_token_cached *cache_set(struct cw_token_keys *keys, const unsigned char digest[32])
{
	if (!keys->cache) {
		keys->cache = calloc(CW_TOKEN_CACHE_SLOTS, sizeof(*keys->cache));
	}
	size_t set = ((size_t)digest[0] << 16 | (size_t)digest[1] << 8 | digest[2]) %
		     (CW_TOKEN_CACHE_SLOTS / CW_TOKEN_CACHE_WAYS);

	return keys->cache ? &keys->cache[set * CW_TOKEN_CACHE_WAYS] : NULL;
}

static bool cache_find(struct cw_token_keys *keys, const unsigned char digest[32], int64_t now_s,
		       struct cw_token *ret_token)
{
	bool is_found = false;

	(void)pthread_mutex_lock(&keys->cache_lock); /* a plain mutex cannot fail here */
	struct cw_token_cached *set = cache_set(keys, digest);

	for (size_t i = 0; set && i < CW_TOKEN_CACHE_WAYS && !is_found; i++) {
		is_found = set[i].token.expires_at_s > now_s && memcmp(set[i].digest, digest, 32) == 0;
		if (is_found) {
			*ret_token = set[i].token;
			(void)cw_claim_ref(ret_token->claim);
		}
	}
	(void)pthread_mutex_unlock(&keys->cache_lock);
	return is_found;
}

/* Replaces the slot that expires first: usually a free or expired one. */
static void cache_store(struct cw_token_keys *keys, const unsigned char digest[32], const struct cw_token *token)
{
	(void)pthread_mutex_lock(&keys->cache_lock);
	struct cw_token_cached *set = cache_set(keys, digest);
	struct cw_token_cached *slot = set;

	for (size_t i = 1; set && i < CW_TOKEN_CACHE_WAYS; i++) {
		slot = set[i].token.expires_at_s < slot->token.expires_at_s ? &set[i] : slot;
	}
	if (slot) {
		cw_token_finish(&slot->token);
		memcpy(slot->digest, digest, 32);
		slot->token = *token;
		(void)cw_claim_ref(slot->token.claim);
	}
	(void)pthread_mutex_unlock(&keys->cache_lock);
}

enum cw_status cw_token_verify(struct cw_token_keys *keys, const char *text, int64_t now_ms, struct cw_token *ret_token,
			       struct cw_error *reterr)
{
	struct cw_token token = { .account = "" };
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t len = text ? strnlen(text, CW_TOKEN_MAX_BYTES + 1) : 0;
	int64_t now_s = now_ms / MS_PER_S;

	if (len == 0) {
		return denied(reterr, "no token");
	}
	if (len > CW_TOKEN_MAX_BYTES) {
		return denied(reterr, "the token is longer than 8 KiB");
	}
	if (EVP_Digest(text, len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return cw_error_set(reterr, CW_IO, "SHA-256 is not available");
	}
	if (cache_find(keys, digest, now_s, ret_token)) {
		return CW_OK;
	}
	enum cw_status status = verify_uncached(keys, text, now_s, &token, reterr);

	if (status == CW_OK) {
		cache_store(keys, digest, &token);
		*ret_token = token;
	}
	return status;
}

void cw_token_finish(struct cw_token *token)
{
	cw_claim_unref(token->claim);
	token->claim = NULL;
}
