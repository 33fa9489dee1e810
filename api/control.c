/* SPDX-License-Identifier: MIT */
#include "api/control_private.h"

#include <string.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "store/backup.h"

/* The client's clock may differ from ours; a time further ahead than this is not in seconds. */
#define MAX_AHEAD_S 86400

const char *control_text(json_t *arguments, const char *name)
{
	const char *text = json_string_value(json_object_get(arguments, name));

	return text && text[0] ? text : NULL;
}

/* Like control_text, but sets *is_wrong for null and other non-strings, which must not be taken for "not given". */
static const char *optional_text(json_t *arguments, const char *name, bool *is_wrong)
{
	json_t *value = json_object_get(arguments, name);
	const char *text = control_text(arguments, name);

	*is_wrong = *is_wrong || (value && !text);
	return text;
}

enum cw_status control_missing(const char *name, struct cw_error *reterr)
{
	return cw_error_set(reterr, CW_INVALID, "%s is missing", name);
}

/* ---- accounts and numbers ---- */

static enum cw_status add_account(const struct control *control, json_t *arguments, json_t *answer,
				  struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_ACCOUNT_ADD, .account.name = control_text(arguments, "account") };

	(void)answer; /* nothing to add to "ok" */
	if (!op.account.name) {
		return control_missing("account", reterr);
	}
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	return status;
}

static enum cw_status add_number(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_store_op op = {
		.type = CW_STORE_NUMBER_ADD,
		.number = { .account = control_text(arguments, "account"),
			    .phone_number_id = control_text(arguments, "phone_number_id"),
			    .waba_id = control_text(arguments, "waba_id"),
			    .is_simulated = json_is_true(json_object_get(arguments, "simulated")) },
	};

	(void)answer;
	if (!op.number.account || !op.number.phone_number_id) {
		return control_missing("account or phone_number_id", reterr);
	}
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	return status;
}

static bool on_account(void *context, const struct cw_account *account)
{
	return json_array_append_new(context, json_pack("{s:s, s:s, s:I}", "account", account->name, "epoch",
							account->epoch, "head", (json_int_t)account->head)) == 0;
}

static bool on_number(void *context, const struct cw_number *number)
{
	json_t *row = json_pack("{s:s, s:s, s:s?, s:b, s:b, s:s?, s:i, s:I}", "phone_number_id", number->phone_number_id,
				"account", number->account, "waba_id", number->waba_id, "simulated",
				number->is_simulated, "replaying", number->is_replaying, "paused", number->paused_reason,
				"paused_code", number->paused_code, "paused_at", (json_int_t)number->paused_at_ms);

	return json_array_append_new(context, row) == 0;
}

