/* SPDX-License-Identifier: MIT */
/* convwire key: lists the keys that may sign tokens, and replaces the house key without a moment of refusal. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "cli/ask_broker.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/text.h"

struct key_options {
	struct common_options common;
	bool is_finish;
};

/* ---- key pairs ---- */

static char *pem_text(EVP_PKEY *key, bool is_private)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	char *text = NULL;
	int is_written = !bio       ? 0 :
			 is_private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) :
				      PEM_write_bio_PUBKEY(bio, key);
	long len = is_written ? BIO_get_mem_data(bio, &data) : 0;

	if (len > 0) {
		text = strndup(data, (size_t)len);
	}
	BIO_free(bio);
	return text;
}

enum cw_status cli_make_key_pair(char **ret_private, char **ret_public, struct cw_error *reterr)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	*ret_private = key ? pem_text(key, true) : NULL;
	*ret_public = key ? pem_text(key, false) : NULL;
	EVP_PKEY_free(key);
	return *ret_private && *ret_public ? CW_OK : cw_error_set(reterr, CW_IO, "OpenSSL cannot generate a P-256 key");
}

/* ---- the directory's keys ---- */

/* What rotate goes by: found anew at each start, so that it may be interrupted anywhere. */
struct house {
	const char *dir;
	struct cw_token_keys *keys;
	struct cw_token_signer *signer, *next; /* next NULL: no rotation is under way */
};

static void house_close(struct house *house)
{
	cw_token_signer_destroy(house->next);
	cw_token_signer_destroy(house->signer);
	cw_token_keys_destroy(house->keys);
	house->next = house->signer = NULL;
	house->keys = NULL;
}

static enum cw_status house_open(struct house *house, struct cw_error *reterr)
{
	enum cw_status status = cli_keys(house->dir, &house->keys, reterr);

	if (status == CW_OK) {
		status = cli_signer(house->dir, CLI_HOUSE_KEY, house->keys, &house->signer, reterr);
	}
	if (status == CW_OK) {
		status = cli_signer(house->dir, CLI_NEXT_KEY, house->keys, &house->next, reterr);
	}
	return status == CW_NOT_FOUND && house->signer ? CW_OK : status; /* there need be no next one */
}

static bool is_kid_of(const struct cw_token_signer *signer, const char *kid)
{
	return signer && strcmp(cw_token_signer_kid(signer), kid) == 0;
}

static const char *part_of(const struct house *house, const struct cw_token_key_facts *key)
{
	return !key->is_house                     ? "" :
	       is_kid_of(house->signer, key->kid) ? "signs" :
	       is_kid_of(house->next, key->kid)   ? "next" :
						    "retired";
}

static bool is_ours(const char *kid)
{
	static const char prefix[] = CW_TOKEN_HOUSE_KID "-";

	return strcmp(kid, CW_TOKEN_HOUSE_KID) == 0 || strncmp(kid, prefix, sizeof(prefix) - 1) == 0;
}

/* A key of an earlier rotation, or of one that was interrupted. Others with role service are left alone. */
static const char *retired(const struct house *house)
{
	for (size_t i = 0; i < cw_token_keys_count(house->keys); i++) {
		const struct cw_token_key_facts key = cw_token_keys_facts(house->keys, i);

		if (key.is_house && is_ours(key.kid) && !is_kid_of(house->signer, key.kid) &&
		    !is_kid_of(house->next, key.kid)) {
			return key.kid;
		}
	}
	return NULL;
}

static int list(void *input)
{
	const struct key_options *options = input;
	struct house house = { .dir = options->common.dir };
	struct cw_error error;
	enum cw_status status = house_open(&house, &error);
	json_t *rows = json_array();

	if (status == CW_OK && !options->common.json) {
		(void)printf("%-24s %-8s %-16s %-10s %s\n", "KEY", "HOUSE", "HIGHEST ROLE", "LONGEST", "ACCOUNTS");
	}
	for (size_t i = 0; status == CW_OK && i < cw_token_keys_count(house.keys); i++) {
		const struct cw_token_key_facts key = cw_token_keys_facts(house.keys, i);
		const char *part = part_of(&house, &key);

		(void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I, s:s}", "kid", key.kid, "house", part,
							    "highest_role", key.highest_role, "max_lifetime_s",
							    (json_int_t)key.max_lifetime_s, "accounts", key.accounts));
		if (!options->common.json) {
			(void)printf("%-24s %-8s %-16s %-10lld %s\n", key.kid, part, key.highest_role,
				     (long long)key.max_lifetime_s, key.accounts);
		}
	}
	if (status == CW_OK && options->common.json) {
		cli_print_json(json_pack("{s:O}", "keys", rows));
	}
	json_decref(rows);
	house_close(&house);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

