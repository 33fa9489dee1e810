/* SPDX-License-Identifier: MIT */
#include "ingest/feeds.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/clock.h"
#include "core/text.h"
#include "core/topic.h"
#include "ingest/heads.h"

#define FEED_ID 0 /* feeds are not events; their acknowledgements are not awaited */
#define NOTE_AGAIN_MS (60 * 60 * 1000LL)
/* With more changes than this at once, clients use /sync, which lists them all. */
#define MAX_CHANGES 100

struct feed {
	struct cw_token token; /* without has_token: only account and subject */
	bool has_token, is_limited;
	char epoch[CW_EPOCH_TEXT];
	int64_t seq;
	int64_t n_events; /* published for it since it began */
	bool is_new;      /* seq and epoch have not been read yet */
	bool has_changed;
	json_t *gained, *lost; /* since it was last published; NULL: too many, or unknown what was received */
	int64_t said_at_ms;    /* when it was last published, monotonic; 0: not since it began */
	int64_t synced_at_ms, noted_at_ms;
};

struct feeds {
	feeds_sees_fn sees;
	void *sees_context;
	struct feed **list;
	size_t n;
	bool has_new;
};

struct feeds *feeds_create(feeds_sees_fn sees, void *sees_context)
{
	struct feeds *feeds = calloc(1, sizeof(*feeds));

	if (feeds) {
		feeds->sees = sees;
		feeds->sees_context = sees_context;
	}
	return feeds;
}

static void free_feed(struct feed *feed)
{
	cw_token_finish(&feed->token);
	json_decref(feed->gained);
	json_decref(feed->lost);
	free(feed);
}

void feeds_destroy(struct feeds *feeds)
{
	if (!feeds) {
		return;
	}
	for (size_t i = 0; i < feeds->n; i++) {
		free_feed(feeds->list[i]);
	}
	free(feeds->list);
	free(feeds);
}

/* ---- finding and creating feeds ---- */

static struct feed *find(struct feeds *feeds, const char *account, const char *subject)
{
	for (size_t i = 0; i < feeds->n; i++) {
		if (strcmp(feeds->list[i]->token.subject, subject) == 0 &&
		    strcmp(feeds->list[i]->token.account, account) == 0) {
			return feeds->list[i];
		}
	}
	return NULL;
}

static void begin_anew(struct feeds *feeds, struct feed *feed)
{
	feed->is_new = feeds->has_new = true;
	feed->n_events = 0;
	feed->said_at_ms = 0;
	(void)json_array_clear(feed->gained); /* fails only if it is not an array */
	(void)json_array_clear(feed->lost);
}

/* Finds or creates a feed. NULL when out of memory. */
static struct feed *get(struct feeds *feeds, const char *account, const char *subject)
{
	struct feed *feed = find(feeds, account, subject);

	if (feed) {
		return feed;
	}
	struct feed **list = realloc(feeds->list, (feeds->n + 1) * sizeof(struct feed *));

	if (!list) {
		return NULL;
	}
	feeds->list = list;
	feed = calloc(1, sizeof(*feed));
	if (!feed || !cw_text_copy(feed->token.account, sizeof(feed->token.account), account) ||
	    !cw_text_copy(feed->token.subject, sizeof(feed->token.subject), subject)) {
		free(feed);
		return NULL;
	}
	feed->gained = json_array();
	feed->lost = json_array();
	feed->is_limited = true;
	feeds->list[feeds->n++] = feed;
	begin_anew(feeds, feed);
	return feed;
}

bool feeds_note_sync(struct feeds *feeds, const struct cw_token *token, bool is_limited, int64_t now_ms)
{
	struct feed *feed = get(feeds, token->account, token->subject);

	if (!feed) {
		return false; /* out of memory: the client asks again when it gets no feed */
	}
	struct cw_claim *claim = cw_claim_ref(token->claim);

	cw_token_finish(&feed->token);
	feed->token = *token;
	feed->token.claim = claim;
	feed->has_token = true;
	feed->is_limited = is_limited;
	feed->synced_at_ms = now_ms;
	bool must_note = is_limited && now_ms - feed->noted_at_ms > NOTE_AGAIN_MS;

	feed->noted_at_ms = must_note ? now_ms : feed->noted_at_ms;
	return must_note;
}

