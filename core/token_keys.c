/* SPDX-License-Identifier: MIT */
#include "core/token_keys.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/file.h"
#include "core/text.h"

#define MAX_KEY_BYTES 16384
#define ONE_DAY_S 86400

#define KEY(member, type, fallback, help) \
	{ \
#member, type, offsetof(struct cw_token_key, member), fallback, 0, 0, help \
	}
static const struct cw_conf_key key_settings[] = {
	KEY(account_claim, CW_CONF_TEXT, "account", "claim that holds the account"),
	KEY(accounts, CW_CONF_TEXT, "", "accounts the key may speak for, comma separated, or *"),
	KEY(algorithm, CW_CONF_TEXT, "", "ES256, RS256 or HS256"),
	KEY(audience, CW_CONF_TEXT, "", "required aud; empty asks for none"),
	KEY(default_role, CW_CONF_TEXT, "agent", "role of a token without a role claim"),
	KEY(highest_role, CW_CONF_TEXT, "agent", "the highest role the key may give"),
	KEY(issuer, CW_CONF_TEXT, "", "required iss; empty asks for none"),
	{ "max_lifetime_s", CW_CONF_INT, offsetof(struct cw_token_key, max_lifetime_s), "86400", 60, 366 * ONE_DAY_S,
	  "longest exp - iat, in seconds" },
	KEY(role_claim, CW_CONF_TEXT, "role", "claim that holds the role"),
	KEY(subject_claim, CW_CONF_TEXT, "sub", "claim that holds the agent id"),
	KEY(without_kid, CW_CONF_BOOL, "no", "serve tokens whose header names no kid"),
};
#undef KEY
static const struct cw_conf_table key_table = { key_settings, sizeof(key_settings) / sizeof(key_settings[0]) };

/* Secrets are written with an editor or echo: one newline at the end is not part of the secret. */
static void cut_newline(struct cw_buf *material)
{
	if (material->len > 0 && material->data[material->len - 1] == '\n') {
		material->data[--material->len] = '\0';
	}
	if (material->len > 0 && material->data[material->len - 1] == '\r') {
		material->data[--material->len] = '\0';
	}
}

static const char *fault_of_settings(const struct cw_token_key *key)
{
	int highest = cw_token_role_rank(key->highest_role);

	if (key->accounts[0] == '\0') {
		return "accounts: name the accounts that the key may speak for, or *";
	}
	if (highest < 0) {
		return "highest_role: not one of viewer, assigned-agent, agent, supervisor, admin (or service, in public/)";
	}
	if (key->is_house && strcmp(key->accounts, "*") != 0) {
		return "accounts: a house key speaks for all of them, so it must be *";
	}
	if (!key->is_house && highest >= cw_token_role_rank("service")) {
		return "highest_role: service is for house keys only, in public/";
	}
	return key->account_claim[0] == '\0' || key->subject_claim[0] == '\0' || key->role_claim[0] == '\0' ?
		       "account_claim, subject_claim and role_claim cannot be empty" :
		       NULL;
}

/* A public key is only for ES256 or RS256, a shared secret only for HS256; the token's header has no influence. */
static const char *load_material(bool is_shared, struct cw_buf *material, struct cw_token_key *key)
{
	const char *fault = NULL;

	if (is_shared) {
		cut_newline(material);
	}
	if (cw_token_algorithm_parse(key->algorithm, &key->algorithm_id) != CW_OK ||
	    (key->algorithm_id == CW_TOKEN_HS256) != is_shared) {
		return is_shared ? "needs algorithm = HS256" : "needs algorithm = ES256 or RS256";
	}
	key->verifier = cw_token_verifier_create(key->algorithm_id, material, &fault);
	return fault;
}

