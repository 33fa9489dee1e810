/* SPDX-License-Identifier: MIT */
#include "bridge/files.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/graph.h"
#include "bridge/tokens.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/media_store.h"
#include "core/text.h"

#define MAX_UNDER_WAY 8
#define IDLE_MS 5000
#define FULL_DISK_MS 30000
#define TROUBLE_MS 1000
/* WhatsApp keeps a customer's file for seven days ("Media", Media ids). */
#define KEPT_MS (7LL * 24 * 60 * 60 * 1000)
#define MAX_RETRY_MS (60 * 60 * 1000LL)
#define MAX_UPLOAD_TRIES 8
/* Within this a whole file of 100 MB comes over a slow line. */
#define FILE_TIMEOUT_MS (10 * 60 * 1000L)

enum step {
	STEP_ASK,   /* GET /<media id>: where is it? */
	STEP_FETCH, /* GET <url> */
	STEP_UPLOAD,
	STEP_STORE /* what came of it */
};

struct job {
	struct files *files;
	enum step step;
	int64_t id;
	int tries;
	int64_t created_at_ms, size_bytes;
	bool has_sha256;
	unsigned char sha256[CW_SHA256_BYTES];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	char source[CW_MEDIA_SOURCE_MAX + 1];
	char mime_type[CW_MIME_MAX + 1];
	char tag[CW_TAG_MAX + 1];
	char filename[256];
	char token[TOKEN_MAX + 1];
	char target[128];
	struct graph_call call;
	curl_mime *form;
	FILE *upload;
	struct cw_media_writer *writer;
	struct cw_error error; /* of the writer */
	char why[400];
	bool is_on_the_wire;
	struct cw_store_op op;
	int64_t retry_at_ms;   /* monotonic: the store took nothing; 0 */
	struct job *next;      /* files::jobs */
	struct job *next_done; /* files::stored */
};

struct files {
	const struct bridge_options *options;
	struct cw_store *store;
	pthread_t thread;
	bool has_thread;
	CURLM *multi;

	pthread_mutex_t lock; /* guards what follows */
	bool is_stopping, is_woken;
	struct job *stored;

	/* The thread's own. */
	struct job *jobs;
	int n_jobs;
	int64_t look_at_ms;

	_Atomic int64_t fetched, uploaded, failed;
	atomic_bool is_stopped;
};

static void *run(void *context);

/* ---- lifetime ---- */

struct files *files_create(const struct bridge_options *options)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files) {
		return NULL;
	}
	files->options = options;
	files->multi = graph_multi();
	(void)pthread_mutex_init(&files->lock, NULL); /* glibc's cannot fail */
	if (!files->multi) {
		files_destroy(files);
		return NULL;
	}
	return files;
}

enum cw_status files_start(struct files *files, struct cw_store *store, struct cw_error *reterr)
{
	files->store = store;
	if (pthread_create(&files->thread, NULL, run, files) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "no thread for files");
	}
	files->has_thread = true;
	return CW_OK;
}

void files_stop(struct files *files)
{
	if (!files || !files->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&files->lock);
	files->is_stopping = true;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi);
	(void)pthread_join(files->thread, NULL);
	files->has_thread = false;
}

static void end_call(struct job *job)
{
	if (job->is_on_the_wire) {
		(void)curl_multi_remove_handle(job->files->multi, job->call.easy);
		job->is_on_the_wire = false;
	}
	graph_call_finish(&job->call);
	curl_mime_free(job->form);
	job->form = NULL;
	if (job->upload) {
		(void)fclose(job->upload); /* only read from */
		job->upload = NULL;
	}
}

static void job_destroy(struct job *job)
{
	end_call(job);
	cw_media_abandon(job->writer);
	free(job);
}

void files_destroy(struct files *files)
{
	if (!files) {
		return;
	}
	files_stop(files);
	for (struct job *job = files->jobs, *next; job; job = next) {
		next = job->next;
		job_destroy(job);
	}
	(void)curl_multi_cleanup(files->multi);
	(void)pthread_mutex_destroy(&files->lock);
	free(files);
}

void files_wake(struct files *files)
{
	(void)pthread_mutex_lock(&files->lock);
	files->is_woken = true;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi);
}

