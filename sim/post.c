/* SPDX-License-Identifier: MIT */
#include "sim/post.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <openssl/hmac.h>

#include "core/buf.h"
#include "sim/world.h"

#define WABA "102290129340398"
#define MAX_BODY (8 * 1024 * 1024)
#define MIN_AGAIN_MS 200
#define MAX_AGAIN_MS 5000

/* A webhook or an answer, waiting to be sent. */
struct item {
	int64_t due_ms;
	int64_t order; /* keeps items with equal times in order */
	int64_t again_ms;
	json_t *webhook;
	struct cw_http_request *request;
	int status;
	json_t *answer;
	struct item *next;
};

/* A queue of items ordered by time, and its thread. */
struct line {
	struct item *first;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread;
};

struct post {
	char *url, *secret;
	pthread_mutex_t lock; /* guards the members below */
	struct line webhooks, answers;
	bool is_stopping;
	int64_t n_items;
	struct post_counts counts;
};

/* ---- JSON as Meta writes it ---- */

/* jansson writes upper-case hex digits, Meta lower-case. */
static enum cw_status put_code_point(struct cw_buf *out, const char *escape)
{
	char small[7] = "\\u0000";

	for (int i = 2; i < 6; i++) {
		small[i] = (char)(escape[i] >= 'A' && escape[i] <= 'F' ? escape[i] + ('a' - 'A') : escape[i]);
	}
	return cw_buf_append_text(out, small);
}

static enum cw_status put_character(struct cw_buf *out, const char **text)
{
	const char *c = *text;

	if (c[0] != '\\') {
		*text += 1;
		return strchr("<%@", c[0]) ? cw_buf_append_format(out, "\\u%04X", (unsigned)c[0]) :
					     cw_buf_append(out, c, 1);
	}
	*text += c[1] == 'u' ? 6 : 2;
	return c[1] == 'u' ? put_code_point(out, c) : cw_buf_append(out, c, 2);
}

char *post_write(const json_t *webhook)
{
	char *text = json_dumps(webhook, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH);
	struct cw_buf out;
	enum cw_status status = text ? CW_OK : CW_NOMEM;

	cw_buf_init(&out, MAX_BODY);
	for (const char *c = text; status == CW_OK && *c;) {
		status = put_character(&out, &c);
	}
	free(text);
	if (status != CW_OK) {
		cw_buf_finish(&out);
		return NULL;
	}
	return cw_buf_take(&out);
}

/* ---- posting ---- */

static size_t ignore_answer(char *data, size_t size, size_t n, void *context)
{
	(void)data;
	(void)context;
	return size * n;
}

static void sign(const struct post *post, const char *body, char out[128])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	(void)snprintf(out, 128, "X-Hub-Signature-256: sha256=");
	if (HMAC(EVP_sha256(), post->secret, (int)strlen(post->secret), (const unsigned char *)body, strlen(body),
		 digest, &len)) {
		for (unsigned i = 0; i < len; i++) {
			(void)snprintf(out + strlen(out), 128 - strlen(out), "%02x", digest[i]);
		}
	}
}

/* Posts a webhook. true: answered with 200. */
static bool send_webhook(struct post *post, CURL *curl, const json_t *webhook)
{
	char signature[128];
	char url[300];
	char *body = post_write(webhook);
	long status = 0;

	if (!body) {
		return false;
	}
	sign(post, body, signature);
	(void)pthread_mutex_lock(&post->lock);
	(void)snprintf(url, sizeof(url), "%s", post->url); /* a longer one was refused */
	(void)pthread_mutex_unlock(&post->lock);
	struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, signature),
						       "Content-Type: application/json");

	headers = curl_slist_append(headers, "Expect:");
	(void)curl_easy_setopt(curl, CURLOPT_URL, url); /* these only fail when out of memory */
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_answer);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	CURLcode result = curl_easy_perform(curl);

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	free(body);
	return result == CURLE_OK && status == 200;
}

/* ---- the queues ---- */

/* The lock must be held. */
static void put(struct post *post, struct line *line, struct item *item)
{
	struct item **link = &line->first;

	item->order = post->n_items++;
	while (*link &&
	       ((*link)->due_ms < item->due_ms || ((*link)->due_ms == item->due_ms && (*link)->order < item->order))) {
		link = &(*link)->next;
	}
	item->next = *link;
	*link = item;
	(void)pthread_cond_signal(&line->changed);
}

static void item_destroy(struct item *item)
{
	json_decref(item->webhook);
	json_decref(item->answer);
	free(item);
}

/* Waits for the next item that is due. NULL when stopping. */
static struct item *take(struct post *post, struct line *line)
{
	struct item *item = NULL;

	(void)pthread_mutex_lock(&post->lock);
	while (!post->is_stopping && !item) {
		int64_t now_ms = sim_now_ms();

		if (!line->first) {
			(void)pthread_cond_wait(&line->changed, &post->lock);
		} else if (line->first->due_ms > now_ms) {
			const struct timespec until = { .tv_sec = line->first->due_ms / 1000,
							.tv_nsec = line->first->due_ms % 1000 * 1000000 };

			(void)pthread_cond_timedwait(&line->changed, &post->lock, &until);
		} else {
			item = line->first;
			line->first = item->next;
		}
	}
	(void)pthread_mutex_unlock(&post->lock);
	return item;
}