/* ---- rotation ---- */

/* The daemon must be able to read what is written here: it runs as the owner of the key. */
static enum cw_status check_owner(const char *dir, struct cw_error *reterr)
{
	char path[PATH_MAX];
	struct stat info;
	enum cw_status status = settings_path(dir, CLI_HOUSE_KEY, path, sizeof(path), reterr);

	if (status == CW_OK && stat(path, &info) != 0) {
		return cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
	}
	return status != CW_OK || info.st_uid == geteuid() ?
		       status :
		       cw_error_set(reterr, CW_INVALID,
				    "%s belongs to another user, as whom the daemon runs: run this command as that user, e.g. "
				    "with sudo -u convwire",
				    path);
}

static enum cw_status write_key_file(const char *dir, const char *name, const char *text, mode_t mode,
				     struct cw_error *reterr)
{
	char path[PATH_MAX];
	enum cw_status status = settings_path(dir, name, path, sizeof(path), reterr);

	return status == CW_OK ? cw_file_write(path, text, strlen(text), mode, reterr) : status;
}

/* house-DATE, or house-DATE-N when there has been one today. */
static enum cw_status choose_name(const char *dir, char kid[CW_KID_MAX + 1], struct cw_error *reterr)
{
	char file[CW_KID_MAX + 40];
	char path[PATH_MAX];
	char day[16];
	struct tm parts;
	time_t now = time(NULL);

	(void)gmtime_r(&now, &parts);
	(void)strftime(day, sizeof(day), "%Y%m%d", &parts);
	for (int n = 1; n < 100; n++) {
		bool fits = n == 1 ? cw_text_format(kid, CW_KID_MAX + 1, "house-%s", day) :
				     cw_text_format(kid, CW_KID_MAX + 1, "house-%s-%d", day, n);
		enum cw_status status = fits && cw_text_format(file, sizeof(file), "keys/public/%s.pem", kid) ?
						settings_path(dir, file, path, sizeof(path), reterr) :
						cw_error_set(reterr, CW_INVALID, "the key's name is too long");

		if (status != CW_OK || access(path, F_OK) != 0) {
			return status;
		}
	}
	return cw_error_set(reterr, CW_INVALID, "keys/public has a hundred house keys of today");
}

/* The private half comes last: whoever finds it finds the whole pair. */
static enum cw_status make_next(const char *dir, struct cw_error *reterr)
{
	char kid[CW_KID_MAX + 1];
	char file[CW_KID_MAX + 40];
	char *private_pem = NULL;
	char *public_pem = NULL;
	enum cw_status status = choose_name(dir, kid, reterr);

	if (status == CW_OK) {
		status = cli_make_key_pair(&private_pem, &public_pem, reterr);
	}
	if (status == CW_OK) {
		(void)snprintf(file, sizeof(file), "keys/public/%s.pem", kid); /* fits */
		status = write_key_file(dir, file, public_pem, 0644, reterr);
	}
	if (status == CW_OK) {
		(void)snprintf(file, sizeof(file), "keys/public/%s.conf", kid);
		status = write_key_file(dir, file, CLI_HOUSE_CONF, 0644, reterr);
	}
	if (status == CW_OK) {
		status = write_key_file(dir, CLI_NEXT_KEY, private_pem, 0600, reterr);
	}
	free(private_pem);
	free(public_pem);
	return status;
}

static enum cw_status reload_daemon(const char *dir, struct cw_error *reterr)
{
	json_t *nothing = json_object();
	json_t *answer = NULL;
	enum cw_status status = cli_control(dir, "reload", nothing, &answer, reterr);

	json_decref(nothing);
	json_decref(answer);
	return status;
}

static enum cw_status tell_broker(const char *dir, const char *key, const char *name, struct cw_error *reterr)
{
	json_t *command = json_pack("{s:s}", "command", name);
	json_t *data = NULL;
	enum cw_status status = cli_ask_broker_with(dir, key, command, &data, reterr);

	json_decref(command);
	json_decref(data);
	return status;
}

/* Does the broker take what this key signs? It reads its keys again first, if it can be asked to. */
static enum cw_status reach_broker(const struct house *house, const char *key, const char *kid, struct cw_error *reterr)
{
	struct cw_error error;
	struct cw_error ignored;

	(void)tell_broker(house->dir, CLI_HOUSE_KEY, "reload", &ignored); /* what matters is the answer to the next */
	enum cw_status status = tell_broker(house->dir, key, "stats", &error);

	if (status == CW_DENIED) {
		return cw_error_set(
			reterr, CW_BUSY,
			"the broker does not take tokens of %s yet, so %s still signs.\n"
			"It reads its keys from another folder: copy keys/public/%s.pem and %s.conf there, send it "
			"SIGHUP, and run this command again.",
			kid, cw_token_signer_kid(house->signer), kid, kid);
	}
	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "%s", error.text);
}

