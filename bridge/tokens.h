/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_TOKENS_H
#define BRIDGE_TOKENS_H

#include <stdbool.h>

#include "core/conversation_id.h"
#include "core/status.h"

/*
 * Access tokens of business numbers: DIR/<phone_number_id>.token, or DIR/default.token for all that have none of
 * their own. Read each time they are needed: a new one counts from the next request on. No state, any thread.
 */
#define TOKEN_MAX 1024
#define TOKENS_NONE "The number has no access token yet. Set one with `convwire number set-token`."

/* Stores a number's own, for its owner only. CW_INVALID: phone_number_id or token cannot be one; else as cw_file_write. */
CW_MUST_CHECK enum cw_status tokens_write(const char *dir, const char *phone_number_id, const char *token,
					  struct cw_error *reterr);

/* false when there is none, or it cannot be a token. */
bool tokens_read(const char *dir, const char *phone_number_id, char out[TOKEN_MAX + 1]);

#endif
