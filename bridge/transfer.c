/* SPDX-License-Identifier: MIT */
/* One file: asked for and fetched, or uploaded; then its outcome is stored. */
#include <stdlib.h>
#include <string.h>

#include "bridge/files_private.h"
#include "core/clock.h"
#include "core/graph_error.h"
#include "core/log.h"
#include "core/text.h"

#define CODE_UNKNOWN_OBJECT 33
#define CODE_PARAMETER 100
#define MAX_REDIRECTS 3L
#define STORE_AGAIN_MS 1000
#define FULL_DISK_MS (5 * 60 * 1000LL)
/* WhatsApp keeps a customer's file for seven days ("Media", Media ids). */
#define KEPT_MS (7LL * 24 * 60 * 60 * 1000)
#define FIRST_RETRY_MS 5000LL
#define MAX_RETRY_MS (60 * 60 * 1000LL)
/* About a day with the pauses above: as long as a text message is tried. */
#define MAX_UPLOAD_TRIES 32
/* Long enough for a file of 100 MB over a slow line. */
#define FILE_TIMEOUT_MS (10 * 60 * 1000L)

static void end_call(struct transfer *transfer)
{
	if (transfer->is_on_the_wire) {
		(void)curl_multi_remove_handle(transfer->files->multi, transfer->call.easy);
		transfer->is_on_the_wire = false;
	}
	graph_call_finish(&transfer->call);
	curl_mime_free(transfer->form);
	transfer->form = NULL;
	if (transfer->upload) {
		(void)fclose(transfer->upload); /* opened only for reading */
		transfer->upload = NULL;
	}
}

void transfer_destroy(struct transfer *transfer)
{
	end_call(transfer);
	cw_media_store_abandon(transfer->writer);
	explicit_bzero(transfer->token, sizeof(transfer->token));
	free(transfer);
}

/* ---- the outcome ---- */

static void on_stored(struct cw_store_op *op)
{
	struct transfer *transfer = op->context;
	struct files *files = transfer->files;

	(void)pthread_mutex_lock(&files->lock);
	transfer->next_done = files->stored;
	files->stored = transfer;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi); /* fails only when it is already woken */
}

static void submit(struct transfer *transfer)
{
	bool is_taken = cw_store_submit(transfer->files->store, &transfer->op) == CW_OK;

	transfer->retry_at_ms = is_taken ? 0 : cw_clock_monotonic_ms() + STORE_AGAIN_MS;
}

static void store(struct transfer *transfer, const struct cw_store_media_move *move)
{
	end_call(transfer);
	transfer->step = TRANSFER_STORE;
	transfer->op = (struct cw_store_op){
		.type = CW_STORE_MEDIA_MOVE, .on_done = on_stored, .context = transfer, .media_move = *move
	};
	transfer->op.media_move.id = transfer->id;
	submit(transfer);
}

/* The outcome must not be lost: a fetched file is already complete. */
bool transfer_stored(struct transfer *transfer)
{
	if (transfer->op.status == CW_OK || transfer->op.status == CW_NOT_FOUND) {
		return true;
	}
	transfer->retry_at_ms = cw_clock_monotonic_ms() + STORE_AGAIN_MS;
	return false;
}

void transfer_resubmit(struct transfer *transfer, int64_t now_ms)
{
	if (transfer->retry_at_ms && now_ms >= transfer->retry_at_ms) {
		submit(transfer);
	}
}

static void explain(struct transfer *transfer, const char *why)
{
	if (transfer->why != why && !cw_text_copy(transfer->why, sizeof(transfer->why), why)) {
		transfer->why[0] = '\0'; /* too long: no sentence */
	}
}

/* code: the Graph API's; 0: none. */
static void give_up(struct transfer *transfer, int code, const char *why)
{
	cw_log_warn("conv=%s a file %s: %s", transfer->tag,
		    transfer->is_upload ? "cannot be uploaded" : "cannot be fetched", why);
	explain(transfer, why);
	transfer->files->failed++;
	store(transfer,
	      &(struct cw_store_media_move){ .outcome = CW_MEDIA_FAILED, .code = code, .error = transfer->why });
}

