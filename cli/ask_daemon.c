/* SPDX-License-Identifier: MIT */
/* Sends one request to the daemon over its Unix socket or, if no daemon runs, runs it on the store directly. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "api/control.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/text.h"
#include "ingest/secrets.h"
#include "store/backup.h"

#define MAX_ANSWER_BYTES (64 * 1024 * 1024)
#define QUEUE_BYTES (64 * 1024 * 1024)
#define QUEUE_AGE_MS 60000

static size_t on_answer(char *data, size_t size, size_t n, void *context)
{
	return cw_buf_append(context, data, size * n) == CW_OK ? size * n : 0;
}

/* CURLE_COULDNT_CONNECT: no daemon listens. */
static CURLcode post(const char *socket_path, const char *action, const char *body, struct cw_buf *answer)
{
	char url[128];
	CURL *curl = curl_easy_init();

	if (!curl || !cw_text_format(url, sizeof(url), "http://convwire/control/%s", action)) {
		curl_easy_cleanup(curl);
		return CURLE_FAILED_INIT;
	}
	(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path); /* these fail only without memory */
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	CURLcode code = curl_easy_perform(curl);

	curl_easy_cleanup(curl);
	return code;
}

static enum cw_status read_status(json_t *answer, struct cw_error *reterr)
{
	const char *word = json_string_value(json_object_get(answer, "status"));
	const char *sentence = json_string_value(json_object_get(answer, "error"));

	for (int status = 0; word && status < CW_STATUS_COUNT; status++) {
		if (strcmp(cw_status_text((enum cw_status)status), word) == 0) {
			return status == CW_OK ?
				       CW_OK :
				       cw_error_set(reterr, (enum cw_status)status, "%s", sentence ? sentence : word);
		}
	}
	return cw_error_set(reterr, CW_IO, "the daemon's answer cannot be read");
}

/* ---- without a daemon ---- */

struct local {
	const char *dir;
	struct cw_tag_key *tag;
	struct secrets *secrets;
	struct cw_store *store;
};

/* Loads the options for opening the store; *ret_options borrows from *local. */
static enum cw_status load_local(const char *dir, struct local *local, struct cw_store_options *ret_options,
				 struct cw_error *reterr)
{
	char path[PATH_MAX];
	struct settings settings;
	enum cw_status status = settings_load(dir, &settings, reterr); /* gives the best error when there is no directory */

	settings_finish(&settings);
	if (status == CW_OK) {
		status = settings_path(dir, "keys", path, sizeof(path), reterr);
	}
	if (status == CW_OK) {
		status = cw_tag_key_load(path, &local->tag, reterr);
	}
	if (status == CW_OK) {
		status = secrets_load(path, &local->secrets, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	*ret_options = (struct cw_store_options){
		.dir = dir,
		.tag = local->tag,
		.secrets = secrets_for_store(local->secrets),
		.max_queue_bytes = QUEUE_BYTES,
		.max_queue_age_ms = QUEUE_AGE_MS,
	};
	return CW_OK;
}

static enum cw_status open_local(const char *dir, struct local *local, struct cw_error *reterr)
{
	struct cw_store_options options;
	enum cw_status status = load_local(dir, local, &options, reterr);

	return status == CW_OK ? cw_store_open(&options, &local->store, reterr) : status;
}

static void close_local(struct local *local)
{
	cw_store_close(local->store);
	secrets_destroy(local->secrets);
	cw_tag_key_destroy(local->tag);
}

/* Called only for a revocation: a broken key must not make other commands fail. */
static enum cw_status longest_token_s(void *context, int64_t *ret_seconds, struct cw_error *reterr)
{
	const struct local *local = context;
	char path[PATH_MAX];
	struct cw_token_keys *keys = NULL;
	enum cw_status status = settings_path(local->dir, "keys", path, sizeof(path), reterr);

	if (status == CW_OK) {
		status = cw_token_keys_load(path, &keys, reterr);
	}
	if (status == CW_OK) {
		*ret_seconds = cw_token_keys_longest_s(keys);
	}
	cw_token_keys_destroy(keys);
	return status;
}

static enum cw_status do_locally(const char *dir, const char *action, json_t *arguments, json_t **ret_answer,
				 struct cw_error *reterr)
{
	struct local local = { .dir = dir };
	json_t *answer = NULL;
	enum cw_status status = open_local(dir, &local, reterr);

	if (status == CW_OK) {
		const struct control control = { .store = local.store,
						 .longest_token_s = longest_token_s,
						 .context = &local };

		status = control_do(&control, action, arguments, &answer);
		if (status != CW_OK) {
			status = read_status(answer, reterr);
		}
	}
	close_local(&local);
	*ret_answer = answer;
	return status;
}

enum cw_status cli_restore_database(const char *dir, const char *path, int64_t *ret_n_unknown, struct cw_error *reterr)
{
	struct local local = { .dir = dir };
	struct cw_store_options options;
	enum cw_status status = load_local(dir, &local, &options, reterr);

	if (status == CW_OK) {
		status = cw_store_restore(&options, path, ret_n_unknown, reterr);
	}
	close_local(&local);
	return status;
}

enum cw_status cli_control(const char *dir, const char *action, json_t *arguments, json_t **ret_answer,
			   struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;
	char path[PATH_MAX];
	char *body = json_dumps(arguments, JSON_COMPACT);
	enum cw_status status = settings_path(dir, "control.sock", path, sizeof(path), reterr);

	*ret_answer = NULL;
	cw_buf_init(&text, MAX_ANSWER_BYTES);
	if (status != CW_OK || !body) {
		free(body);
		return status == CW_OK ? cw_error_set(reterr, CW_NOMEM, "out of memory") : status;
	}
	CURLcode code = post(path, action, body, &text);

	free(body);
	if (code == CURLE_COULDNT_CONNECT) {
		return do_locally(dir, action, arguments, ret_answer, reterr);
	}
	if (code != CURLE_OK) {
		return cw_error_set(reterr, CW_IO, "%s: %s", path, curl_easy_strerror(code));
	}
	*ret_answer = json_loads(text.data ? text.data : "", 0, NULL);
	return read_status(*ret_answer, reterr);
}
