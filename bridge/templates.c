/* SPDX-License-Identifier: MIT */
#include "bridge/templates.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/graph.h"
#include "bridge/tokens.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "store/read_sending.h"

#define TIMEOUT_MS 30000
/* A page of this many fits into GRAPH_MAX_ANSWER, however long their texts are. */
#define PER_PAGE "20"
#define MAX_PAGES 500
#define SERVER_MAX 300
/* The store wakes the bridge for every message: it is asked this often at most. */
#define LOOK_EVERY_MS 1000
/* After an error. Nobody waits for it: the templates known so far are used until then. */
#define TROUBLE_MS 60000

struct templates {
	const struct bridge_options *options;
	struct cw_store *store;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_stopping;

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t changed;
	bool is_woken;
};

/* ---- fetching ---- */

/* libcurl calls this at least once a second; a result other than 0 ends the call. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const atomic_bool *is_stopping = context;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return is_stopping && atomic_load(is_stopping);
}

/* One page of the list; a new reference. */
static enum cw_status fetch_page(const char *url, const char *token, const atomic_bool *is_stopping, json_t **ret_page,
				 struct cw_error *reterr)
{
	struct graph_call call;
	long status = 0;

	if (graph_call_init(&call, "GET", url, token, NULL, TIMEOUT_MS, NULL) != CW_OK) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	(void)curl_easy_setopt(call.easy, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(call.easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(call.easy, CURLOPT_XFERINFODATA, is_stopping);
	CURLcode result = curl_easy_perform(call.easy);
	json_t *page = json_loadb(call.answer.data ? call.answer.data : "", call.answer.len, 0, NULL);
	const char *message = json_string_value(json_object_get(json_object_get(page, "error"), "message"));
	enum cw_status answer = CW_OK;

	(void)curl_easy_getinfo(call.easy, CURLINFO_RESPONSE_CODE, &status);
	if (result != CURLE_OK) {
		answer = cw_error_set(reterr, CW_BUSY, "WhatsApp cannot be reached: %s", curl_easy_strerror(result));
	} else if (status != 200 || !json_is_array(json_object_get(page, "data"))) {
		answer = cw_error_set(reterr, CW_DENIED, "WhatsApp answered %ld: %.200s", status,
				      message ? message : "not a Graph API response");
	}
	graph_call_finish(&call);
	if (answer != CW_OK) {
		json_decref(page);
		return answer;
	}
	*ret_page = page;
	return CW_OK;
}

/* Scheme, host and port, into out; "" if it is not a URL. */
static void server_of(const char *url, char out[SERVER_MAX])
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	bool is_url = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		      curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (!is_url || !cw_text_format(out, SERVER_MAX, "%s://%s:%s", scheme, host, port)) {
		out[0] = '\0';
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
}

/* The next page's URL, if there is one on the same server: the token is sent with it. */
static bool next_url(const json_t *page, const char *graph_url, char *url, size_t size)
{
	const char *next = json_string_value(json_object_get(json_object_get(page, "paging"), "next"));
	char ours[SERVER_MAX];
	char theirs[SERVER_MAX];

	if (!next || !cw_text_copy(url, size, next)) {
		return false;
	}
	server_of(graph_url, ours);
	server_of(next, theirs);
	return ours[0] && strcmp(ours, theirs) == 0;
}

enum cw_status templates_fetch(const char *graph_url, const char *waba_id, const char *token,
			       const atomic_bool *is_stopping, json_t *rows, struct cw_error *reterr)
{
	char url[2000];
	bool has_more = cw_text_format(
		url, sizeof(url),
		"%s/%s/message_templates?fields=name,language,status,category,components,quality_score&limit=" PER_PAGE,
		graph_url, waba_id);
	enum cw_status status = CW_OK;

	for (int i = 0; i < MAX_PAGES && has_more && status == CW_OK; i++) {
		json_t *page = NULL;

		status = fetch_page(url, token, is_stopping, &page, reterr);
		if (status == CW_OK && json_array_extend(rows, json_object_get(page, "data")) != 0) {
			status = cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
		has_more = status == CW_OK && next_url(page, graph_url, url, sizeof(url));
		json_decref(page);
	}
	return status;
}

/* ---- the thread ---- */

/* [{"account","waba_id","phone_number_id"}], in the order in which they became due. */
static bool on_due(void *context, const char *account, const char *waba_id, const char *phone_number_id)
{
	return json_array_append_new(context, json_pack("{s:s, s:s, s:s}", "account", account, "waba_id", waba_id,
							"phone_number_id", phone_number_id)) == 0;
}

static void find_due(struct templates *templates, json_t *due)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;

	if (cw_reader_acquire(templates->store, &reader, &error) == CW_OK) {
		if (cw_store_due_templates(reader, on_due, due, &error) != CW_OK) {
			(void)json_array_clear(due); /* the next look finds them */
		}
		cw_reader_release(reader);
	}
}

static const char *text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static enum cw_status fetch_one(struct templates *templates, const json_t *row, const char *token, struct cw_error *reterr)
{
	json_t *rows = json_array();
	struct cw_store_op op = { .type = CW_STORE_TEMPLATES,
				  .templates = { .account = text_of(row, "account"),
						 .waba_id = text_of(row, "waba_id"),
						 .rows = rows,
						 .asked_at_ms = cw_clock_now_ms() } };
	enum cw_status status = templates_fetch(templates->options->graph_url, text_of(row, "waba_id"), token,
						&templates->is_stopping, rows, reterr);

	if (status == CW_OK) {
		status = cw_store_run(templates->store, &op);
		*reterr = op.error;
	}
	json_decref(rows);
	return status;
}

/* Fetches what is due, each WABA with the first of its numbers' tokens that may. true: nothing is left. */
static bool work(struct templates *templates)
{
	char token[TOKEN_MAX + 1];
	json_t *due = json_array();
	json_t *done = json_object(); /* account and WABA → whether it was fetched */
	char name[CW_ACCOUNT_MAX + 100];
	struct cw_error error;
	bool is_done = true;
	const char *key;
	size_t index;
	json_t *row;

	find_due(templates, due);
	json_array_foreach(due, index, row)
	{
		const char *waba_id = text_of(row, "waba_id");

		if (atomic_load(&templates->is_stopping) ||
		    !cw_text_format(name, sizeof(name), "%s %s", text_of(row, "account"), waba_id) ||
		    json_is_true(json_object_get(done, name)) ||
		    !tokens_read(templates->options->tokens_dir, text_of(row, "phone_number_id"), token)) {
			continue;
		}
		bool is_fetched = fetch_one(templates, row, token, &error) == CW_OK;

		if (is_fetched) {
			cw_log_info("fetched the templates of WhatsApp Business Account %s", waba_id);
		} else if (!atomic_load(&templates->is_stopping)) {
			cw_log_warn(
				"the templates of WhatsApp Business Account %s cannot be fetched: %s; tried again in a minute",
				waba_id, error.text);
		}
		(void)json_object_set_new(done, name, json_boolean(is_fetched)); /* without memory, it is fetched twice */
	}
	explicit_bzero(token, sizeof(token));
	json_object_foreach(done, key, row)
	{
		is_done = is_done && json_is_true(row);
	}
	json_decref(done);
	json_decref(due);
	return is_done;
}

static void wait_until(struct templates *templates, int64_t earliest_ms, int64_t latest_ms)
{
	(void)pthread_mutex_lock(&templates->lock);
	for (;;) {
		int64_t now_ms = cw_clock_monotonic_ms();
		int64_t until_ms = templates->is_woken ? earliest_ms : latest_ms;

		if (atomic_load(&templates->is_stopping) || now_ms >= until_ms) {
			break;
		}
		if (until_ms == INT64_MAX) {
			(void)pthread_cond_wait(&templates->changed, &templates->lock);
		} else {
			struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };

			(void)pthread_cond_timedwait(&templates->changed, &templates->lock, &until);
		}
	}
	templates->is_woken = false;
	(void)pthread_mutex_unlock(&templates->lock);
}

static void *run(void *context)
{
	struct templates *templates = context;

	while (!atomic_load(&templates->is_stopping)) {
		bool is_done = work(templates);
		int64_t now_ms = cw_clock_monotonic_ms();

		if (is_done) {
			wait_until(templates, now_ms + LOOK_EVERY_MS, INT64_MAX);
		} else {
			wait_until(templates, now_ms + TROUBLE_MS, now_ms + TROUBLE_MS);
		}
	}
	return NULL;
}

/* ---- lifetime ---- */

struct templates *templates_create(const struct bridge_options *options)
{
	struct templates *templates = calloc(1, sizeof(*templates));
	pthread_condattr_t monotonic;

