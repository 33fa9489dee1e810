/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_COMMANDS_H
#define BRIDGE_COMMANDS_H

#include "bridge/bridge.h"

/*
 * Commands over MQTT: subscribes to acct/+/conv/+/cmd/+ as subject `bridge`, submits each command to the store, and
 * answers on acct/<a>/agent/<s>/reply. s is the topic's last level, which the broker's ACL ties to the sender's token;
 * the payload and its properties are not trusted for that. Has its own thread.
 *
 * Nothing is kept across a restart or a lost connection: a command counts as accepted only when its answer has
 * arrived, and until then its sender keeps it.
 */
struct commands;

/* options is borrowed. Destroy stops, and accepts NULL; the store's writer must have stopped before. */
CW_MUST_CHECK enum cw_status commands_create(const struct bridge_options *options, struct commands **ret_commands,
					     struct cw_error *reterr);
CW_MUST_CHECK enum cw_status commands_start(struct commands *commands, struct cw_store *store, struct cw_error *reterr);
void commands_stop(struct commands *commands);
void commands_destroy(struct commands *commands);

/* Fills the members counted here. Any thread. */
void commands_stats(struct commands *commands, struct bridge_stats *stats);

#endif