static void *run_webhooks(void *context)
{
	struct post *post = context;
	CURL *curl = curl_easy_init();
	struct item *item = NULL;

	while (curl && (item = take(post, &post->webhooks))) {
		bool is_taken = send_webhook(post, curl, item->webhook);

		(void)pthread_mutex_lock(&post->lock);
		post->counts.posted += is_taken;
		post->counts.refused += !is_taken;
		if (!is_taken) {
			item->again_ms = item->again_ms ? 2 * item->again_ms : MIN_AGAIN_MS;
			item->again_ms = item->again_ms > MAX_AGAIN_MS ? MAX_AGAIN_MS : item->again_ms;
			item->due_ms = sim_now_ms() + item->again_ms;
			put(post, &post->webhooks, item);
		} else {
			post->counts.waiting--;
		}
		(void)pthread_mutex_unlock(&post->lock);
		if (is_taken) {
			item_destroy(item);
		}
	}
	curl_easy_cleanup(curl);
	return NULL;
}

static void answer(struct item *item)
{
	if (item->answer) {
		cw_http_answer_json(item->request, item->status, json_incref(item->answer));
	} else {
		cw_http_drop(item->request);
	}
	item_destroy(item);
}

static void *run_answers(void *context)
{
	struct post *post = context;
	struct item *item = NULL;

	while ((item = take(post, &post->answers))) {
		answer(item);
	}
	return NULL;
}

/* ---- lifetime ---- */

struct post *post_create(const char *url, const char *secret)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post) {
		return NULL;
	}
	post->url = strdup(url);
	post->secret = strdup(secret);
	(void)pthread_mutex_init(&post->lock, NULL); /* glibc's cannot fail, nor can the two below */
	(void)pthread_cond_init(&post->webhooks.changed, NULL);
	(void)pthread_cond_init(&post->answers.changed, NULL);
	if (post->url && post->secret) {
		post->webhooks.has_thread = pthread_create(&post->webhooks.thread, NULL, run_webhooks, post) == 0;
		post->answers.has_thread = pthread_create(&post->answers.thread, NULL, run_answers, post) == 0;
	}
	if (!post->webhooks.has_thread || !post->answers.has_thread) {
		post_destroy(post);
		return NULL;
	}
	return post;
}

static void end_line(struct line *line, bool gives_answers)
{
	if (line->has_thread) {
		(void)pthread_join(line->thread, NULL);
	}
	line->has_thread = false;
	for (struct item *item = line->first, *next; item; item = next) {
		next = item->next;
		if (gives_answers) {
			answer(item);
		} else {
			item_destroy(item);
		}
	}
	line->first = NULL;
}

void post_stop(struct post *post)
{
	(void)pthread_mutex_lock(&post->lock);
	post->is_stopping = true;
	(void)pthread_cond_broadcast(&post->webhooks.changed);
	(void)pthread_cond_broadcast(&post->answers.changed);
	(void)pthread_mutex_unlock(&post->lock);
	end_line(&post->webhooks, false);
	end_line(&post->answers, true);
}

void post_destroy(struct post *post)
{
	if (!post) {
		return;
	}
	post_stop(post);
	(void)pthread_cond_destroy(&post->webhooks.changed);
	(void)pthread_cond_destroy(&post->answers.changed);
	(void)pthread_mutex_destroy(&post->lock);
	free(post->url);
	free(post->secret);
	free(post);
}

/* Queues the item, unless stopping. */
static bool offer(struct post *post, struct line *line, struct item *item, int64_t n_waiting)
{
	(void)pthread_mutex_lock(&post->lock);
	bool is_taken = !post->is_stopping;

	if (is_taken) {
		post->counts.waiting += n_waiting;
		put(post, line, item);
	}
	(void)pthread_mutex_unlock(&post->lock);
	return is_taken;
}

/* ---- interface ---- */

void post_set_url(struct post *post, const char *url)
{
	char *copy = strlen(url) < 300 ? strdup(url) : NULL;

	(void)pthread_mutex_lock(&post->lock);
	if (copy) {
		free(post->url);
		post->url = copy;
	}
	(void)pthread_mutex_unlock(&post->lock);
}

void post_webhook(struct post *post, json_t *webhook, int64_t delay_ms)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item || !webhook) {
		json_decref(webhook);
		free(item);
		return;
	}
	*item = (struct item){ .due_ms = sim_now_ms() + delay_ms, .webhook = webhook };
	if (!offer(post, &post->webhooks, item, 1)) {
		item_destroy(item);
	}
}

void post_value(struct post *post, const char *field, json_t *value, int64_t delay_ms)
{
	post_webhook(post,
		     json_pack("{s:s, s:[{s:s, s:[{s:s, s:o}]}]}", "object", "whatsapp_business_account", "entry", "id",
			       WABA, "changes", "field", field, "value", value),
		     delay_ms);
}

void post_answer(struct post *post, struct cw_http_request *request, int status, json_t *json, int64_t delay_ms)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item) {
		cw_http_answer_json(request, status, json);
		return;
	}
	*item = (struct item){ .due_ms = sim_now_ms() + delay_ms, .request = request, .status = status, .answer = json };
	if (!offer(post, &post->answers, item, 0)) {
		answer(item);
	}
}

void post_counts(struct post *post, struct post_counts *ret_counts)
{
	(void)pthread_mutex_lock(&post->lock);
	*ret_counts = post->counts;
	(void)pthread_mutex_unlock(&post->lock);
}