static void wait_for(struct transfer *transfer, int64_t wait_ms, const char *why)
{
	int64_t due_at_ms = cw_clock_now_ms() + wait_ms;

	if (!transfer->is_upload && due_at_ms > transfer->created_at_ms + KEPT_MS) {
		give_up(transfer, 0, "WhatsApp keeps a file for 7 days, and it could not be fetched in that time.");
		return;
	}
	if (transfer->is_upload && transfer->tries >= MAX_UPLOAD_TRIES) {
		give_up(transfer, 0, why);
		return;
	}
	cw_log_debug("conv=%s a file is waiting: %s", transfer->tag, why);
	explain(transfer, why);
	store(transfer,
	      &(struct cw_store_media_move){ .outcome = CW_MEDIA_AGAIN, .due_at_ms = due_at_ms, .error = transfer->why });
}

static void try_again(struct transfer *transfer, const char *why)
{
	int64_t wait_ms = transfer->tries > 9 ? MAX_RETRY_MS : FIRST_RETRY_MS << transfer->tries;

	wait_for(transfer, wait_ms, why);
}

/* The code's row in the table decides, as for messages; only an upload can fail permanently. */
static void follow_table(struct transfer *transfer, const struct cw_graph_said *said, const char *why)
{
	const struct cw_graph_error *row = cw_graph_error_find(said);
	bool is_refused = row->action == CW_GRAPH_PERMANENT ||
			  (row->action == CW_GRAPH_RETRY && row->max_tries && transfer->tries + 1 >= row->max_tries);

	/* A file that WhatsApp no longer has is "unknown" as well, and says nothing about the number. */
	bool is_about_file = !transfer->is_upload && (said->code == CODE_UNKNOWN_OBJECT || said->code == CODE_PARAMETER);

	if (row->action == CW_GRAPH_STOP && !is_about_file) {
		pauses_want(&transfer->files->pauses, transfer->files->store, transfer->phone_number_id, said->code,
			    row->explanation);
	}
	if (is_refused && transfer->is_upload) {
		give_up(transfer, said->code, why);
	} else {
		try_again(transfer, why);
	}
}

