/* SPDX-License-Identifier: MIT */
#include "bridge/bridge.h"

#include <stdlib.h>

#include "bridge/commands.h"
#include "bridge/files.h"
#include "bridge/outbound.h"
#include "bridge/templates.h"
#include "core/media_store.h"

struct bridge {
	struct bridge_options options;
	struct commands *commands;
	struct outbound *outbound;
	struct files *files;
	struct templates *templates;
};

enum cw_status bridge_create(const struct bridge_options *options, struct bridge **ret_bridge, struct cw_error *reterr)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));

	if (!bridge) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	bridge->options = *options;
	bridge->outbound = outbound_create(&bridge->options);
	bridge->files = files_create(&bridge->options);
	bridge->templates = templates_create(&bridge->options);
	enum cw_status status = bridge->outbound && bridge->files && bridge->templates ?
					commands_create(&bridge->options, &bridge->commands, reterr) :
					cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status != CW_OK) {
		bridge_destroy(bridge);
		return status;
	}
	*ret_bridge = bridge;
	return CW_OK;
}

enum cw_status bridge_start(struct bridge *bridge, struct cw_store *store, struct cw_error *reterr)
{
	cw_media_store_clean(bridge->options.media_dir);
	enum cw_status status = outbound_start(bridge->outbound, store, reterr);

	if (status == CW_OK) {
		status = files_start(bridge->files, store, reterr);
	}
	if (status == CW_OK) {
		status = templates_start(bridge->templates, store, reterr);
	}
	return status == CW_OK ? commands_start(bridge->commands, store, reterr) : status;
}

void bridge_stop(struct bridge *bridge)
{
	if (bridge) {
		commands_stop(bridge->commands);
		files_stop(bridge->files);
		templates_stop(bridge->templates);
		outbound_stop(bridge->outbound);
	}
}

void bridge_destroy(struct bridge *bridge)
{
	if (bridge) {
		commands_destroy(bridge->commands);
		files_destroy(bridge->files);
		templates_destroy(bridge->templates);
		outbound_destroy(bridge->outbound);
		free(bridge);
	}
}

void bridge_on_outbound(void *context)
{
	struct bridge *bridge = context;

	outbound_wake(bridge->outbound);
	files_wake(bridge->files);
	templates_wake(bridge->templates);
}

void bridge_on_signal(void *context, const struct cw_signal *signal)
{
	struct bridge *bridge = context;

	outbound_signal(bridge->outbound, signal);
}

void bridge_stats(struct bridge *bridge, struct bridge_stats *ret_stats)
{
	*ret_stats = (struct bridge_stats){ .commands = 0 };
	commands_stats(bridge->commands, ret_stats);
	outbound_stats(bridge->outbound, ret_stats);
	files_stats(bridge->files, ret_stats);
}
