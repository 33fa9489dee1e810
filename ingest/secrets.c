/* SPDX-License-Identifier: MIT */
#include "ingest/secrets.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/file.h"
#include "core/text.h"

#define MAX_SECRET_BYTES 256

struct secret {
	char *name;
	struct cw_hmac *hmac;
	char *accounts; /* from the settings file: a list, or * */
};

struct secrets {
	struct secret *items;
	size_t n_items;
	char verify_token[MAX_SECRET_BYTES + 1];
};

static const struct cw_conf_key secret_settings[] = {
	{ "accounts", CW_CONF_TEXT, offsetof(struct secret, accounts), "", 0, 0,
	  "accounts that the app secret may speak for, comma separated, or *" },
};
static const struct cw_conf_table secret_table = { secret_settings, 1 };

static enum cw_status load_secret(const char *folder, const char *name, struct secret *secret, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char text[MAX_SECRET_BYTES + 1];

	secret->name = strdup(name);
	if (!secret->name || !cw_text_format(path, sizeof(path), "%s/%s.conf", folder, name)) {
		return cw_error_set(reterr, CW_NOMEM, "%s/%s: out of memory or path too long", folder, name);
	}
	enum cw_status status = cw_conf_load(&secret_table, path, secret, reterr);

	if (status != CW_OK) {
		return status;
	}
	if (!secret->accounts || secret->accounts[0] == '\0') {
		return cw_error_set(reterr, CW_INVALID,
				    "%s:1: accounts: list the accounts that the secret may sign for, or *", path);
	}
	if (!cw_text_format(path, sizeof(path), "%s/%s.secret", folder, name)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", folder);
	}
	status = cw_file_read_line(path, text, sizeof(text), reterr);
	if (status == CW_OK) {
		secret->hmac = cw_hmac_create(text, strlen(text));
		status = secret->hmac ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return status;
}

static enum cw_status add_secret(struct secrets *secrets, const char *folder, const char *name, struct cw_error *reterr)
{
	struct secret *items = realloc(secrets->items, (secrets->n_items + 1) * sizeof(*items));

	if (!items) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	secrets->items = items;
	items[secrets->n_items] = (struct secret){ .name = NULL };
	secrets->n_items++;
	return load_secret(folder, name, &items[secrets->n_items - 1], reterr);
}

static enum cw_status load_all(struct secrets *secrets, const char *folder, struct cw_error *reterr)
{
	struct dirent **entries = NULL;
	enum cw_status status = CW_OK;
	int n = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *dot = strrchr(entries[i]->d_name, '.');

		if (status == CW_OK && dot && dot != entries[i]->d_name && strcmp(dot, ".conf") == 0) {
			*dot = '\0';
			status = add_secret(secrets, folder, entries[i]->d_name, reterr);
		}
		free(entries[i]);
	}
	free(entries);
	if (status == CW_OK && secrets->n_items == 0) {
		return cw_error_set(reterr, CW_NOT_FOUND,
				    "%s: no app secret; write the secret of your Meta app to %s/main.secret and a line "
				    "`accounts = ID` to %s/main.conf",
				    folder, folder, folder);
	}
	return status;
}

enum cw_status secrets_load(const char *keys_dir, struct secrets **ret_secrets, struct cw_error *reterr)
{
	struct secrets *secrets = calloc(1, sizeof(*secrets));
	char path[PATH_MAX];
	enum cw_status status = CW_OK;

	if (!secrets || !cw_text_format(path, sizeof(path), "%s/apps", keys_dir)) {
		status = cw_error_set(reterr, CW_NOMEM, "%s: out of memory or path too long", keys_dir);
	}
	if (status == CW_OK) {
		status = load_all(secrets, path, reterr);
	}
	if (status == CW_OK && !cw_text_format(path, sizeof(path), "%s/verify.token", keys_dir)) {
		status = cw_error_set(reterr, CW_INVALID, "%s: path too long", keys_dir);
	}
	if (status == CW_OK) {
		status = cw_file_read_line(path, secrets->verify_token, sizeof(secrets->verify_token), reterr);
	}
	if (status != CW_OK) {
		secrets_destroy(secrets);
		return status;
	}
	*ret_secrets = secrets;
	return CW_OK;
}

void secrets_destroy(struct secrets *secrets)
{
	if (!secrets) {
		return;
	}
	for (size_t i = 0; i < secrets->n_items; i++) {
		cw_conf_finish(&secret_table, &secrets->items[i]);
		cw_hmac_destroy(secrets->items[i].hmac);
		free(secrets->items[i].name);
	}
	free(secrets->items);
	free(secrets);
}

const char *secrets_find_signer(const struct secrets *secrets, const void *body, size_t len,
				const unsigned char claimed[CW_HMAC_BYTES])
{
	for (size_t i = 0; i < secrets->n_items; i++) {
		if (cw_signature_matches(secrets->items[i].hmac, body, len, claimed)) {
			return secrets->items[i].name;
		}
	}
	return NULL;
}

const struct cw_hmac *secrets_hmac_for(const struct secrets *secrets, const char *account, const char **ret_name)
{
	for (size_t i = 0; i < secrets->n_items; i++) {
		if (cw_text_list_has(secrets->items[i].accounts, account)) {
			*ret_name = secrets->items[i].name;
			return secrets->items[i].hmac;
		}
	}
	return NULL;
}

bool secrets_verify_token_is(const struct secrets *secrets, const char *text)
{
	return cw_signature_same_text(secrets->verify_token, text);
}

static const struct secret *find(const struct secrets *secrets, const char *name)
{
	for (size_t i = 0; i < secrets->n_items; i++) {
		if (strcmp(secrets->items[i].name, name) == 0) {
			return &secrets->items[i];
		}
	}
	return NULL; /* a removed secret may sign for no account */
}

static bool allows(void *context, const char *name, const char *account)
{
	const struct secret *secret = find(context, name);

	return secret && cw_text_list_has(secret->accounts, account);
}

static const char *only_account(void *context, const char *name)
{
	const struct secret *secret = find(context, name);

	return secret && cw_account_is_valid(secret->accounts) ? secret->accounts : NULL;
}

struct cw_store_secrets secrets_for_store(struct secrets *secrets)
{
	return (struct cw_store_secrets){ .allows = allows, .only_account = only_account, .context = secrets };
}