static bool on_stored(void *context, const char *account, const char *subject, int64_t synced_at_ms)
{
	struct feed *feed = get(context, account, subject);

	if (feed && feed->synced_at_ms < synced_at_ms) {
		feed->synced_at_ms = feed->noted_at_ms = synced_at_ms;
	}
	return feed != NULL;
}

enum cw_status feeds_load(struct feeds *feeds, struct cw_reader *reader, int64_t now_ms, struct cw_error *reterr)
{
	return cw_store_limited_subjects(reader, now_ms - FEED_KEEP_MS, on_stored, feeds, reterr);
}

static void drop_silent(struct feeds *feeds, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < feeds->n; i++) {
		if (now_ms - feeds->list[i]->synced_at_ms > FEED_KEEP_MS) {
			free_feed(feeds->list[i]);
		} else {
			feeds->list[kept++] = feeds->list[i];
		}
	}
	feeds->n = kept;
}

/* ---- which events a feed counts ---- */

static void add_change(json_t **list, const char *conversation)
{
	if (*list &&
	    (json_array_size(*list) == MAX_CHANGES || json_array_append_new(*list, json_string(conversation)) != 0)) {
		json_decref(*list);
		*list = NULL;
	}
}

/* If the agent has not called since the start, their token is not known; then only the assignment counts. */
static bool may_see(const struct feeds *feeds, const struct feed *feed, const struct cw_event *event)
{
	const char *conversation = event->conversation.id[0] ? event->conversation.id : NULL;
	bool is_theirs = !conversation || strcmp(event->conversation.assignee, feed->token.subject) == 0;

	if (feed->is_limited && !is_theirs) {
		return false;
	}
	return !feed->has_token ||
	       feeds->sees(feeds->sees_context, &feed->token, conversation, event->conversation.assignee);
}

static void see(struct feeds *feeds, struct feed *feed, const struct cw_event *event, bool is_published)
{
	bool is_visible = may_see(feeds, feed, event);
	bool is_lost = event->changes_assignment && strcmp(event->lost_by, feed->token.subject) == 0 && !is_visible;

	if (!is_visible && !is_lost) {
		return;
	}
	if (is_lost) {
		add_change(&feed->lost, event->conversation.id);
	} else if (event->changes_assignment && strcmp(event->lost_by, feed->token.subject) != 0) {
		add_change(&feed->gained, event->conversation.id);
	}
	feed->n_events += is_visible && is_published ? 1 : 0;
	if (event->seq > feed->seq) {
		feed->seq = event->seq;
	}
	memcpy(feed->epoch, event->epoch, sizeof(feed->epoch));
	feed->has_changed = true;
}

void feeds_see(struct feeds *feeds, const struct cw_event *event, bool is_published)
{
	for (size_t i = 0; i < feeds->n; i++) {
		if (strcmp(feeds->list[i]->token.account, event->account) == 0) {
			see(feeds, feeds->list[i], event, is_published);
		}
	}
}

void feeds_forget_said(struct feeds *feeds)
{
	for (size_t i = 0; i < feeds->n; i++) {
		struct feed *feed = feeds->list[i];

		begin_anew(feeds, feed);
		json_decref(feed->gained); /* NULL: unknown what was received, clients must ask */
		json_decref(feed->lost);
		feed->gained = feed->lost = NULL;
	}
}

static enum cw_status refresh(struct feeds *feeds, struct feed *feed, struct cw_reader *reader, struct cw_error *reterr)
{
	struct cw_account account;
	int64_t seq = 0;
	enum cw_status status = cw_store_account(reader, feed->token.account, &account, reterr);

