/* SPDX-License-Identifier: MIT */
/* Control actions on agents who sign in with a password. */
#include <string.h>

#include "api/control_private.h"
#include "api/password.h"
#include "core/clock.h"
#include "core/text.h"

static enum cw_status copy(json_t *arguments, const char *name, char *out, size_t size, struct cw_error *reterr)
{
	const char *text = control_text(arguments, name);

	return cw_text_copy(out, size, text ? text : "") ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "%s \"%.40s…\" is longer than %zu bytes", name, text, size - 1);
}

static enum cw_status read_agent(json_t *arguments, struct cw_agent *agent, struct cw_error *reterr)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} members[] = {
		{ "account", agent->account, sizeof(agent->account) },
		{ "subject", agent->subject, sizeof(agent->subject) },
		{ "email", agent->email, sizeof(agent->email) },
		{ "name", agent->name, sizeof(agent->name) },
		{ "role", agent->role, sizeof(agent->role) },
	};
	enum cw_status status = CW_OK;

	memset(agent, 0, sizeof(*agent));
	for (size_t i = 0; status == CW_OK && i < sizeof(members) / sizeof(members[0]); i++) {
		status = copy(arguments, members[i].name, members[i].out, members[i].size, reterr);
	}
	if (status == CW_OK && (agent->account[0] == '\0' || agent->subject[0] == '\0')) {
		status = control_missing("account or subject", reterr);
	}
	cw_text_lower(agent->email);
	return status;
}

static enum cw_status read_password(json_t *arguments, struct cw_agent *agent, struct cw_error *reterr)
{
	const char *password = control_text(arguments, "password");

	return password ? password_hash(password, agent->password_hash, reterr) : control_missing("password", reterr);
}

enum cw_status control_agent_add(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_agent agent;
	struct cw_store_op op = { .type = CW_STORE_AGENT_ADD, .agent.agent = &agent };
	enum cw_status status = read_agent(arguments, &agent, reterr);

	(void)answer; /* nothing to add to "ok" */
	if (status == CW_OK && (agent.name[0] == '\0' || agent.role[0] == '\0')) {
		status = control_missing("name or role", reterr);
	}
	if (status == CW_OK) {
		status = read_password(arguments, &agent, reterr);
	}
	if (status == CW_OK) {
		status = cw_store_run(control->store, &op);
		*reterr = op.error;
	}
	explicit_bzero(&agent, sizeof(agent));
	return status;
}

static enum cw_status change_agent(const struct control *control, json_t *arguments, enum cw_agent_change change,
				   struct cw_error *reterr)
{
	struct cw_agent agent;
	struct cw_store_op op = { .type = CW_STORE_AGENT_CHANGE, .agent = { .agent = &agent, .change = change } };
	int64_t longest_s = 0;
	enum cw_status status = read_agent(arguments, &agent, reterr);

	if (status == CW_OK && change == CW_AGENT_PASSWORD) {
		status = read_password(arguments, &agent, reterr);
	}
	if (status == CW_OK) {
		status = control->longest_token_s(control->context, &longest_s, reterr);
	}
	if (status == CW_OK) {
		op.agent.forget_at_s = cw_clock_now_ms() / 1000 + longest_s;
		status = cw_store_run(control->store, &op);
		*reterr = op.error;
	}
	if (status == CW_OK && op.agent.is_revoked && control->on_revoked) {
		control->on_revoked(control->context, &op.agent.revocation);
	}
	explicit_bzero(&agent, sizeof(agent));
	return status;
}

enum cw_status control_agent_password(const struct control *control, json_t *arguments, json_t *answer,
				      struct cw_error *reterr)
{
	(void)answer;
	return change_agent(control, arguments, CW_AGENT_PASSWORD, reterr);
}

enum cw_status control_agent_disable(const struct control *control, json_t *arguments, json_t *answer,
				     struct cw_error *reterr)
{
	(void)answer;
	return change_agent(control, arguments, CW_AGENT_DISABLE, reterr);
}

enum cw_status control_agent_enable(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr)
{
	(void)answer;
	return change_agent(control, arguments, CW_AGENT_ENABLE, reterr);
}

static bool on_agent(void *context, const struct cw_agent *agent)
{
	json_t *row = json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b}", "account", agent->account, "subject", agent->subject,
				"email", agent->email[0] ? agent->email : NULL, "name", agent->name, "role",
				agent->role, "disabled", agent->disabled_at_ms != 0);

	return json_array_append_new(context, row) == 0;
}

enum cw_status control_list_agents(const struct control *control, json_t *arguments, json_t *answer,
				   struct cw_error *reterr)
{
	const char *account = control_text(arguments, "account");
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = account ? cw_reader_acquire(control->store, &reader, reterr) :
					  control_missing("account", reterr);

	if (status == CW_OK) {
		status = cw_store_agents(reader, account, on_agent, list, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "agents", list) == 0 ? status : CW_NOMEM;
}
