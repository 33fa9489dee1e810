/* SPDX-License-Identifier: MIT */
/* Control action `trace`: the history of a message or a conversation, as far as it is known. */
#include <string.h>

#include "api/control_private.h"
#include "core/event.h"
#include "core/text.h"
#include "store/read_trace.h"

#define DEFAULT_EVENTS 20
#define MAX_EVENTS 1000

struct tracing {
	const struct control *control;
	json_t *answer, *compared, *attempts, *steps, *events;
	struct control_publisher publisher; /* current state; is_running false: no daemon */
	char conversation[CW_CONVERSATION_ID_MAX + 1];
};

static void put(json_t *list, json_t *row)
{
	(void)json_array_append_new(list, row); /* when out of memory, a row is missing */
}

static void on_compared(void *context, const char *line)
{
	put(((struct tracing *)context)->compared, json_string(line));
}

static void on_message(void *context, const struct cw_message *message)
{
	struct tracing *tracing = context;

	memcpy(tracing->conversation, message->conversation, sizeof(message->conversation));
	(void)json_object_set_new(
		tracing->answer, "message",
		json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:s?, s:i, s:I, s:b, s:I, s:I}", "id", message->id,
			  "conversation", message->conversation, "wamid", message->wamid, "kind",
			  cw_message_kind_text(message->kind), "origin", cw_message_origin_text(message->origin),
			  "direction", message->is_outbound ? "out" : "in", "status",
			  message->status ? cw_message_status_text(message->status) : NULL, "attempt", message->attempt,
			  "position", (json_int_t)message->position, "late", message->is_late, "sent_at",
			  (json_int_t)message->sent_at_ms, "received_at", (json_int_t)message->received_at_ms));
}

static void on_attempt(void *context, const struct cw_trace_attempt *attempt)
{
	bool has_due = attempt->due_at_ms != CW_STORE_NEVER && !cw_outbound_is_final(attempt->state);

	put(((struct tracing *)context)->attempts,
	    json_pack("{s:i, s:s, s:i, s:I, s:I, s:s?, s:i, s:s?, s:s, s:s?}", "attempt", attempt->attempt, "state",
		      cw_outbound_state_text(attempt->state), "tries", attempt->tries, "queued_at",
		      (json_int_t)attempt->queued_at_ms, "due_at", (json_int_t)(has_due ? attempt->due_at_ms : 0),
		      "wamid", attempt->wamid, "code", attempt->code, "reported", attempt->reported, "phone_number_id",
		      attempt->phone_number_id, "paused", attempt->paused_reason));
}

static void on_step(void *context, const struct cw_trace_step *step)
{
	put(((struct tracing *)context)->steps,
	    json_pack("{s:i, s:s, s:I, s:I, s:i}", "attempt", step->attempt, "word", step->word, "at",
		      (json_int_t)step->at_ms, "said_at", (json_int_t)step->said_at_ms, "code", step->code));
}

/* What became of an event, in one or a few words; docs/convwire.1, trace. */
static const char *fate_of(const struct tracing *tracing, const struct cw_trace_event *event,
			   const struct control_hops *hops)
{
	if (!tracing->publisher.is_running) {
		return "no daemon";
	}
	if (hops && hops->is_refused) {
		return "refused";
	}
	if (event->is_quiet || (hops && hops->published_us == 0)) {
		return "left to the heads";
	}
	if (event->id <= tracing->publisher.cursor || (hops && hops->taken_us)) {
		return "taken";
	}
	return hops ? "under way" : "waiting";
}

static void on_event(void *context, const struct cw_trace_event *event)
{
	struct tracing *tracing = context;
	struct control_hops hops;
	const struct control *control = tracing->control;
	bool has_hops = control->hops && control->hops(control->context, event->id, &hops);
	json_t *row = json_pack("{s:I, s:s, s:s?, s:I, s:s}", "seq", (json_int_t)event->seq, "kind",
				cw_event_kind_text(event->kind), "message", event->message[0] ? event->message : NULL,
				"at", (json_int_t)event->at_ms, "fate", fate_of(tracing, event, has_hops ? &hops : NULL));
	const struct {
		const char *name;
		int64_t at_us;
	} times[] = {
		{ "arrived_us", has_hops ? hops.before.arrived_us : 0 },
		{ "verified_us", has_hops ? hops.before.verified_us : 0 },
		{ "committed_us", has_hops ? hops.before.committed_us : 0 },
		{ "published_us", has_hops ? hops.published_us : 0 },
		{ "taken_us", has_hops ? hops.taken_us : 0 },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (times[i].at_us) {
			(void)json_object_set_new(row, times[i].name, json_integer(times[i].at_us));
		}
	}
	put(tracing->events, row);
}

