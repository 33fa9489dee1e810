/* SPDX-License-Identifier: MIT */
#ifndef CORE_OUTBOUND_H
#define CORE_OUTBOUND_H

#include <stdbool.h>

#include "core/clock.h"
#include "core/message.h"
#include "core/status.h"

/*
 * The states of one attempt to send a message (docs/protocol.md, "Sending"):
 *
 *   queued ──▶ sending ──▶ accepted
 *     │        ▲ │ │ └──▶ unknown ──▶ accepted | failed
 *     │        │ │ └────▶ failed
 *     │        │ ▼
 *     │       retrying ──▶ failed
 *     └──────────────────▶ failed
 *
 * `sending` is committed before the request is written. `unknown` means that nobody can tell whether WhatsApp accepted
 * the message: it is never resent automatically. A person's retry is a new attempt, beginning at queued. Whatever the
 * state of an attempt that was sent, WhatsApp's report that it has the message makes it `accepted`.
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

/* accepted or failed: nothing more is done; only a report from WhatsApp leads from failed to accepted. */
bool cw_outbound_is_final(enum cw_outbound_state state);

/* May a person retry it? status is the last status that WhatsApp reported for the attempt. */
bool cw_outbound_may_retry(enum cw_outbound_state state, enum cw_message_status status);

/* The status a message shows when its attempt is in this state and WhatsApp has reported `reported` (NONE: nothing). */
enum cw_message_status cw_outbound_shown(enum cw_outbound_state state, enum cw_message_status reported);

/*
 * `<message id>.<attempt>`: sent in biz_opaque_callback_data and returned with every status ("Send messages",
 * biz_opaque_callback_data), so that a status finds its attempt even if the answer to the request never arrived.
 */
#define CW_OUTBOUND_MARK_MAX (CW_CLOCK_UUID_TEXT + 12)
CW_MUST_CHECK bool cw_outbound_mark_make(const char *message, int attempt, char out[CW_OUTBOUND_MARK_MAX]);
CW_MUST_CHECK enum cw_status cw_outbound_mark_parse(const char *mark, unsigned char ret_message[CW_CLOCK_UUID_BYTES],
						    int *ret_attempt);

#endif
