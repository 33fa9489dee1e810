/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PAUSE_H
#define BRIDGE_PAUSE_H

#include "store/store.h"

/*
 * Pauses a number that WhatsApp will not let send; agents are told by an event. code is the Graph API's, reason a static
 * sentence. Does not wait: when it cannot be stored now, the next message meets the same error. Any thread.
 */
void pause_number(struct cw_store *store, const char *phone_number_id, int code, const char *reason);

#endif
