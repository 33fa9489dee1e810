/* SPDX-License-Identifier: MIT */
/* Publishes events, from the hand-over or the table, and the heads and feeds that say how far they have got. */
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/topic.h"
#include "ingest/publisher_private.h"
#include "ingest/tables.h"

/* If events are further behind or older than this, only the account's heads are published. */
#define MAX_LAG_EVENTS 10000
#define MAX_AGE_MS 60000

static bool take_handed(struct publisher *publisher, struct cw_event *ret_event)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool is_taken = handover_take(&publisher->handover, publisher->sent + 1, ret_event);

	(void)pthread_mutex_unlock(&publisher->lock);
	return is_taken;
}

/* ---- publishing ---- */

static enum cw_status topic_of(const struct cw_event *event, char out[CW_TOPIC_MAX + 1])
{
	struct cw_topic topic = { .kind = event->conversation.id[0] ? CW_TOPIC_CONVERSATION : CW_TOPIC_EVENTS };

	if (topic.kind == CW_TOPIC_EVENTS && (event->message.id[0] || event->has_conversation)) {
		return CW_INVALID; /* more people may read that topic than the conversation's topic */
	}
	memcpy(topic.account, event->account, sizeof(topic.account));
	memcpy(topic.conversation, event->conversation.id, sizeof(topic.conversation));
	return cw_topic_make(&topic, out);
}

static bool is_passed_over(const struct cw_event *event, const struct head *head)
{
	return event->is_quiet || head->newest_seq - event->seq > MAX_LAG_EVENTS ||
	       cw_clock_now_ms() - event->at_ms > MAX_AGE_MS;
}

/* Notes the event as under way before sending it: the PUBACK may arrive before the send returns. false: no room. */
static bool note_in_flight(struct publisher *publisher, const struct cw_event *event, bool is_done)
{
	(void)pthread_mutex_lock(&publisher->lock);
	bool has_room = !flight_is_full(&publisher->flight);

	if (has_room) {
		flight_add(&publisher->flight, &(struct flight_entry){ .id = event->id,
								       .at_ms = event->at_ms,
								       .sent_ms = cw_clock_monotonic_ms(),
								       .is_done = is_done });
		trail_note_published(&publisher->trail, event, is_done ? 0 : cw_clock_now_us());
		publisher_note_lag(publisher);
		publisher->stats.skipped += is_done ? 1 : 0;
		publisher->stats.published += is_done ? 0 : 1;
	}
	(void)pthread_mutex_unlock(&publisher->lock);
	return has_room;
}

static void forget_newest_in_flight(struct publisher *publisher)
{
	(void)pthread_mutex_lock(&publisher->lock);
	flight_take_back(&publisher->flight);
	publisher->stats.published--;
	(void)pthread_mutex_unlock(&publisher->lock);
}

/*
 * The broker's table is updated before the event is published, so that the event reaches the new assignee. An event
 * read from the table shows its row's current state: if that was reassigned since, it is for the current assignee.
 */
static bool publish_assignment(struct publisher *publisher, const struct cw_event *event)
{
	bool is_news = event->assigned_later || (event->changes_assignment && event->id > publisher->table_as_of);

	if (!is_news || publisher->told_id == event->id) {
		return true; /* already sent, in case there was no room for the event itself */
	}
	if (tables_publish_assignment(publisher->mqtt, event->conversation.id, event->conversation.assignee) != CW_OK) {
		return false;
	}
	publisher->told_id = event->id;
	return cw_mqtt_room(publisher->mqtt) > 0;
}

