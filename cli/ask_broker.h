/* SPDX-License-Identifier: MIT */
#ifndef CLI_ASK_BROKER_H
#define CLI_ASK_BROKER_H

#include <jansson.h>

#include "core/status.h"

/*
 * Sends one command to the broker's plugin on $CONTROL/convwire/v1, as an administrator, with a token signed by the
 * directory's house key (docs/acl.md, "Administration"). command is borrowed: {"command":…} and its arguments.
 * *ret_data is a new reference to the answer's data. CW_BUSY when the broker cannot be reached or does not answer,
 * CW_DENIED when it refuses, CW_INVALID with the plugin's error text.
 */
CW_MUST_CHECK enum cw_status cli_ask_broker(const char *dir, json_t *command, json_t **ret_data, struct cw_error *reterr);

/* The same with a token signed by another private key of the directory, such as CLI_NEXT_KEY. */
CW_MUST_CHECK enum cw_status cli_ask_broker_with(const char *dir, const char *key, json_t *command, json_t **ret_data,
						 struct cw_error *reterr);

#endif
