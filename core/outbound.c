/* SPDX-License-Identifier: MIT */
#include "core/outbound.h"

#include <limits.h>
#include <string.h>

#include "core/text.h"

#define TO(state) (1U << CW_OUTBOUND_##state)

/* clang-format off */
static const struct {
	const char *name;
	unsigned next;
	enum cw_message_status shown;
} states[CW_OUTBOUND_STATE_COUNT] = {
	[CW_OUTBOUND_QUEUED]   = { "queued",   TO(SENDING) | TO(FAILED),                                CW_STATUS_QUEUED },
	[CW_OUTBOUND_SENDING]  = { "sending",  TO(ACCEPTED) | TO(RETRYING) | TO(FAILED) | TO(UNKNOWN),  CW_STATUS_SENDING },
	[CW_OUTBOUND_RETRYING] = { "retrying", TO(SENDING) | TO(ACCEPTED) | TO(FAILED),                 CW_STATUS_RETRYING },
	[CW_OUTBOUND_UNKNOWN]  = { "unknown",  TO(ACCEPTED) | TO(FAILED),                               CW_STATUS_UNKNOWN },
	[CW_OUTBOUND_ACCEPTED] = { "accepted", 0,                                                       CW_STATUS_ACCEPTED },
	[CW_OUTBOUND_FAILED]   = { "failed",   TO(ACCEPTED),                                            CW_STATUS_FAILED },
};
/* clang-format on */
#undef TO

const char *cw_outbound_state_text(enum cw_outbound_state state)
{
	return (unsigned)state < CW_OUTBOUND_STATE_COUNT ? states[state].name : "";
}

enum cw_status cw_outbound_state_parse(const char *text, enum cw_outbound_state *ret_state)
{
	for (int state = 0; text && state < CW_OUTBOUND_STATE_COUNT; state++) {
		if (strcmp(states[state].name, text) == 0) {
			*ret_state = (enum cw_outbound_state)state;
			return CW_OK;
		}
	}
	return CW_NOT_FOUND;
}

bool cw_outbound_may_enter(enum cw_outbound_state now, enum cw_outbound_state next)
{
	return (unsigned)now < CW_OUTBOUND_STATE_COUNT && (unsigned)next < CW_OUTBOUND_STATE_COUNT &&
	       (states[now].next & (1U << next)) != 0;
}

bool cw_outbound_is_final(enum cw_outbound_state state)
{
	return state == CW_OUTBOUND_ACCEPTED || state == CW_OUTBOUND_FAILED;
}

bool cw_outbound_may_retry(enum cw_outbound_state state, enum cw_message_status status)
{
	bool may_have_arrived = status != CW_STATUS_NONE && status != CW_STATUS_FAILED;

	return !may_have_arrived && (state == CW_OUTBOUND_FAILED || state == CW_OUTBOUND_UNKNOWN ||
				     (state == CW_OUTBOUND_ACCEPTED && status == CW_STATUS_FAILED));
}

enum cw_message_status cw_outbound_shown(enum cw_outbound_state state, enum cw_message_status reported)
{
	if ((unsigned)state >= CW_OUTBOUND_STATE_COUNT) {
		return CW_STATUS_NONE;
	}
	return state == CW_OUTBOUND_ACCEPTED && reported > CW_STATUS_ACCEPTED ? reported : states[state].shown;
}

bool cw_outbound_mark_make(const char *message, int attempt, char out[CW_OUTBOUND_MARK_MAX])
{
	return cw_text_format(out, CW_OUTBOUND_MARK_MAX, "%s.%d", message, attempt);
}

enum cw_status cw_outbound_mark_parse(const char *mark, unsigned char ret_message[CW_CLOCK_UUID_BYTES], int *ret_attempt)
{
	char message[CW_CLOCK_UUID_TEXT];
	size_t len = mark ? strlen(mark) : 0;
	int64_t attempt = 0;

	if (len < CW_CLOCK_UUID_TEXT || mark[CW_CLOCK_UUID_TEXT - 1] != '.') {
		return CW_INVALID;
	}
	memcpy(message, mark, CW_CLOCK_UUID_TEXT - 1);
	message[CW_CLOCK_UUID_TEXT - 1] = '\0';
	if (cw_text_to_int64(mark + CW_CLOCK_UUID_TEXT, &attempt) != CW_OK || attempt < 1 || attempt > INT_MAX) {
		return CW_INVALID;
	}
	*ret_attempt = (int)attempt;
	return cw_clock_uuid_parse(message, ret_message);
}
