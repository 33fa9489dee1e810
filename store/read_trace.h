/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_TRACE_H
#define STORE_READ_TRACE_H

#include "core/event.h"
#include "core/outbound.h"

/* What `convwire trace` shows of a message or a conversation: part of store/store.h. Strings are valid in the call. */
struct cw_reader;

struct cw_trace_event {
	int64_t id, seq;
	enum cw_event_kind kind;
	int64_t at_ms;
	bool is_quiet;                    /* of a bulk webhook: not published, only heads are */
	char message[CW_CLOCK_UUID_TEXT]; /* the message it is about; "": none */
};

struct cw_trace_attempt {
	int attempt, tries, code;
	enum cw_outbound_state state;
	int64_t queued_at_ms, due_at_ms;
	const char *wamid;    /* NULL: none yet */
	const char *reported; /* the status WhatsApp reported; NULL: none */
	const char *phone_number_id;
	const char *paused_reason; /* NULL: the number sends */
};

/* A state that an attempt entered, or a status that WhatsApp reported. */
struct cw_trace_step {
	int attempt; /* 0: the message was not sent from here */
	int64_t at_ms, said_at_ms;
	const char *word;
	int code;
};

/* Any of these callbacks may be NULL. */
struct cw_trace_sink {
	void (*on_message)(void *context, const struct cw_message *message);
	void (*on_attempt)(void *context, const struct cw_trace_attempt *attempt);
	void (*on_step)(void *context, const struct cw_trace_step *step);
	void (*on_event)(void *context, const struct cw_trace_event *event);
	void (*on_compared)(void *context, const char *line); /* each comparison of the id, matching or not */
	void *context;
};

/*
 * A message by our id or its wamid, within an account: the message, its attempts and steps, and those of its events
 * that are still in the log, newest first. CW_NOT_FOUND: no such account or message.
 */
CW_MUST_CHECK enum cw_status cw_store_trace_message(struct cw_reader *reader, const char *account, const char *id,
						    const struct cw_trace_sink *sink, struct cw_error *reterr);

/* The newest `limit` events of a conversation, by canonical id. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_trace_conversation(struct cw_reader *reader, const char *conversation,
							 int64_t limit, const struct cw_trace_sink *sink,
							 struct cw_error *reterr);

#endif