static enum cw_status use_next(const struct house *house, struct cw_error *reterr)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	enum cw_status status = settings_path(house->dir, CLI_NEXT_KEY, from, sizeof(from), reterr);

	if (status == CW_OK) {
		status = settings_path(house->dir, CLI_HOUSE_KEY, to, sizeof(to), reterr);
	}
	if (status == CW_OK && rename(from, to) != 0) {
		status = cw_error_set(reterr, CW_IO, "%s: %s", from, strerror(errno));
	}
	return status == CW_OK ? reload_daemon(house->dir, reterr) : status;
}

static enum cw_status replace(struct house *house, struct cw_error *reterr)
{
	const char *old = retired(house);
	enum cw_status status = CW_OK;

	if (!old && !house->next) {
		status = make_next(house->dir, reterr);
		if (status == CW_OK) {
			house_close(house);
			status = house_open(house, reterr);
		}
	}
	if (status == CW_OK) {
		status = reload_daemon(house->dir, reterr); /* also of what an interrupted run has left */
	}
	if (status == CW_OK && old) {
		return cw_error_set(reterr, CW_INVALID,
				    "%s is left from an earlier rotation; end that first: convwire key rotate --finish",
				    old);
	}
	if (status == CW_OK) {
		status = reach_broker(house, CLI_NEXT_KEY, cw_token_signer_kid(house->next), reterr);
	}
	if (status == CW_OK) {
		status = use_next(house, reterr);
	}
	if (status == CW_OK) {
		const char *kid = cw_token_signer_kid(house->signer);

		(void)printf("%s signs from now on. Tokens of %s are valid until they expire.\n"
			     "When they have, or at once if %s was stolen: convwire key rotate --finish\n",
			     cw_token_signer_kid(house->next), kid, kid);
	}
	return status;
}

static enum cw_status remove_file(const char *dir, const char *kid, const char *ending, struct cw_error *reterr)
{
	char file[CW_KID_MAX + 40];
	char path[PATH_MAX];
	enum cw_status status = cw_text_format(file, sizeof(file), "keys/public/%s.%s", kid, ending) ?
					settings_path(dir, file, path, sizeof(path), reterr) :
					cw_error_set(reterr, CW_INVALID, "the key's name is too long");

	return status != CW_OK || unlink(path) == 0 || errno == ENOENT ?
		       status :
		       cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
}

/* The settings go first: a key without them is not used. */
static enum cw_status finish(struct house *house, struct cw_error *reterr)
{
	const char *old = retired(house);

	if (!old) {
		return cw_error_set(reterr, CW_INVALID,
				    "there is no house key to remove: %s is the only one that may sign",
				    cw_token_signer_kid(house->signer));
	}
	enum cw_status status = remove_file(house->dir, old, "conf", reterr);

	if (status == CW_OK) {
		status = remove_file(house->dir, old, "pem", reterr);
	}
	if (status == CW_OK) {
		status = reload_daemon(house->dir, reterr);
	}
	if (status == CW_OK) {
		status = tell_broker(house->dir, CLI_HOUSE_KEY, "reload", reterr);
	}
	if (status == CW_OK) {
		(void)printf("%s is removed, and its tokens are refused. If the broker reads its keys from another folder, "
			     "remove %s.conf and %s.pem there, too, and send it SIGHUP.\n"
			     "To disconnect the clients that still use it: convwire revoke --kid %s\n",
			     old, old, old, old);
	}
	return status;
}

static int rotate(void *input)
{
	const struct key_options *options = input;
	struct house house = { .dir = options->common.dir };
	struct cw_error error;
	enum cw_status status = check_owner(house.dir, &error);

	if (status == CW_OK) {
		status = house_open(&house, &error);
	}
	if (status == CW_OK) {
		status = options->is_finish ? finish(&house, &error) : replace(&house, &error);
	}
	house_close(&house);
	return status == CW_OK ? EX_OK : cli_fail(status, "%s", error.text);
}

static const struct cli_option rows[] = {
	CLI_FLAG(struct key_options, is_finish, 0, "finish", "rotate: remove the retired house key"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "list", "", 0, 0, list },
	{ "rotate", "[--finish]", 0, 0, rotate },
	CLI_END_VERBS,
};

const struct cli_command cli_key = {
	.name = "key",
	.summary = "list the keys that sign tokens; replace the house key",
	.help = "list: the keys that may sign tokens. rotate: make a new house key, and sign with it as soon as the broker "
		"takes it; run it again until it succeeds. rotate --finish: remove the old one.",
	.size = sizeof(struct key_options),
	.options = rows,
	.verbs = verbs,
};