	if (status == CW_OK) {
		bool sees_events = !feed->has_token || feeds->sees(feeds->sees_context, &feed->token, NULL, NULL);

		status = cw_store_last_visible_seq(reader, feed->token.account, feed->token.subject, sees_events, &seq,
						   reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	/* For deny rules and claims, the seq of visible events is not computed: costs one sync, then events update it. */
	seq = feed->is_limited ? seq : account.head;
	feed->seq = strcmp(feed->epoch, account.epoch) == 0 && feed->seq > seq ? feed->seq : seq;
	memcpy(feed->epoch, account.epoch, sizeof(feed->epoch));
	feed->is_new = false;
	return CW_OK;
}

enum cw_status feeds_refresh(struct feeds *feeds, struct cw_store *store, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;

	if (!feeds->has_new) {
		return CW_OK;
	}
	enum cw_status status = cw_reader_acquire(store, &reader, reterr);

	for (size_t i = 0; i < feeds->n && status == CW_OK; i++) {
		if (feeds->list[i]->is_new) {
			status = refresh(feeds, feeds->list[i], reader, reterr);
		}
	}
	cw_reader_release(reader);
	feeds->has_new = status != CW_OK;
	return status;
}

/* ---- publishing ---- */

static int64_t due_in_ms(const struct feed *feed, int64_t monotonic_ms)
{
	if (feed->said_at_ms == 0) {
		return 0;
	}
	return feed->said_at_ms + (feed->has_changed ? HEADS_MIN_INTERVAL_MS : HEADS_MAX_INTERVAL_MS) - monotonic_ms;
}

static enum cw_status render(const struct feed *feed, int64_t now_ms, struct cw_buf *out)
{
	json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:O?, s:O?}", "epoch", feed->epoch, "seq", (json_int_t)feed->seq,
				 "events", (json_int_t)feed->n_events, "at", (json_int_t)now_ms, "gained", feed->gained,
				 "lost", feed->lost);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	cw_buf_reset(out);
	enum cw_status status = text ? cw_buf_append_text(out, text) : CW_NOMEM;

	free(text);
	json_decref(json);
	return status;
}

static void was_said(struct feed *feed, int64_t monotonic_ms)
{
	feed->said_at_ms = monotonic_ms;
	feed->has_changed = false;
	json_decref(feed->gained);
	json_decref(feed->lost);
	feed->gained = json_array();
	feed->lost = json_array();
}

static bool say(struct feed *feed, struct cw_mqtt *mqtt, struct cw_buf *payload, int64_t now_ms)
{
	struct cw_topic topic = { .kind = CW_TOPIC_FEED };
	char text[CW_TOPIC_MAX + 1];

	memcpy(topic.account, feed->token.account, sizeof(topic.account));
	memcpy(topic.subject, feed->token.subject, sizeof(topic.subject));
	return cw_topic_make(&topic, text) == CW_OK && render(feed, now_ms, payload) == CW_OK &&
	       cw_mqtt_publish(mqtt, text, payload->data, payload->len, true, FEED_ID) == CW_OK;
}

int64_t feeds_say(struct feeds *feeds, struct cw_mqtt *mqtt, struct cw_buf *payload, int64_t now_ms)
{
	int64_t monotonic_ms = cw_clock_monotonic_ms();
	int64_t wait_ms = HEADS_MAX_INTERVAL_MS;

	drop_silent(feeds, now_ms);
	for (size_t i = 0; i < feeds->n; i++) {
		struct feed *feed = feeds->list[i];

		if (feed->is_new) {
			continue;
		}
		if (due_in_ms(feed, monotonic_ms) <= 0) {
			if (!say(feed, mqtt, payload, now_ms)) {
				return HEADS_MIN_INTERVAL_MS; /* no room until the next acknowledgement */
			}
			was_said(feed, monotonic_ms);
		}
		int64_t in_ms = due_in_ms(feed, monotonic_ms);

		wait_ms = in_ms < wait_ms ? in_ms : wait_ms;
	}
	return wait_ms;
}
