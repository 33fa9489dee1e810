/* SPDX-License-Identifier: MIT */
#include "api/control.h"

#include <string.h>

static const char *text_of(json_t *arguments, const char *name)
{
	const char *text = json_string_value(json_object_get(arguments, name));

	return text && text[0] ? text : NULL;
}

static enum cw_status missing(const char *name, struct cw_error *reterr)
{
	return cw_error_set(reterr, CW_INVALID, "%s is missing", name);
}

/* ---- accounts and numbers ---- */

static enum cw_status add_account(const struct control *control, json_t *arguments, json_t *answer,
				  struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_ACCOUNT_ADD, .account.name = text_of(arguments, "account") };

	(void)answer; /* nothing to add to "ok" */
	if (!op.account.name) {
		return missing("account", reterr);
	}
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	return status;
}

static enum cw_status add_number(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_store_op op = {
		.type = CW_STORE_NUMBER_ADD,
		.number = { .account = text_of(arguments, "account"),
			    .phone_number_id = text_of(arguments, "phone_number_id"),
			    .waba_id = text_of(arguments, "waba_id"),
			    .is_simulated = json_is_true(json_object_get(arguments, "simulated")) },
	};

	(void)answer;
	if (!op.number.account || !op.number.phone_number_id) {
		return missing("account or phone_number_id", reterr);
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
	return json_array_append_new(context,
				     json_pack("{s:s, s:s, s:s?, s:b, s:b}", "phone_number_id", number->phone_number_id,
					       "account", number->account, "waba_id", number->waba_id, "simulated",
					       number->is_simulated, "replaying", number->is_replaying)) == 0;
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

/* Each row answers for itself: {"status","conversation"} or {"status","error"}. */
static json_t *import_row(const struct control *control, json_t *row)
{
	struct cw_store_op op = {
		.type = CW_STORE_ALIAS_ADD,
		.alias = { .account = text_of(row, "account"),
			   .phone_number_id = text_of(row, "phone_number_id"),
			   .customer = text_of(row, "customer"),
			   .legacy_id = text_of(row, "id") },
	};

	if (!op.alias.account || !op.alias.phone_number_id || !op.alias.customer || !op.alias.legacy_id) {
		return json_pack("{s:s, s:s}", "status", cw_status_text(CW_INVALID), "error",
				 "_id, accountId, phoneNumberId and customerNumber are needed, as texts");
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
		return missing("rows", reterr);
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

/* ---- resolve and check ---- */

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

	(void)json_array_append_new(resolving->compared, json_string(line)); /* a missing line harms nobody */
}

static enum cw_status resolve(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *account = text_of(arguments, "account");
	const char *id = text_of(arguments, "id");
	struct cw_reader *reader = NULL;
	struct resolving resolving = { .matches = json_array(), .compared = json_array() };
	const struct cw_resolve_sink sink = { .on_match = on_match, .on_compared = on_compared, .context = &resolving };
	enum cw_status status = account && id ? cw_reader_acquire(control->store, &reader, reterr) :
						missing("account or id", reterr);

	if (status == CW_OK) {
		status = cw_store_resolve(reader, account, id, text_of(arguments, "phone_number_id"), &sink, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "matches", resolving.matches) == 0 &&
			       json_object_set_new(answer, "compared_with", resolving.compared) == 0 ?
		       status :
		       CW_NOMEM;
}

static void on_fault(void *context, const char *text)
{
	(void)json_array_append_new(context, json_string(text)); /* counted in any case */
}

static enum cw_status check(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	struct cw_check result;
	json_t *faults = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	(void)arguments;
	if (status == CW_OK) {
		status = cw_store_check(reader, control->published ? control->published(control->context) : -1,
					on_fault, faults, &result, reterr);
	}
	cw_reader_release(reader);
	json_t *counts = status == CW_OK ?
				 json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "messages", (json_int_t)result.messages,
					   "conversations", (json_int_t)result.conversations, "waiting_changes",
					   (json_int_t)result.waiting_changes, "kept_changes",
					   (json_int_t)result.kept_changes, "lag_events", (json_int_t)result.lag_events,
					   "lag_ms", (json_int_t)result.lag_ms, "n_faults", (json_int_t)result.faults) :
				 NULL;

	if (status == CW_OK && (!counts || json_object_update(answer, counts) != 0)) {
		status = CW_NOMEM;
	}
	json_decref(counts);
	return json_object_set_new(answer, "faults", faults) == 0 ? status : CW_NOMEM;
}

/* ---- the table ---- */

static const struct {
	const char *name;
	enum cw_status (*act)(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr);
} actions[] = {
	{ "account.add", add_account },
	{ "account.list", list_accounts },
	{ "number.add", add_number },
	{ "number.list", list_numbers },
	{ "alias.import", import_aliases },
	{ "resolve", resolve },
	{ "check", check },
};

enum cw_status control_do(const struct control *control, const char *action, json_t *arguments, json_t **ret_answer)
{
	json_t *answer = json_object();
	struct cw_error error = { .text = "" };
	enum cw_status status = cw_error_set(&error, CW_NOT_FOUND, "the daemon knows no action \"%.40s\"", action);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, action) == 0) {
			status = actions[i].act(control, arguments, answer, &error);
		}
	}
	if (status != CW_OK) {
		(void)json_object_set_new(answer, "error", json_string(error.text)); /* the status tells too */
	}
	(void)json_object_set_new(answer, "status", json_string(cw_status_text(status)));
	*ret_answer = answer;
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
	json_t *arguments = json_loadb(body, len, 0, NULL);
	json_t *answer = NULL;

	if (!json_is_object(arguments)) {
		json_decref(arguments);
		cw_http_problem(request, 400, "bad_body", "The body must be a JSON object.");
		return;
	}
	enum cw_status status = control_do(control, cw_http_level(request, 0), arguments, &answer);

	json_decref(arguments);
	cw_http_answer_json(request, http_code_of(status), answer);
}
