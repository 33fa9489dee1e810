/* SPDX-License-Identifier: MIT */
#include "auth-plugin/state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"

#define MAX_STATE_BYTES (16 * 1024 * 1024)
#define STATE_MODE 0600

static enum cw_status check_writable(const char *path, struct cw_error *reterr)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 1;

	if (!cw_text_format(folder, sizeof(folder), "%.*s%s", len, slash ? path : ".", slash == path ? "/" : "") ||
	    access(folder, W_OK | X_OK) != 0) {
		return cw_error_set(reterr, CW_INVALID,
				    "plugin_opt_state: %s cannot be written by the user that mosquitto runs as", path);
	}
	return CW_OK;
}

static enum cw_status read_revocations(struct policy *policy, const struct cw_buf *text, struct cw_error *reterr)
{
	json_error_t fault;
	json_t *root = json_loadb(text->data ? text->data : "", text->len, JSON_REJECT_DUPLICATES, &fault);
	json_t *list = json_object_get(root, "revocations");
	int64_t now_s = cw_clock_now_ms() / 1000;
	enum cw_status status = json_is_array(list) ?
					CW_OK :
					cw_error_set(reterr, CW_INVALID, "line %d: not a state file of this plugin",
						     root ? 1 : fault.line);
	size_t index;
	json_t *item;

	json_array_foreach(list, index, item)
	{
		struct cw_revocation revocation;

		if (status == CW_OK) {
			status = cw_revocation_from_json(item, &revocation, reterr);
		}
		if (status == CW_OK) {
			status = cw_revocations_add(policy->revocations, &revocation, now_s);
		}
	}
	json_decref(root);
	return status;
}

enum cw_status state_load(struct policy *policy, struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text = { .data = NULL };
	const char *path = policy->options.state;
	struct cw_error error;
	char line[600];

	if (path[0] == '\0') {
		return CW_OK;
	}
	if (check_writable(path, reterr) != CW_OK) {
		return CW_INVALID;
	}
	cw_buf_init(&text, MAX_STATE_BYTES);
	enum cw_status status = cw_file_read(path, &text, &error);

	if (status == CW_OK) {
		status = read_revocations(policy, &text, &error);
	}
	policy->knows_revocations = status == CW_OK;
	if (status != CW_OK && status != CW_NOT_FOUND &&
	    cw_text_format(line, sizeof(line),
			   "%s: %s; agents can neither send nor receive until the daemon has sent its table", path,
			   error.text)) {
		policy->broker.log(true, line);
	}
	return CW_OK;
}

static void append(void *context, const struct cw_revocation *revocation)
{
	(void)json_array_append_new(context, cw_revocation_to_json(revocation)); /* a failure shows in the count below */
}

enum cw_status state_save(const struct policy *policy, struct cw_error *reterr)
{
	json_t *list = json_array();

	if (policy->options.state[0] == '\0') {
		json_decref(list);
		return CW_OK;
	}
	cw_revocations_each(policy->revocations, append, list);
	bool is_whole = json_array_size(list) == cw_revocations_count(policy->revocations);
	json_t *root = json_pack("{s:i, s:o}", "v", 1, "revocations", list);
	char *text = is_whole ? json_dumps(root, JSON_INDENT(1)) : NULL;
	enum cw_status status = text ? cw_file_write(policy->options.state, text, strlen(text), STATE_MODE, reterr) :
				       cw_error_set(reterr, CW_NOMEM, "out of memory");

	free(text);
	json_decref(root);
	return status;
}
