/* SPDX-License-Identifier: MIT */
#include "ingest/heads.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/clock.h"
#include "core/text.h"
#include "core/topic.h"

#define HEAD_ID 0 /* heads are not events; their acknowledgements are not awaited */

/* In a tree by name for lookups, and in a list for iterating. */
struct heads {
	void *by_account; /* tsearch tree of struct head */
	struct head **list;
	size_t n;
};

static int compare(const void *one, const void *other)
{
	return strcmp(((const struct head *)one)->account, ((const struct head *)other)->account);
}

static void leave_to_list(void *head)
{
	(void)head; /* freed with the list */
}

struct heads *heads_create(void)
{
	return calloc(1, sizeof(struct heads));
}

void heads_destroy(struct heads *heads)
{
	if (!heads) {
		return;
	}
	tdestroy(heads->by_account, leave_to_list);
	for (size_t i = 0; i < heads->n; i++) {
		free(heads->list[i]);
	}
	free(heads->list);
	free(heads);
}

static struct head *add(struct heads *heads, const struct head *key)
{
	struct head **list = realloc(heads->list, (heads->n + 1) * sizeof(*list));
	struct head *head = list ? malloc(sizeof(*head)) : NULL;

	if (list) {
		heads->list = list;
	}
	if (!head) {
		return NULL;
	}
	*head = *key;
	if (!tsearch(head, &heads->by_account, compare)) {
		free(head);
		return NULL;
	}
	heads->list[heads->n++] = head;
	return head;
}

struct head *heads_get(struct heads *heads, const char *account, const char *epoch)
{
	struct head key = { .seq = 0 };

	if (!cw_text_copy(key.account, sizeof(key.account), account) ||
	    !cw_text_copy(key.epoch, sizeof(key.epoch), epoch)) {
		return NULL;
	}
	struct head **found = tfind(&key, &heads->by_account, compare);

	return found ? *found : add(heads, &key);
}

void heads_forget_said(struct heads *heads)
{
	for (size_t i = 0; i < heads->n; i++) {
		heads->list[i]->said_at_ms = 0;
	}
}

static int64_t due_in_ms(const struct head *head, int64_t now_ms)
{
	if (head->said_at_ms == 0) {
		return 0;
	}
	int64_t interval_ms = head->seq == head->said_seq ? HEADS_MAX_INTERVAL_MS : HEADS_MIN_INTERVAL_MS;

	return head->said_at_ms + interval_ms - now_ms;
}

struct head *heads_next_due(struct heads *heads, int64_t now_ms, int64_t *ret_wait_ms)
{
	int64_t wait_ms = HEADS_MAX_INTERVAL_MS;

	for (size_t i = 0; i < heads->n; i++) {
		int64_t in_ms = due_in_ms(heads->list[i], now_ms);

		if (in_ms <= 0) {
			*ret_wait_ms = 0;
			return heads->list[i];
		}
		wait_ms = in_ms < wait_ms ? in_ms : wait_ms;
	}
	*ret_wait_ms = wait_ms;
	return NULL;
}

enum cw_status heads_render(const struct head *head, int64_t at_ms, struct cw_buf *out)
{
	json_t *json = json_pack("{s:s, s:I, s:I}", "epoch", head->epoch, "seq", (json_int_t)head->seq, "at",
				 (json_int_t)at_ms);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	cw_buf_reset(out);
	enum cw_status status = text ? cw_buf_append_text(out, text) : CW_NOMEM;

	free(text);
	json_decref(json);
	return status;
}

struct loading {
	struct heads *heads;
	enum heads_load_mode mode;
	bool has_failed;
};

static bool on_account(void *context, const struct cw_account *account)
{
	struct loading *loading = context;
	struct head *head = heads_get(loading->heads, account->name, account->epoch);

	if (!head) {
		loading->has_failed = true;
		return false;
	}
	if (account->head > head->newest_seq) {
		head->newest_seq = account->head;
	}
	/* Clients that connect now fetch up to this seq; they drop what is published later but is not newer. */
	if (loading->mode == HEADS_LOAD_CONNECTED || head->seq == 0) {
		memcpy(head->epoch, account->epoch, sizeof(head->epoch));
		head->seq = account->head;
	}
	return true;
}

enum cw_status heads_load(struct heads *heads, struct cw_reader *reader, enum heads_load_mode mode,
			  struct cw_error *reterr)
{
	struct loading loading = { .heads = heads, .mode = mode };
	enum cw_status status = cw_store_accounts(reader, on_account, &loading, reterr);

	if (mode == HEADS_LOAD_CONNECTED) {
		heads_forget_said(heads);
	}
	return status == CW_OK && loading.has_failed ? cw_error_set(reterr, CW_NOMEM, "out of memory") : status;
}

int64_t heads_say(struct heads *heads, struct cw_mqtt *mqtt, struct cw_buf *payload)
{
	struct cw_topic topic = { .kind = CW_TOPIC_HEAD };
	char text[CW_TOPIC_MAX + 1];
	int64_t wait_ms = 0;
	int64_t now_ms = cw_clock_monotonic_ms();
	struct head *head = NULL;

	while ((head = heads_next_due(heads, now_ms, &wait_ms))) {
		memcpy(topic.account, head->account, sizeof(topic.account));
		if (cw_topic_make(&topic, text) != CW_OK || heads_render(head, cw_clock_now_ms(), payload) != CW_OK ||
		    cw_mqtt_publish(mqtt, text, payload->data, payload->len, true, HEAD_ID) != CW_OK) {
			return HEADS_MIN_INTERVAL_MS; /* no room until the next acknowledgement */
		}
		head->said_seq = head->seq;
		head->said_at_ms = now_ms;
	}
	return wait_ms;
}