/* false: no room now; the event was not published. */
static bool publish_event(struct publisher *publisher, const struct cw_event *event)
{
	char topic[CW_TOPIC_MAX + 1];
	struct head *head = heads_get(publisher->heads, event->account, event->epoch);

	if (!head || !publish_assignment(publisher, event)) {
		return false;
	}
	if (event->seq > head->newest_seq) {
		head->newest_seq = event->seq;
	}
	bool is_skipped = is_passed_over(event, head);

	if (!is_skipped && (topic_of(event, topic) != CW_OK || cw_event_render(event, &publisher->payload) != CW_OK)) {
		cw_log_error("cannot render an event, clients will fetch it: account=%s seq=%lld", event->account,
			     (long long)event->seq);
		is_skipped = true;
	}
	if (!note_in_flight(publisher, event, is_skipped)) {
		return false;
	}
	if (!is_skipped) {
		const struct cw_mqtt_message message = { .topic = topic,
							 .payload = publisher->payload.data,
							 .len = publisher->payload.len,
							 .published_at_ms = cw_clock_now_ms() };

		if (cw_mqtt_send(publisher->mqtt, &message, event->id) != CW_OK) {
			forget_newest_in_flight(publisher);
			return false;
		}
		cw_log_info("published conv=%s seq=%lld kind=%s",
			    event->conversation.tag[0] ? event->conversation.tag : "-", (long long)event->seq,
			    cw_event_kind_text(event->kind));
	}
	publisher->sent = event->id;
	head->seq = event->seq;
	feeds_see(publisher->feeds, event, !is_skipped);
	return true;
}

/* ---- the table ---- */

static bool on_table_event(void *context, const struct cw_event *event)
{
	struct publisher *publisher = context;

	return cw_mqtt_room(publisher->mqtt) > 0 && publish_event(publisher, event);
}

static void log_read_failure(const struct cw_error *error)
{
	cw_log_warn("cannot read the log, retrying: %s", error->text);
}

static void publish_from_table(struct publisher *publisher, int64_t newest_id)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK && newest_id - publisher->sent > MAX_LAG_EVENTS) {
		status = heads_load(publisher->heads, reader, HEADS_LOAD_RUNNING, &error);
	}
	if (status == CW_OK) {
		status = cw_store_log_after(reader, publisher->sent, PUBLISHER_TABLE_SLICE, on_table_event, publisher,
					    &error);
	}
	cw_reader_release(reader);
	publisher->is_table_failing = status != CW_OK; /* on failure, tried again after a pause */
	if (status != CW_OK) {
		log_read_failure(&error);
	}
}

static bool publish_handed(struct publisher *publisher)
{
	struct cw_event event;

	if (cw_mqtt_room(publisher->mqtt) <= 0 || !take_handed(publisher, &event)) {
		return false;
	}
	(void)publish_event(publisher, &event); /* if not published, it is read from the table later */
	cw_event_finish(&event);
	return true;
}

void publish_all(struct publisher *publisher)
{
	for (;;) {
		int64_t before = publisher->sent;

		while (publish_handed(publisher)) {
		}
		int64_t newest_id = publisher_newest_id(publisher);

		if (publisher->sent < newest_id && cw_mqtt_room(publisher->mqtt) > 0) {
			publish_from_table(publisher, newest_id);
		}
		if (publisher->sent == before) {
			return;
		}
	}
}

/* ---- heads and feeds ---- */

int64_t publish_due(struct publisher *publisher)
{
	struct cw_error error;

	if (feeds_refresh(publisher->feeds, publisher->store, &error) != CW_OK) {
		log_read_failure(&error);
	}
	int64_t heads_ms = heads_say(publisher->heads, publisher->mqtt, &publisher->payload);
	int64_t feeds_ms = feeds_say(publisher->feeds, publisher->mqtt, &publisher->payload, cw_clock_now_ms());

	return heads_ms < feeds_ms ? heads_ms : feeds_ms;
}

void publish_load_heads(struct publisher *publisher, enum heads_load_mode mode)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	enum cw_status status = cw_reader_acquire(publisher->store, &reader, &error);

	if (status == CW_OK) {
		status = heads_load(publisher->heads, reader, mode, &error);
	}
	cw_reader_release(reader);
	if (status != CW_OK) {
		log_read_failure(&error);
	}
}