static enum cw_status list_accounts(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (status == CW_OK) {
		status = cw_store_accounts(reader, on_account, list, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "accounts", list) == 0 ? status : CW_NOMEM;
}

static enum cw_status list_numbers(const struct control *control, json_t *arguments, json_t *answer,
				   struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (status == CW_OK) {
		status = cw_store_numbers(reader, on_number, list, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "numbers", list) == 0 ? status : CW_NOMEM;
}

/* ---- legacy ids ---- */

/* Each row has its own result: {"status","conversation"} or {"status","error"}. */
static json_t *import_row(const struct control *control, json_t *row)
{
	struct cw_store_op op = {
		.type = CW_STORE_ALIAS_ADD,
		.alias = { .account = control_text(row, "account"),
			   .phone_number_id = control_text(row, "phone_number_id"),
			   .customer = control_text(row, "customer"),
			   .legacy_id = control_text(row, "id") },
	};

	if (!op.alias.account || !op.alias.phone_number_id || !op.alias.customer || !op.alias.legacy_id) {
		return json_pack("{s:s, s:s}", "status", cw_status_text(CW_INVALID), "error",
				 "_id, accountId, phoneNumberId and customerNumber are required, as strings");
	}
	enum cw_status status = cw_store_run(control->store, &op);

	return status == CW_OK || status == CW_DUPLICATE ?
		       json_pack("{s:s, s:s}", "status", cw_status_text(status), "conversation", op.alias.conversation) :
		       json_pack("{s:s, s:s}", "status", cw_status_text(status), "error", op.error.text);
}

static enum cw_status import_aliases(const struct control *control, json_t *arguments, json_t *answer,
				     struct cw_error *reterr)
{
	json_t *rows = json_object_get(arguments, "rows");
	json_t *results = json_array();
	size_t index;
	json_t *row;

	if (!json_is_array(rows)) {
		json_decref(results);
		return control_missing("rows", reterr);
	}
	json_array_foreach(rows, index, row)
	{
		if (json_array_append_new(results, import_row(control, row)) != 0) {
			json_decref(results);
			return cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
	}
	return json_object_set_new(answer, "results", results) == 0 ? CW_OK : CW_NOMEM;
}

/* ---- resolve, assign and check ---- */

struct resolving {
	json_t *matches;
	json_t *compared;
};

static bool on_match(void *context, const struct cw_conversation *conversation, const char *matched_by)
{
	struct resolving *resolving = context;

	return json_array_append_new(resolving->matches,
				     json_pack("{s:s, s:s, s:s}", "conversation", conversation->id, "tag",
					       conversation->tag, "matched_by", matched_by)) == 0;
}

static void on_compared(void *context, const char *line)
{
	struct resolving *resolving = context;

	(void)json_array_append_new(resolving->compared, json_string(line)); /* a missing line does no harm */
}

static enum cw_status resolve(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *account = control_text(arguments, "account");
	const char *id = control_text(arguments, "id");
	struct cw_reader *reader = NULL;
	struct resolving resolving = { .matches = json_array(), .compared = json_array() };
	const struct cw_resolve_sink sink = { .on_match = on_match, .on_compared = on_compared, .context = &resolving };
	enum cw_status status = account && id ? cw_reader_acquire(control->store, &reader, reterr) :
						control_missing("account or id", reterr);

	if (status == CW_OK) {
		status = cw_store_resolve(reader, account, id, control_text(arguments, "phone_number_id"), &sink, reterr);
	}
	cw_reader_release(reader);
	bool has_matches = json_object_set_new(answer, "matches", resolving.matches) == 0;
	bool has_compared = json_object_set_new(answer, "compared_with", resolving.compared) == 0;

	return has_matches && has_compared ? status : CW_NOMEM;
}

enum cw_status control_resolve_one(const struct control *control, json_t *arguments, json_t *answer,
				   const char **ret_conversation, struct cw_error *reterr)
{
	enum cw_status status = resolve(control, arguments, answer, reterr);
	json_t *matches = json_object_get(answer, "matches");
	size_t n = json_array_size(matches);
	const char *first = json_string_value(json_object_get(json_array_get(matches, 0), "conversation"));
	const char *second = json_string_value(json_object_get(json_array_get(matches, 1), "conversation"));

	if (status != CW_OK) {
		return status;
	}
	if (n == 0 || !first) {
		return cw_error_set(reterr, CW_NOT_FOUND, "no conversation of account %.70s matches \"%.70s\"",
				    control_text(arguments, "account"), control_text(arguments, "id"));
	}
	if (n > 1) {
		return cw_error_set(reterr, CW_INVALID, "%zu conversations match: %.120s, %.120s%s; name one", n, first,
				    second ? second : "", n > 2 ? ", …" : "");
	}
	*ret_conversation = first;
	return CW_OK;
}

static enum cw_status run_assign(const struct control *control, const char *account, const char *conversation,
				 const char *subject, json_t *answer, struct cw_error *reterr)
{
	struct cw_store_op op = {
		.type = CW_STORE_ASSIGN,
		.assign = { .account = account, .conversation = conversation, .subject = subject },
	};
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	if (status != CW_OK && status != CW_DUPLICATE) {
		return status;
	}
	json_t *done = json_pack("{s:s, s:s?, s:b}", "conversation", op.assign.canonical, "assignee", subject,
				 "changed", status == CW_OK);

	status = done && json_object_update(answer, done) == 0 ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
	json_decref(done);
	return status;
}

/* {account, conversation, subject}: conversation is any of its ids; subject null unassigns it. */
static enum cw_status assign(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *account = control_text(arguments, "account");
	const char *id = control_text(arguments, "conversation");
	json_t *subject = json_object_get(arguments, "subject");
	const char *conversation = NULL;

	if (!account || !id || !(json_is_null(subject) || control_text(arguments, "subject"))) {
		return control_missing("account, conversation or subject", reterr);
	}
	json_t *question = json_pack("{s:s, s:s}", "account", account, "id", id);
	enum cw_status status = control_resolve_one(control, question, answer, &conversation, reterr);

	json_decref(question);
	if (status != CW_OK) {
		return status;
	}
	status = run_assign(control, account, conversation, json_string_value(subject), answer, reterr);
	(void)json_object_del(answer, "matches"); /* the conversation is already in the answer */
	(void)json_object_del(answer, "compared_with");
	return status;
}

static void on_fault(void *context, const char *text)
{
	(void)json_array_append_new(context, json_string(text)); /* counted in result.faults as well */
}

static enum cw_status check_sending(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	json_t *faults = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (status == CW_OK) {
		status = cw_store_check_sending(reader, on_fault, faults, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "faults", faults) == 0 ? status : CW_NOMEM;
}

static enum cw_status check(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	struct control_publisher publisher = { .cursor = -1 };
	struct cw_check result;
	json_t *faults = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (control->publisher) {
		control->publisher(control->context, &publisher);
	}
	if (status == CW_OK) {
		status = cw_store_check(reader, publisher.cursor, on_fault, faults, &result, reterr);
	}
	cw_reader_release(reader);
	json_t *counts =
		status == CW_OK ?
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "messages", (json_int_t)result.messages,
				  "conversations", (json_int_t)result.conversations, "waiting_changes",
				  (json_int_t)result.waiting_changes, "kept_changes", (json_int_t)result.kept_changes,
				  "lag_events", (json_int_t)result.lag_events, "lag_ms", (json_int_t)result.lag_ms,
				  "n_faults", (json_int_t)result.faults, "search_checked", result.has_checked_search) :
			NULL;

	if (status == CW_OK && (!counts || json_object_update(answer, counts) != 0)) {
		status = CW_NOMEM;
	}
	json_decref(counts);
	return json_object_set_new(answer, "faults", faults) == 0 ? status : CW_NOMEM;
}

/* ---- revocations ---- */

static int64_t seconds_of(json_t *arguments, const char *name, int64_t fallback)
{
	json_t *value = json_object_get(arguments, name);

	return value ? json_integer_value(value) : fallback; /* 0 for any other type; cw_revocation_check refuses it */
}

static enum cw_status copy_name(const char *name, char *out, size_t size, struct cw_error *reterr)
{
	return cw_text_copy(out, size, name) ? CW_OK : cw_error_set(reterr, CW_INVALID, "\"%.70s…\" is too long", name);
}

/* What is to be revoked: {account, jti}, {account, subject}, {account} or {kid}. */
static enum cw_status read_target(json_t *arguments, struct cw_revocation *revocation, struct cw_error *reterr)
{
	static const struct {
		const char *member;
		enum cw_revocation_kind kind;
	} targets[] = { { "jti", CW_REVOKE_JTI }, { "subject", CW_REVOKE_SUBJECT }, { "kid", CW_REVOKE_KEY } };
	bool is_wrong = false;
	const char *account = optional_text(arguments, "account", &is_wrong);
	const char *value = NULL;
	int n_values = 0;

	revocation->kind = CW_REVOKE_ACCOUNT;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const char *given = optional_text(arguments, targets[i].member, &is_wrong);

		if (given) {
			revocation->kind = targets[i].kind;
			value = given;
			n_values++;
		}
	}
	/* A subject that is not a string must not be taken as "the whole account". */
	if (is_wrong || n_values > 1) {
		return cw_error_set(reterr, CW_INVALID,
				    "one of jti, subject and kid, as a string, or none for the account");
	}
	enum cw_status status = copy_name(account ? account : "", revocation->account, sizeof(revocation->account),
					  reterr);

	return status == CW_OK ? copy_name(value ? value : "", revocation->value, sizeof(revocation->value), reterr) :
				 status;
}

static enum cw_status read_revocation(const struct control *control, json_t *arguments,
				      struct cw_revocation *revocation, struct cw_error *reterr)
{
	int64_t now_s = cw_clock_now_ms() / 1000;
	int64_t longest_s = 0;
	enum cw_status status = read_target(arguments, revocation, reterr);

	if (status == CW_OK) {
		status = control->longest_token_s(control->context, &longest_s, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	revocation->revoked_at_s = seconds_of(arguments, "revoked_at", now_s);
	if (revocation->revoked_at_s > now_s + MAX_AHEAD_S) {
		return cw_error_set(reterr, CW_INVALID, "revoked_at is in the future");
	}
	/* No token signed up to then is valid for longer. */
	revocation->forget_at_s = (revocation->revoked_at_s > now_s ? revocation->revoked_at_s : now_s) + longest_s;
	return cw_revocation_check(revocation, reterr);
}

static enum cw_status revoke(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_REVOKE };
	enum cw_status status = read_revocation(control, arguments, &op.revocation, reterr);

	if (status != CW_OK) {
		return status;
	}
	status = cw_store_run(control->store, &op);
	*reterr = op.error;
	if (status != CW_OK) {
		return status;
	}
	if (control->on_revoked) {
		control->on_revoked(control->context, &op.revocation);
	}
	return json_object_set_new(answer, "revocation", cw_revocation_to_json(&op.revocation)) == 0 ?
		       CW_OK :
		       cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static bool on_revocation(void *context, const struct cw_revocation *revocation)
{
	return json_array_append_new(context, cw_revocation_to_json(revocation)) == 0;
}

static enum cw_status list_revocations(const struct control *control, json_t *arguments, json_t *answer,
				       struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (status == CW_OK) {
		status = cw_store_revocations(reader, cw_clock_now_ms() / 1000, on_revocation, list, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "revocations", list) == 0 ? status : CW_NOMEM;
}

/* ---- keys and roles ---- */

static enum cw_status reload(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	(void)arguments;
	(void)json_object_set_new(answer, "running", json_boolean(control->reload != NULL));
	return control->reload ? control->reload(control->context, reterr) : CW_OK;
}

/* ---- backup ---- */

static enum cw_status backup(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *path = control_text(arguments, "path");

	(void)answer; /* nothing to add to "ok" */
	return path ? cw_store_backup(control->store, path, reterr) : control_missing("path", reterr);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	enum cw_status (*act)(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr);
} actions[] = {
	{ "account.add", add_account },
	{ "account.list", list_accounts },
	{ "agent.add", control_agent_add },
	{ "agent.list", control_list_agents },
	{ "agent.password", control_agent_password },
	{ "agent.disable", control_agent_disable },
	{ "agent.enable", control_agent_enable },
	{ "number.add", add_number },
	{ "number.list", list_numbers },
	{ "number.pause", control_number_pause },
	{ "number.resume", control_number_resume },
	{ "number.token", control_number_token },
	{ "command", control_command },
	{ "outbox.list", control_list_outbox },
	{ "outbox.do", control_do_outbox },
	{ "template.list", control_list_templates },
	{ "template.replace", control_replace_templates },
	{ "alias.import", import_aliases },
	{ "resolve", resolve },
	{ "assign", assign },
	{ "revoke", revoke },
	{ "revocation.list", list_revocations },
	{ "reload", reload },
	{ "trace", control_trace },
	{ "backup", backup },
	{ "check", check },
	{ "check.sending", check_sending },
};

enum cw_status control_do(const struct control *control, const char *action, json_t *arguments, json_t **ret_answer)
{
	json_t *answer = json_object();
	struct cw_error error = { .text = "" };
	size_t n = sizeof(actions) / sizeof(actions[0]);
	size_t i = 0;

	*ret_answer = answer;
	if (!answer) {
		return CW_NOMEM; /* nothing has been done yet */
	}
	while (i < n && strcmp(actions[i].name, action) != 0) {
		i++;
	}
	enum cw_status status = i < n ? actions[i].act(control, arguments, answer, &error) :
					cw_error_set(&error, CW_NOT_FOUND, "the daemon has no action \"%.40s\"", action);

	/* An action that fails because memory ran out must not be reported as invalid or not found. */
	if ((status != CW_OK && cw_memory_ran_out()) || (status == CW_NOMEM && error.text[0] == '\0')) {
		status = cw_error_set(&error, CW_NOMEM, "the daemon is out of memory; try again");
	}
	if (status != CW_OK) {
		(void)json_object_set_new(answer, "error", json_string(error.text)); /* the status says so, too */
	}
	(void)json_object_set_new(answer, "status", json_string(cw_status_text(status)));
	return status;
}

static int http_code_of(enum cw_status status)
{
	switch (status) {
	case CW_OK:
		return 200;
	case CW_NOT_FOUND:
		return 404;
	case CW_INVALID:
		return 400;
	case CW_DUPLICATE:
		return 409;
	default:
		return 503;
	}
}

void control_handle(struct cw_http_request *request, void *control)
{
	size_t len = 0;
	const char *body = cw_http_body(request, &len);
	json_t *answer = NULL;

	cw_memory_watch();
	json_t *arguments = json_loadb(body, len, 0, NULL);

	if (cw_memory_ran_out()) {
		json_decref(arguments);
		cw_http_problem(request, 503, "no_memory", "The server is out of memory. Try again.");
		return;
	}
	if (!json_is_object(arguments)) {
		json_decref(arguments);
		cw_http_problem(request, 400, "bad_body", "The body must be a JSON object.");
		return;
	}
	enum cw_status status = control_do(control, cw_http_level(request, 0), arguments, &answer);

	json_decref(arguments);
	if (!answer) {
		cw_http_problem(request, 503, "no_memory", "The server is out of memory. Try again.");
		return;
	}
	cw_http_answer_json(request, http_code_of(status), answer);
}