/* Finds the conversation: the message's if there is one, otherwise the one the id refers to. Fills matches. */
static enum cw_status find_conversation(struct tracing *tracing, json_t *arguments, struct cw_error *reterr)
{
	const char *conversation = NULL;
	json_t *question = json_pack("{s:s, s:s}", "account", control_text(arguments, "account"), "id",
				     tracing->conversation[0] ? tracing->conversation : control_text(arguments, "id"));
	json_t *found = json_object();
	enum cw_status status = control_resolve_one(tracing->control, question, found, &conversation, reterr);

	if (!tracing->conversation[0]) {
		(void)json_array_extend(tracing->compared, json_object_get(found, "compared_with"));
	}
	if (json_object_get(found, "matches") &&
	    json_object_set(tracing->answer, "matches", json_object_get(found, "matches")) != 0) {
		status = CW_NOMEM;
	}
	if (status == CW_OK && !cw_text_copy(tracing->conversation, sizeof(tracing->conversation), conversation)) {
		status = cw_error_set(reterr, CW_INVALID, "the conversation's id is too long");
	}
	json_decref(found);
	json_decref(question);
	return status;
}

static int64_t limit_of(json_t *arguments)
{
	json_int_t limit = json_integer_value(json_object_get(arguments, "limit"));

	return limit < 1 ? DEFAULT_EVENTS : limit > MAX_EVENTS ? MAX_EVENTS : limit;
}

/* An id that belongs to no message may still belong to a conversation. */
static enum cw_status trace_any(struct tracing *tracing, json_t *arguments, struct cw_error *reterr)
{
	const struct cw_trace_sink sink = { on_message, on_attempt, on_step, on_event, on_compared, tracing };
	struct cw_reader *reader = NULL;
	enum cw_status status = cw_reader_acquire(tracing->control->store, &reader, reterr);

	if (status == CW_OK) {
		status = cw_store_trace_message(reader, control_text(arguments, "account"),
						control_text(arguments, "id"), &sink, reterr);
	}
	cw_reader_release(reader);
	bool is_message = status == CW_OK;

	if (status != CW_OK && status != CW_NOT_FOUND) {
		return status;
	}
	status = find_conversation(tracing, arguments, reterr);
	if (is_message || status != CW_OK) {
		return status;
	}
	status = cw_reader_acquire(tracing->control->store, &reader, reterr);
	if (status == CW_OK) {
		status = cw_store_trace_conversation(reader, tracing->conversation, limit_of(arguments), &sink, reterr);
	}
	cw_reader_release(reader);
	return status;
}

enum cw_status control_trace(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct tracing tracing = { .control = control, .answer = answer };

	if (!control_text(arguments, "account") || !control_text(arguments, "id")) {
		return control_missing("account or id", reterr);
	}
	if (control->publisher) {
		control->publisher(control->context, &tracing.publisher);
	}
	tracing.compared = json_array();
	tracing.attempts = json_array();
	tracing.steps = json_array();
	tracing.events = json_array();
	enum cw_status status = trace_any(&tracing, arguments, reterr);
	json_t *parts = json_pack("{s:o, s:o, s:o, s:o, s:{s:b, s:b, s:I}}", "compared_with", tracing.compared,
				  "attempts", tracing.attempts, "steps", tracing.steps, "events", tracing.events,
				  "publisher", "running", tracing.publisher.is_running, "connected",
				  tracing.publisher.is_connected, "lag_events", (json_int_t)tracing.publisher.lag_events);
	bool is_whole = parts && json_object_update(answer, parts) == 0;

	json_decref(parts);
	return is_whole ? status : cw_error_set(reterr, CW_NOMEM, "out of memory");
}