void files_stats(struct files *files, struct bridge_stats *stats)
{
	stats->media_fetched = files->fetched;
	stats->media_uploaded = files->uploaded;
	stats->media_failed = files->failed;
	stats->media_stopped = files->is_stopped;
}

/* ---- what came of it ---- */

static void on_stored(struct cw_store_op *op)
{
	struct job *job = op->context;
	struct files *files = job->files;

	(void)pthread_mutex_lock(&files->lock);
	job->next_done = files->stored;
	files->stored = job;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi); /* fails only when it is woken already */
}

static void submit(struct job *job)
{
	job->retry_at_ms = cw_store_submit(job->files->store, &job->op) == CW_OK ? 0 :
										   cw_clock_monotonic_ms() + TROUBLE_MS;
}

static void store(struct job *job, const struct cw_store_media_move *move)
{
	end_call(job);
	job->step = STEP_STORE;
	job->op = (struct cw_store_op){
		.type = CW_STORE_MEDIA_MOVE, .on_done = on_stored, .context = job, .media_move = *move
	};
	job->op.media_move.id = job->id;
	submit(job);
}

static void give_up(struct job *job, const char *why)
{
	cw_log_warn("conv=%s a file %s: %s", job->tag, job->source[0] ? "cannot be fetched" : "is not taken", why);
	if (!cw_text_copy(job->why, sizeof(job->why), why)) {
		job->why[0] = '\0'; /* a sentence less */
	}
	job->files->failed++;
	store(job, &(struct cw_store_media_move){ .outcome = CW_MEDIA_FAILED, .error = job->why });
}

static void try_again(struct job *job, const char *why)
{
	int64_t wait_ms = job->tries > 10 ? MAX_RETRY_MS : 5000LL << job->tries;
	int64_t now_ms = cw_clock_now_ms();

	wait_ms = wait_ms > MAX_RETRY_MS ? MAX_RETRY_MS : wait_ms;
	if (job->source[0] ? now_ms + wait_ms > job->created_at_ms + KEPT_MS : job->tries >= MAX_UPLOAD_TRIES) {
		give_up(job, job->source[0] ?
				     "WhatsApp keeps a file for 7 days, and it could not be fetched in that time." :
				     why);
		return;
	}
	cw_log_debug("conv=%s a file waits: %s, retrying", job->tag, why);
	if (!cw_text_copy(job->why, sizeof(job->why), why)) {
		job->why[0] = '\0';
	}
	store(job, &(struct cw_store_media_move){
			   .outcome = CW_MEDIA_AGAIN, .due_at_ms = now_ms + wait_ms, .error = job->why });
}

static void forget(struct job *job)
{
	struct job **link = &job->files->jobs;

	while (*link != job) {
		link = &(*link)->next;
	}
	*link = job->next;
	job->files->n_jobs--;
	job_destroy(job);
}

/* The store failed: what came of it must not be lost, a fetched file is whole already. */
static void after_store(struct job *job)
{
	if (job->op.status == CW_OK || job->op.status == CW_NOT_FOUND) {
		forget(job);
	} else {
		job->retry_at_ms = cw_clock_monotonic_ms() + TROUBLE_MS;
	}
}

/* ---- calls ---- */

static void begin_call(struct job *job, const char *url, long timeout_ms)
{
	if (graph_call_init(&job->call, "GET", url, job->token, NULL, timeout_ms, job) != CW_OK) {
		try_again(job, "out of memory");
	}
}

static void run_call(struct job *job)
{
	if (job->step == STEP_STORE) {
		return; /* it failed on the way here */
	}
	if (curl_multi_add_handle(job->files->multi, job->call.easy) != CURLM_OK) {
		try_again(job, "out of memory");
		return;
	}
	job->is_on_the_wire = true;
}

