/* SPDX-License-Identifier: MIT */
#ifndef CORE_OUTBOUND_H
#define CORE_OUTBOUND_H

#include <stdbool.h>

#include "core/clock.h"
#include "core/message.h"
#include "core/status.h"

/*
 * The way of one attempt to send a message (docs/protocol.md, "Sending"):
 *
 *   queued ──▶ sending ──▶ accepted
 *     │        ▲ │ │ └──▶ unknown ──▶ accepted | failed
 *     │        │ │ └────▶ failed
 *     │        │ ▼
 *     │       retrying ──▶ failed
 *     └──────────────────▶ failed
 *
 * `sending` is committed before the request is written, and `unknown` means that nobody can tell whether WhatsApp
 * took it: it is never sent again by itself. A person's retry is another attempt, beginning at queued. Whatever state
 * an attempt that was sent is in, WhatsApp's report that it has the message makes it `accepted`.
 * No state of its own, any thread.
 */
enum cw_outbound_state {
	CW_OUTBOUND_QUEUED,
	CW_OUTBOUND_SENDING,
	CW_OUTBOUND_RETRYING,
	CW_OUTBOUND_UNKNOWN,
	CW_OUTBOUND_ACCEPTED,
	CW_OUTBOUND_FAILED,
	CW_OUTBOUND_STATE_COUNT
};

const char *cw_outbound_state_text(enum cw_outbound_state state);
CW_MUST_CHECK enum cw_status cw_outbound_state_parse(const char *text, enum cw_outbound_state *ret_state);

bool cw_outbound_may_enter(enum cw_outbound_state now, enum cw_outbound_state next);

/* accepted or failed: nothing is done any more; only a report of WhatsApp leads from failed to accepted. */
bool cw_outbound_is_final(enum cw_outbound_state state);

/* May a person have it sent again? status is what WhatsApp last said of the attempt. */
bool cw_outbound_may_retry(enum cw_outbound_state state, enum cw_message_status status);

/* What a message shows while its attempt is in this state and WhatsApp has reported `reported` (NONE: nothing). */
enum cw_message_status cw_outbound_shown(enum cw_outbound_state state, enum cw_message_status reported);

/*
 * `<message id>.<attempt>`: travels in biz_opaque_callback_data and comes back with every status ("Send messages",
 * biz_opaque_callback_data), so that a status finds its attempt whether or not the answer to the request arrived.
 */
#define CW_OUTBOUND_MARK_MAX (CW_CLOCK_UUID_TEXT + 12)
CW_MUST_CHECK bool cw_outbound_mark_make(const char *message, int attempt, char out[CW_OUTBOUND_MARK_MAX]);
CW_MUST_CHECK enum cw_status cw_outbound_mark_parse(const char *mark, unsigned char ret_message[CW_CLOCK_UUID_BYTES],
						    int *ret_attempt);

#endif