static enum cw_status load_key(const char *folder, const char *kid, bool is_shared, struct cw_token_key *key,
			       struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf material;
	char conf_path[PATH_MAX];
	char material_path[PATH_MAX];

	cw_buf_init(&material, MAX_KEY_BYTES);
	if (!cw_text_copy(key->kid, sizeof(key->kid), kid) ||
	    !cw_text_format(conf_path, sizeof(conf_path), "%s/%s.conf", folder, kid) ||
	    !cw_text_format(material_path, sizeof(material_path), "%s/%s.%s", folder, kid, is_shared ? "secret" : "pem")) {
		return cw_error_set(reterr, CW_INVALID, "%s: the key's name \"%s\" is too long", folder, kid);
	}
	enum cw_status status = cw_conf_defaults(&key_table, key, reterr);

	if (status == CW_OK) {
		status = cw_conf_load(&key_table, conf_path, key, reterr);
	}
	if (status == CW_OK) {
		status = cw_file_read(material_path, &material, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	key->is_house = !is_shared && (strcmp(kid, CW_TOKEN_HOUSE_KID) == 0 || strcmp(key->highest_role, "service") == 0);
	const char *fault = fault_of_settings(key);

	if (fault) {
		return cw_error_set(reterr, CW_INVALID, "%s: %s", conf_path, fault);
	}
	fault = load_material(is_shared, &material, key);
	return fault ? cw_error_set(reterr, CW_INVALID, "%s: the key %s", material_path, fault) : CW_OK;
}

static enum cw_status add_key(struct cw_token_keys *keys, const char *folder, const char *kid, bool is_shared,
			      struct cw_error *reterr)
{
	for (size_t i = 0; i < keys->n_items; i++) {
		if (strcmp(keys->items[i].kid, kid) == 0) {
			return cw_error_set(reterr, CW_INVALID, "%s/%s.conf: another key has this name", folder, kid);
		}
	}
	struct cw_token_key *items = realloc(keys->items, (keys->n_items + 1) * sizeof(*items));

	if (!items) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	keys->items = items;
	keys->items[keys->n_items] = (struct cw_token_key){ .is_house = false };
	keys->n_items++;
	return load_key(folder, kid, is_shared, &keys->items[keys->n_items - 1], reterr);
}

/* Keys are found by their settings files: a key without one is not used. */
static enum cw_status load_folder(struct cw_token_keys *keys, const char *dir, const char *name, bool is_shared,
				  struct cw_error *reterr)
{
	char folder[PATH_MAX];
	struct dirent **entries = NULL;
	enum cw_status status = CW_OK;

	if (!cw_text_format(folder, sizeof(folder), "%s/%s", dir, name)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
	}
	int n = scandir(folder, &entries, NULL, alphasort);

	if (n < 0) {
		return errno == ENOENT ? CW_OK : cw_error_set(reterr, CW_IO, "%s: %s", folder, strerror(errno));
	}
	for (int i = 0; i < n; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');

		if (status == CW_OK && dot && dot != entries[i]->d_name && strcmp(dot, ".conf") == 0) {
			*dot = '\0';
			status = add_key(keys, folder, entries[i]->d_name, is_shared, reterr);
		}
		free(entries[i]);
	}
	free(entries);
	return status;
}

enum cw_status cw_token_keys_load(const char *dir, struct cw_token_keys **ret_keys, struct cw_error *reterr)
{
	struct cw_token_keys *keys = calloc(1, sizeof(*keys));

	if (!keys || pthread_mutex_init(&keys->cache_lock, NULL) != 0) {
		free(keys);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	enum cw_status status = load_folder(keys, dir, "public", false, reterr);

	if (status == CW_OK) {
		status = load_folder(keys, dir, "shared", true, reterr);
	}
	if (status == CW_OK && keys->n_items == 0) {
		status = cw_error_set(reterr, CW_NOT_FOUND,
				      "%s: no key in public/ or shared/; `convwire init` makes one", dir);
	}
	if (status != CW_OK) {
		cw_token_keys_destroy(keys);
		return status;
	}
	*ret_keys = keys;
	return CW_OK;
}

void cw_token_keys_destroy(struct cw_token_keys *keys)
{
	if (!keys) {
		return;
	}
	for (size_t i = 0; i < keys->n_items; i++) {
		cw_conf_finish(&key_table, &keys->items[i]);
		cw_token_verifier_destroy(keys->items[i].verifier);
	}
	free(keys->items);
	for (size_t i = 0; keys->cache && i < CW_TOKEN_CACHE_SLOTS; i++) {
		cw_token_finish(&keys->cache[i].token);
	}
	free(keys->cache);
	(void)pthread_mutex_destroy(&keys->cache_lock);
	free(keys);
}

size_t cw_token_keys_count(const struct cw_token_keys *keys)
{
	return keys ? keys->n_items : 0;
}

struct cw_token_key_facts cw_token_keys_facts(const struct cw_token_keys *keys, size_t i)
{
	const struct cw_token_key *key = &keys->items[i];

	return (struct cw_token_key_facts){ .kid = key->kid,
					    .accounts = key->accounts,
					    .highest_role = key->highest_role,
					    .max_lifetime_s = key->max_lifetime_s,
					    .is_house = key->is_house };
}

int64_t cw_token_keys_longest_s(const struct cw_token_keys *keys)
{
	int64_t longest_s = 0;

	for (size_t i = 0; keys && i < keys->n_items; i++) {
		longest_s = keys->items[i].max_lifetime_s > longest_s ? keys->items[i].max_lifetime_s : longest_s;
	}
	return longest_s;
}
