/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_TOKENS_H
#define BRIDGE_TOKENS_H

#include <stdbool.h>

#include "core/conversation_id.h"
#include "core/status.h"

/*
 * Access tokens of business numbers: DIR/<phone_number_id>.token, or DIR/default.token for numbers without their
 * own. Read whenever needed, so a new one takes effect with the next request. No state, any thread.
 */
#define TOKEN_MAX 1024
#define TOKENS_NONE "The number has no access token yet. Set one with `convwire number set-token`."

/* Stores a number's token, mode 0600. CW_INVALID: malformed phone_number_id or token; else as cw_file_write. */
CW_MUST_CHECK enum cw_status tokens_write(const char *dir, const char *phone_number_id, const char *token,
					  struct cw_error *reterr);

/* false when there is none, or it is malformed. */
bool tokens_read(const char *dir, const char *phone_number_id, char out[TOKEN_MAX + 1]);

#endif