	if (!templates) {
		return NULL;
	}
	templates->options = options;
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&templates->lock, NULL);
	(void)pthread_cond_init(&templates->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return templates;
}

enum cw_status templates_start(struct templates *templates, struct cw_store *store, struct cw_error *reterr)
{
	templates->store = store;
	if (pthread_create(&templates->thread, NULL, run, templates) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "cannot start the thread for templates");
	}
	templates->has_thread = true;
	return CW_OK;
}

void templates_stop(struct templates *templates)
{
	if (!templates || !templates->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&templates->lock);
	atomic_store(&templates->is_stopping, true);
	(void)pthread_cond_signal(&templates->changed);
	(void)pthread_mutex_unlock(&templates->lock);
	(void)pthread_join(templates->thread, NULL);
	templates->has_thread = false;
}

void templates_destroy(struct templates *templates)
{
	if (!templates) {
		return;
	}
	templates_stop(templates);
	(void)pthread_mutex_destroy(&templates->lock);
	(void)pthread_cond_destroy(&templates->changed);
	free(templates);
}

void templates_wake(struct templates *templates)
{
	(void)pthread_mutex_lock(&templates->lock);
	if (!templates->is_woken) {
		templates->is_woken = true;
		(void)pthread_cond_signal(&templates->changed);
	}
	(void)pthread_mutex_unlock(&templates->lock);
}
