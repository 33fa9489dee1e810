/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_CONTROL_H
#define AUTH_PLUGIN_CONTROL_H

#include "auth-plugin/audit.h"
#include "auth-plugin/policy.h"

/*
 * Administration over MQTT, $CONTROL/convwire/v1, in the format of mosquitto's dynamic-security plugin. A request is
 * {"commands":[{"command":"kick",…,"correlationData":"…"}]}, the answer {"responses":[{"command","data"|"error",
 * "correlationData"}]} goes to the client that asked. docs/acl.md, "Administration", lists the commands.
 */
void control_take(struct policy *policy, struct audit *audit, const struct session *admin, const char *payload,
		  size_t len, int64_t now_s);

#endif
