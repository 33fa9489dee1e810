/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_TOKENS_H
#define BRIDGE_TOKENS_H

#include <stdbool.h>

#include "core/conversation_id.h"

/*
 * Access tokens of business numbers: DIR/<phone_number_id>.token, or DIR/default.token for all that have none of
 * their own. Read each time they are needed: a new one counts from the next request on. No state, any thread.
 */
#define TOKEN_MAX 1024
#define TOKENS_NONE "The number has no access token yet. Set one with `convwire number set-token`."

/* false when there is none, or it cannot be a token. */
bool tokens_read(const char *dir, const char *phone_number_id, char out[TOKEN_MAX + 1]);

#endif
