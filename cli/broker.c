/* SPDX-License-Identifier: MIT */
#include "cli/broker.h"

#include <stdbool.h>
#include <string.h>

static enum cw_status put_value(const struct broker_values *values, const char *name, size_t len, struct cw_buf *out)
{
	const struct {
		const char *name;
		const char *text;
		int number;
	} rows[] = { { "PLUGIN", values->plugin, 0 },     { "KEYS", values->keys, 0 },
		     { "ROLES", values->roles, 0 },       { "STATE", values->state, 0 },
		     { "ADDRESS", values->address, 0 },   { "MQTT_PORT", NULL, values->mqtt_port },
		     { "WS_PORT", NULL, values->ws_port } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
			return rows[i].text ? cw_buf_append_text(out, rows[i].text) :
					      cw_buf_append_format(out, "%d", rows[i].number);
		}
	}
	if (len == 4 && memcmp(name, "USER", 4) == 0) {
		/* The broker drops privileges before it loads plugins; it must still be able to read the keys. */
		return values->user ? cw_buf_append_format(out, "\nuser %s\n", values->user) : CW_OK;
	}
	return CW_INVALID;
}

enum cw_status broker_render(const struct broker_values *values, struct cw_buf *out)
{
	const char *at = broker_template;
	enum cw_status status = CW_OK;

	while (status == CW_OK && *at) {
		size_t len = strcspn(at, "@");

		status = cw_buf_append(out, at, len);
		at += len;
		if (status == CW_OK && *at == '@') {
			size_t name = strcspn(at + 1, "@");

			status = put_value(values, at + 1, name, out);
			at += name + 2;
		}
	}
	return status;
}
