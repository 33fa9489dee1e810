/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_COMMANDS_H
#define BRIDGE_COMMANDS_H

#include "bridge/bridge.h"

/*
 * The MQTT door of commands: subscribes to acct/+/conv/+/cmd/+ as subject `bridge`, has each command done by the
 * store, and answers on acct/<a>/agent/<s>/reply, where s is the topic's last level, which the broker's ACL ties to
 * the sender's token; nothing in the payload or its properties is believed about that. A thread of its own.
 *
 * Nothing is kept over a restart or a lost connection: a command is taken only when its answer has arrived, and
 * until then its sender keeps it.
 */
struct commands;

/* options is borrowed. Destroy stops, and accepts NULL; the store's writer must have stopped before. */
CW_MUST_CHECK enum cw_status commands_create(const struct bridge_options *options, struct commands **ret_commands,
					     struct cw_error *reterr);
CW_MUST_CHECK enum cw_status commands_start(struct commands *commands, struct cw_store *store, struct cw_error *reterr);
void commands_stop(struct commands *commands);
void commands_destroy(struct commands *commands);

/* Fills the members that it counts. Any thread. */
void commands_stats(struct commands *commands, struct bridge_stats *stats);

#endif