/* The call failed: puts the reason into a sentence and decides how to continue. */
static void after_failure(struct transfer *transfer, const json_t *json)
{
	const json_t *error = json_object_get(json, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	struct cw_graph_said said;
	char why[sizeof(transfer->why)];
	bool is_said = transfer->call.result == CURLE_OK ?
			       cw_text_format(why, sizeof(why), "WhatsApp answered %ld%s%.200s",
					      transfer->call.http_status, message ? ": " : ".", message ? message : "") :
			       cw_text_format(why, sizeof(why), "WhatsApp cannot be reached: %s.",
					      curl_easy_strerror(transfer->call.result));
	const char *sentence = is_said ? why : "WhatsApp refused the request.";

	if (transfer->call.result == CURLE_OK && graph_read_said(json, transfer->call.http_status, &said)) {
		follow_table(transfer, &said, sentence);
	} else {
		try_again(transfer, sentence);
	}
}

/* ---- calls ---- */

static void begin_call(struct transfer *transfer, const char *url, long timeout_ms)
{
	if (graph_call_init(&transfer->call, "GET", url, transfer->token, NULL, timeout_ms, transfer) != CW_OK) {
		try_again(transfer, "The server is out of memory.");
	}
}

static void run_call(struct transfer *transfer)
{
	if (transfer->step == TRANSFER_STORE) {
		return; /* it has already failed */
	}
	if (curl_multi_add_handle(transfer->files->multi, transfer->call.easy) != CURLM_OK) {
		try_again(transfer, "The server is out of memory.");
		return;
	}
	transfer->is_on_the_wire = true;
}

static json_t *read_answer(const struct transfer *transfer)
{
	const struct cw_buf *answer = &transfer->call.answer;

	return json_loadb(answer->data ? answer->data : "", answer->len, 0, NULL);
}

/* ---- fetching ---- */

static void ask(struct transfer *transfer)
{
	char url[600];

	transfer->step = TRANSFER_ASK;
	if (!cw_text_format(url, sizeof(url), "%s/%s?phone_number_id=%s", transfer->files->options->graph_url,
			    transfer->source, transfer->phone_number_id)) {
		give_up(transfer, 0, "The setting graph_url is too long.");
		return;
	}
	begin_call(transfer, url, (long)transfer->files->options->request_timeout_ms);
	run_call(transfer);
}

/* Meta keeps files on other hosts: the token is sent there, but only over TLS, unless the API is simulated. */
static bool may_have_token(const struct transfer *transfer, const char *url)
{
	return strncmp(url, "https://", 8) == 0 ||
	       (strncmp(url, "http://", 7) == 0 && strncmp(transfer->files->options->graph_url, "http://", 7) == 0);
}

/* By the same rule as for the first URL; libcurl sends the token on only to the same scheme, host and port. */
static void follow_redirects(struct transfer *transfer)
{
	bool is_simulated = strncmp(transfer->files->options->graph_url, "http://", 7) == 0;

	(void)curl_easy_setopt(transfer->call.easy, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(transfer->call.easy, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	(void)curl_easy_setopt(transfer->call.easy, CURLOPT_REDIR_PROTOCOLS_STR, is_simulated ? "http,https" : "https");
}

static size_t take_bytes(char *data, size_t size, size_t n, void *context)
{
	struct transfer *transfer = context;
	long http_status = 0;

	(void)curl_easy_getinfo(transfer->call.easy, CURLINFO_RESPONSE_CODE, &http_status);
	if (http_status != 200) {
		return size * n; /* the body of an error */
	}
	return cw_media_store_write(transfer->writer, data, (int64_t)(size * n), &transfer->error) == CW_OK ? size * n :
													      0;
}

static void fetch(struct transfer *transfer, json_t *where)
{
	const struct bridge_options *options = transfer->files->options;
	const char *url = json_string_value(json_object_get(where, "url"));
	const char *mime_type = json_string_value(json_object_get(where, "mime_type"));
	const char *sha256 = json_string_value(json_object_get(where, "sha256"));

	if (!url || !may_have_token(transfer, url)) {
		try_again(transfer, "WhatsApp gave no URL to download it from.");
		return;
	}
	if (sha256 && cw_text_unhex(sha256, strlen(sha256), transfer->sha256, CW_SHA256_BYTES)) {
		transfer->has_sha256 = true;
	}
	if (mime_type && !transfer->mime_type[0] &&
	    !cw_text_copy(transfer->mime_type, sizeof(transfer->mime_type), mime_type)) {
		transfer->mime_type[0] = '\0';
	}
	if (cw_media_store_begin(options->media_dir, options->media_max_bytes, options->media_min_free_bytes,
				 &transfer->writer, &transfer->error) != CW_OK) {
		try_again(transfer, transfer->error.text);
		return;
	}
	end_call(transfer);
	transfer->step = TRANSFER_FETCH;
	begin_call(transfer, url, FILE_TIMEOUT_MS);
	if (transfer->step == TRANSFER_FETCH) {
		follow_redirects(transfer);
		(void)curl_easy_setopt(transfer->call.easy, CURLOPT_WRITEFUNCTION, take_bytes);
		(void)curl_easy_setopt(transfer->call.easy, CURLOPT_WRITEDATA, transfer);
	}
	run_call(transfer);
}

static void after_ask(struct transfer *transfer)
{
	json_t *json = read_answer(transfer);
	const json_t *size = json_object_get(json, "file_size");

	if (transfer->call.result != CURLE_OK || transfer->call.http_status != 200) {
		after_failure(transfer, json);
	} else if (json_is_integer(size) && json_integer_value(size) > transfer->files->options->media_max_bytes) {
		give_up(transfer, 0, "The file is larger than this server accepts.");
	} else {
		fetch(transfer, json);
	}
	json_decref(json);
}

static void commit(struct transfer *transfer)
{
	unsigned char sha256[CW_SHA256_BYTES];
	struct cw_store_media_move move = { .outcome = CW_MEDIA_READY,
					    .mime_type = transfer->mime_type[0] ? transfer->mime_type : NULL };
	enum cw_status status = cw_media_store_commit(transfer->writer, sha256, &move.size_bytes, &transfer->error);

	transfer->writer = NULL;
	if (status != CW_OK) {
		try_again(transfer, transfer->error.text);
	} else if (transfer->has_sha256 && memcmp(sha256, transfer->sha256, sizeof(sha256)) != 0) {
		try_again(transfer, "The fetched file is not the one that was announced: its SHA-256 differs.");
	} else {
		memcpy(move.sha256, sha256, sizeof(sha256));
		transfer->files->fetched++;
		store(transfer, &move);
	}
}

/* A 404 means that the URL has expired (after five minutes): the next try gets one ("Media", Retrieve media URL). */
static void after_fetch(struct transfer *transfer)
{
	if (transfer->call.result == CURLE_OK && transfer->call.http_status == 200) {
		commit(transfer);
	} else if (transfer->error.status == CW_TOO_LARGE) {
		give_up(transfer, 0, "The file is larger than this server accepts.");
	} else if (transfer->error.status != CW_OK) {
		try_again(transfer, transfer->error.text); /* the disk, not WhatsApp */
	} else {
		after_failure(transfer, NULL);
	}
}

/* ---- uploading ---- */

static size_t read_file(char *out, size_t size, size_t n, void *context)
{
	return fread(out, size, n, context);
}

static bool add_part(curl_mime *form, const char *name, const char *value)
{
	curl_mimepart *part = curl_mime_addpart(form);

	return part && curl_mime_name(part, name) == CURLE_OK &&
	       curl_mime_data(part, value, CURL_ZERO_TERMINATED) == CURLE_OK;
}

/* Of Ogg files, WhatsApp takes only those with Opus, and wants to be told ("Media", Supported media types). */
static const char *type_of(const struct transfer *transfer)
{
	return strcmp(transfer->mime_type, "audio/ogg") == 0 ? "audio/ogg; codecs=opus" : transfer->mime_type;
}

static bool add_file(struct transfer *transfer)
{
	curl_mimepart *part = curl_mime_addpart(transfer->form);

	return part && curl_mime_name(part, "file") == CURLE_OK && curl_mime_type(part, type_of(transfer)) == CURLE_OK &&
	       curl_mime_filename(part, transfer->filename[0] ? transfer->filename : "file") == CURLE_OK &&
	       curl_mime_data_cb(part, (curl_off_t)transfer->size_bytes, read_file, NULL, NULL, transfer->upload) ==
		       CURLE_OK;
}

static void upload(struct transfer *transfer)
{
	char url[600];
	char path[PATH_MAX];

	transfer->step = TRANSFER_UPLOAD;
	if (!cw_media_store_path(transfer->files->options->media_dir, transfer->sha256, path, sizeof(path)) ||
	    !(transfer->upload = fopen(path, "re"))) {
		give_up(transfer, 0, "The file is no longer on the server's disk.");
		return;
	}
	if (!cw_text_format(url, sizeof(url), "%s/%s/media", transfer->files->options->graph_url,
			    transfer->phone_number_id)) {
		give_up(transfer, 0, "The setting graph_url is too long.");
		return;
	}
	begin_call(transfer, url, FILE_TIMEOUT_MS);
	if (transfer->step != TRANSFER_UPLOAD) {
		return;
	}
	transfer->form = curl_mime_init(transfer->call.easy);
	if (!transfer->form || !add_part(transfer->form, "messaging_product", "whatsapp") ||
	    !add_part(transfer->form, "type", type_of(transfer)) || !add_file(transfer)) {
		try_again(transfer, "The server is out of memory.");
		return;
	}
	(void)curl_easy_setopt(transfer->call.easy, CURLOPT_MIMEPOST, transfer->form);
	run_call(transfer);
}

static void after_upload(struct transfer *transfer)
{
	json_t *json = read_answer(transfer);
	const char *id = json_string_value(json_object_get(json, "id"));

	if (transfer->call.result == CURLE_OK && id &&
	    cw_text_copy(transfer->uploaded_as, sizeof(transfer->uploaded_as), id)) {
		transfer->files->uploaded++;
		store(transfer, &(struct cw_store_media_move){ .outcome = CW_MEDIA_UPLOADED,
							       .uploaded_as = transfer->uploaded_as });
	} else {
		after_failure(transfer, json);
	}
	json_decref(json);
}

/* ---- the steps ---- */

void transfer_begin(struct transfer *transfer)
{
	if (!transfer->is_upload && transfer->files->is_disk_full) {
		wait_for(transfer, FULL_DISK_MS,
			 "The server's disk is nearly full; files wait until some space is free.");
	} else if (!tokens_read(transfer->files->options->tokens_dir, transfer->phone_number_id, transfer->token)) {
		if (transfer->is_upload) { /* a message is waiting for it */
			pauses_want(&transfer->files->pauses, transfer->files->store, transfer->phone_number_id,
				    CW_GRAPH_CODE_TOKEN, TOKENS_NONE);
		}
		try_again(transfer, TOKENS_NONE);
	} else if (transfer->is_upload) {
		upload(transfer);
	} else {
		ask(transfer);
	}
}

void transfer_answered(struct transfer *transfer)
{
	transfer->is_on_the_wire = false;
	switch (transfer->step) {
	case TRANSFER_ASK:
		after_ask(transfer);
		break;
	case TRANSFER_FETCH:
		after_fetch(transfer);
		break;
	case TRANSFER_UPLOAD:
		after_upload(transfer);
		break;
	case TRANSFER_STORE: /* has no call */
		break;
	}
}