/* A sentence of what the Graph API said, or libcurl. */
static const char *reason_of(struct job *job, json_t *json, char *out, size_t size)
{
	const json_t *error = json_object_get(json, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	if (job->call.result != CURLE_OK) {
		return job->error.status != CW_OK ? job->error.text : curl_easy_strerror(job->call.result);
	}
	if (!cw_text_format(out, size, "WhatsApp answered %ld%s%.200s", job->call.http_status, message ? ": " : "",
			    message ? message : "")) {
		return "WhatsApp refused";
	}
	return out;
}

/* ---- fetching ---- */

static void ask(struct job *job)
{
	char url[600];

	job->step = STEP_ASK;
	if (!cw_text_format(url, sizeof(url), "%s/%s?phone_number_id=%s", job->files->options->graph_url, job->source,
			    job->phone_number_id)) {
		give_up(job, "graph_url is too long");
		return;
	}
	begin_call(job, url, (long)job->files->options->request_timeout_ms);
	run_call(job);
}

/* The token goes only where the Graph API itself is trusted as much: over TLS, unless the API is a simulated one. */
static bool may_have_token(const struct job *job, const char *url)
{
	return strncmp(url, "https://", 8) == 0 ||
	       (strncmp(url, "http://", 7) == 0 && strncmp(job->files->options->graph_url, "http://", 7) == 0);
}

static size_t take_bytes(char *data, size_t size, size_t n, void *context)
{
	struct job *job = context;
	long http_status = 0;

	(void)curl_easy_getinfo(job->call.easy, CURLINFO_RESPONSE_CODE, &http_status);
	if (http_status != 200) {
		return size * n; /* the body of an error */
	}
	return cw_media_write(job->writer, data, (int64_t)(size * n), &job->error) == CW_OK ? size * n : 0;
}

static void fetch(struct job *job, json_t *where)
{
	const struct bridge_options *options = job->files->options;
	const char *url = json_string_value(json_object_get(where, "url"));
	const char *mime_type = json_string_value(json_object_get(where, "mime_type"));
	const char *sha256 = json_string_value(json_object_get(where, "sha256"));

	if (!url || !may_have_token(job, url)) {
		try_again(job, "WhatsApp named no place from which to fetch it");
		return;
	}
	if (sha256 && cw_text_unhex(sha256, strlen(sha256), job->sha256, CW_SHA256_BYTES)) {
		job->has_sha256 = true;
	}
	if (mime_type && !job->mime_type[0] && !cw_text_copy(job->mime_type, sizeof(job->mime_type), mime_type)) {
		job->mime_type[0] = '\0';
	}
	if (cw_media_begin(options->media_dir, options->media_max_bytes, options->media_min_free_bytes, &job->writer,
			   &job->error) != CW_OK) {
		try_again(job, job->error.text);
		return;
	}
	end_call(job);
	job->step = STEP_FETCH;
	begin_call(job, url, FILE_TIMEOUT_MS);
	if (job->step == STEP_FETCH) {
		(void)curl_easy_setopt(job->call.easy, CURLOPT_WRITEFUNCTION, take_bytes);
		(void)curl_easy_setopt(job->call.easy, CURLOPT_WRITEDATA, job);
	}
	run_call(job);
}

static void after_ask(struct job *job)
{
	char text[300];
	json_t *json = json_loadb(job->call.answer.data ? job->call.answer.data : "", job->call.answer.len, 0, NULL);
	json_t *size = json_object_get(json, "file_size");

	if (job->call.result != CURLE_OK || job->call.http_status != 200) {
		try_again(job, reason_of(job, json, text, sizeof(text)));
	} else if (json_is_integer(size) && json_integer_value(size) > job->files->options->media_max_bytes) {
		give_up(job, "The file is larger than this server takes.");
	} else {
		fetch(job, json);
	}
	json_decref(json);
}

/* A 404 means that the URL's five minutes are over: the next try asks for a new one ("Media", Retrieve media URL). */
static void after_fetch(struct job *job)
{
	unsigned char sha256[CW_SHA256_BYTES];
	struct cw_store_media_move move = { .outcome = CW_MEDIA_READY,
					    .mime_type = job->mime_type[0] ? job->mime_type : NULL };
	char text[300];

	if (job->call.result != CURLE_OK || job->call.http_status != 200) {
		if (job->error.status == CW_TOO_LARGE) {
			give_up(job, "The file is larger than this server takes.");
		} else {
			try_again(job, reason_of(job, NULL, text, sizeof(text)));
		}
		return;
	}
	enum cw_status status = cw_media_commit(job->writer, sha256, &move.size_bytes, &job->error);

	job->writer = NULL;
	if (status != CW_OK) {
		try_again(job, job->error.text);
	} else if (job->has_sha256 && memcmp(sha256, job->sha256, sizeof(sha256)) != 0) {
		try_again(job, "The file that came is not the one that was announced: its SHA-256 differs.");
	} else {
		memcpy(move.sha256, sha256, sizeof(sha256));
		job->files->fetched++;
		store(job, &move);
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

static bool add_file(struct job *job)
{
	curl_mimepart *part = curl_mime_addpart(job->form);

	return part && curl_mime_name(part, "file") == CURLE_OK && curl_mime_type(part, job->mime_type) == CURLE_OK &&
	       curl_mime_filename(part, job->filename[0] ? job->filename : "file") == CURLE_OK &&
	       curl_mime_data_cb(part, (curl_off_t)job->size_bytes, read_file, NULL, NULL, job->upload) == CURLE_OK;
}

static void upload(struct job *job)
{
	char url[600];
	char path[PATH_MAX];

	job->step = STEP_UPLOAD;
	if (!cw_media_path(job->files->options->media_dir, job->sha256, path, sizeof(path)) ||
	    !(job->upload = fopen(path, "re"))) {
		give_up(job, "The file is no longer on the server's disk.");
		return;
	}
	if (!cw_text_format(url, sizeof(url), "%s/%s/media", job->files->options->graph_url, job->phone_number_id)) {
		give_up(job, "graph_url is too long");
		return;
	}
	begin_call(job, url, FILE_TIMEOUT_MS);
	if (job->step != STEP_UPLOAD) {
		return;
	}
	job->form = curl_mime_init(job->call.easy);
	if (!job->form || !add_part(job->form, "messaging_product", "whatsapp") ||
	    !add_part(job->form, "type", job->mime_type) || !add_file(job)) {
		try_again(job, "out of memory");
		return;
	}
	(void)curl_easy_setopt(job->call.easy, CURLOPT_MIMEPOST, job->form);
	run_call(job);
}

static void after_upload(struct job *job)
{
	char text[300];
	json_t *json = json_loadb(job->call.answer.data ? job->call.answer.data : "", job->call.answer.len, 0, NULL);
	const char *id = json_string_value(json_object_get(json, "id"));
	const json_t *code = json_object_get(json_object_get(json, "error"), "code");

	if (id && cw_text_copy(job->target, sizeof(job->target), id)) {
		job->files->uploaded++;
		store(job, &(struct cw_store_media_move){ .outcome = CW_MEDIA_UPLOADED, .target = job->target });
	} else if (json_integer_value(code) == 100 || json_integer_value(code) == 131053) {
		give_up(job, reason_of(job, json, text, sizeof(text)));
	} else {
		try_again(job, reason_of(job, json, text, sizeof(text)));
	}
	json_decref(json);
}

/* ---- what is due ---- */

static void copy_text(char *out, size_t size, const char *text)
{
	if (!cw_text_copy(out, size, text ? text : "")) {
		out[0] = '\0'; /* longer than anything that the store keeps */
	}
}

static bool on_due(void *context, const struct cw_media_job *due)
{
	struct files *files = context;

	for (const struct job *job = files->jobs; job; job = job->next) {
		if (job->id == due->id) {
			return true;
		}
	}
	struct job *job = files->n_jobs < MAX_UNDER_WAY ? calloc(1, sizeof(*job)) : NULL;

	if (!job) {
		return false;
	}
	*job = (struct job){ .files = files,
			     .id = due->id,
			     .tries = due->tries,
			     .created_at_ms = due->created_at_ms,
			     .size_bytes = due->size_bytes,
			     .has_sha256 = due->has_sha256,
			     .next = files->jobs };
	memcpy(job->sha256, due->sha256, sizeof(job->sha256));
	copy_text(job->phone_number_id, sizeof(job->phone_number_id), due->phone_number_id);
	copy_text(job->source, sizeof(job->source), due->source);
	copy_text(job->mime_type, sizeof(job->mime_type), due->mime_type);
	copy_text(job->filename, sizeof(job->filename), due->filename);
	copy_text(job->tag, sizeof(job->tag), due->tag);
	files->jobs = job;
	files->n_jobs++;
	return true;
}

static void begin(struct job *job)
{
	if (!tokens_read(job->files->options->tokens_dir, job->phone_number_id, job->token)) {
		try_again(job, "The number has no access token yet; `convwire number set-token` sets one.");
	} else if (job->source[0]) {
		ask(job);
	} else {
		upload(job);
	}
}

/* The disk is for messages first. */
static bool disk_allows(struct files *files)
{
	bool is_full = cw_media_is_full(files->options->media_dir, files->options->media_min_free_bytes);

	if (is_full != files->is_stopped) {
		files->is_stopped = is_full;
		if (is_full) {
			cw_log_error("the disk is nearly full: customers' files are not fetched until some space is free");
		} else {
			cw_log_info("customers' files are fetched again");
		}
	}
	return !is_full;
}

static void look(struct files *files)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	int64_t next_due_ms = CW_STORE_NEVER;
	struct job *known = files->jobs;
	int64_t now_ms = cw_clock_monotonic_ms();

	files->look_at_ms = now_ms + IDLE_MS;
	if (!disk_allows(files)) {
		files->look_at_ms = now_ms + FULL_DISK_MS;
		return;
	}
	enum cw_status status = cw_reader_acquire(files->store, &reader, &error);

	if (status == CW_OK) {
		status = cw_store_next_media(reader, cw_clock_now_ms(), 2LL * MAX_UNDER_WAY, on_due, files,
					     &next_due_ms, &error);
		cw_reader_release(reader);
	}
	if (status != CW_OK) {
		cw_log_error("files: %s; retrying", error.text);
		files->look_at_ms = now_ms + TROUBLE_MS;
	} else if (next_due_ms != CW_STORE_NEVER && next_due_ms - cw_clock_now_ms() < IDLE_MS) {
		files->look_at_ms = now_ms + next_due_ms - cw_clock_now_ms();
	}
	for (struct job *job = files->jobs, *next; job != known; job = next) {
		next = job->next;
		begin(job);
	}
}

/* ---- the loop ---- */

static void take_stored(struct files *files)
{
	(void)pthread_mutex_lock(&files->lock);
	struct job *stored = files->stored;

	files->stored = NULL;
	(void)pthread_mutex_unlock(&files->lock);
	for (struct job *next = NULL; stored; stored = next) {
		next = stored->next_done;
		after_store(stored);
		files->look_at_ms = 0; /* there is room for another */
	}
}

static void take_answers(struct files *files)
{
	int n_running = 0;
	struct graph_call *call = NULL;

	(void)curl_multi_perform(files->multi, &n_running); /* errors are the transfers' own */
	while ((call = graph_next_done(files->multi))) {
		struct job *job = call->owner;

		job->is_on_the_wire = false;
		if (job->step == STEP_ASK) {
			after_ask(job);
		} else if (job->step == STEP_FETCH) {
			after_fetch(job);
		} else {
			after_upload(job);
		}
	}
}

static void retry_stores(struct files *files)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	for (struct job *job = files->jobs; job; job = job->next) {
		if (job->retry_at_ms && now_ms >= job->retry_at_ms) {
			submit(job);
		}
	}
}

static void *run(void *context)
{
	struct files *files = context;
	bool is_stopping = false;
	bool is_woken = true;

	while (!is_stopping) {
		take_stored(files);
		take_answers(files);
		retry_stores(files);
		if (is_woken || cw_clock_monotonic_ms() >= files->look_at_ms) {
			look(files);
		}
		int64_t wait_ms = files->look_at_ms - cw_clock_monotonic_ms();

		wait_ms = files->n_jobs > 0 && wait_ms > TROUBLE_MS ? TROUBLE_MS : wait_ms;
		(void)pthread_mutex_lock(&files->lock);
		bool has_work = files->is_woken || files->stored || files->is_stopping;

		(void)pthread_mutex_unlock(&files->lock);
		if (!has_work) {
			(void)curl_multi_poll(files->multi, NULL, 0, wait_ms < 1 ? 1 : (int)wait_ms, NULL);
		}
		(void)pthread_mutex_lock(&files->lock);
		is_stopping = files->is_stopping;
		is_woken = files->is_woken;
		files->is_woken = false;
		(void)pthread_mutex_unlock(&files->lock);
	}
	return NULL;
}
