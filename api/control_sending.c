/* SPDX-License-Identifier: MIT */
/* Control actions for sending: commands, the outbox, paused numbers, templates. */
#include <stdlib.h>
#include <string.h>

#include "api/control_private.h"
#include "core/clock.h"

#define SUBJECT "cli"
#define MAX_LISTED 1000

static enum cw_status change_number(const struct control *control, json_t *arguments, enum cw_number_change change,
				    struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_NUMBER_PAUSE,
				  .pause = { .change = change,
					     .phone_number_id = control_text(arguments, "phone_number_id"),
					     .reason = control_text(arguments, "reason") } };

	if (!op.pause.phone_number_id || (change == CW_NUMBER_PAUSE && !op.pause.reason)) {
		return control_missing("phone_number_id or reason", reterr);
	}
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	return status;
}

/* These add nothing to "status". */
enum cw_status control_number_pause(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr)
{
	(void)answer;
	return change_number(control, arguments, CW_NUMBER_PAUSE, reterr);
}

enum cw_status control_number_resume(const struct control *control, json_t *arguments, json_t *answer,
				     struct cw_error *reterr)
{
	(void)answer;
	return change_number(control, arguments, CW_NUMBER_RESUME, reterr);
}

enum cw_status control_number_token(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr)
{
	(void)answer;
	return change_number(control, arguments, CW_NUMBER_TOKEN, reterr);
}

/* ---- commands ---- */

/* The command's answer is merged into `answer`, as an agent would get it. */
static enum cw_status run_command(const struct control *control, const char *account, const char *conversation,
				  json_t *said, json_t *answer, struct cw_error *reterr)
{
	struct cw_command command = { .root = NULL };
	struct cw_problem problem;
	char *text = json_dumps(said, JSON_COMPACT);
	struct cw_store_op op = {
		.type = CW_STORE_COMMAND,
		.command = { .account = account, .subject = SUBJECT, .conversation = conversation, .command = &command }
	};
	enum cw_status status = CW_INVALID;

	if (!text) {
		status = CW_NOMEM;
	} else if (!cw_command_parse(text, strlen(text), &command, &problem)) {
		status = problem.status == 503 ? CW_NOMEM : CW_INVALID;
		(void)cw_error_set(reterr, status, "%s", problem.detail);
	} else {
		status = cw_store_run(control->store, &op);
		*reterr = op.error;
	}
	json_t *answered = status == CW_OK ? json_loads(op.command.answer, 0, NULL) : NULL;
	const char *detail = json_string_value(json_object_get(json_object_get(answered, "problem"), "detail"));

	if (status == CW_OK && !answered) {
		status = cw_error_set(reterr, CW_NOMEM,
				      "the command was carried out, but there is no memory for its answer; the same command "
				      "with the same id gives the answer again");
	}
	if (detail) {
		status = cw_error_set(reterr, op.command.http_status == 404 ? CW_NOT_FOUND : CW_INVALID, "%s", detail);
	}
	if (answered) {
		(void)json_object_update(answer, answered); /* if this fails, the status still tells the outcome */
	}
	json_decref(answered);
	cw_command_finish(&command);
	free(op.command.answer);
	free(text);
	return status;
}

enum cw_status control_command(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *account = control_text(arguments, "account");
	const char *id = control_text(arguments, "conversation");
	json_t *said = json_object_get(arguments, "command");
	const char *conversation = NULL;

	if (!account || !id || !json_is_object(said)) {
		return control_missing("account, conversation or command", reterr);
	}
	json_t *question = json_pack("{s:s, s:s}", "account", account, "id", id);
	enum cw_status status = control_resolve_one(control, question, answer, &conversation, reterr);

	json_decref(question);
	if (status == CW_OK) {
		status = run_command(control, account, conversation, said, answer, reterr);
		(void)json_object_set_new(answer, "conversation", json_string(conversation));
	}
	(void)json_object_del(answer, "matches"); /* the conversation is already in the answer */
	(void)json_object_del(answer, "compared_with");
	return status;
}

/* ---- the outbox ---- */

static bool on_outbound(void *context, const struct cw_outbound *outbound)
{
	json_t *row = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:I}", "message", outbound->message,
				"attempt", outbound->attempt, "state", cw_outbound_state_text(outbound->state),
				"conversation", outbound->conversation_id, "tag", outbound->tag, "phone_number_id",
				outbound->phone_number_id, "kind", cw_message_kind_text(outbound->kind), "tries",
				outbound->tries, "code", outbound->code, "queued_at", (json_int_t)outbound->queued_at_ms,
				"due_at", (json_int_t)(outbound->due_at_ms == CW_STORE_NEVER ? 0 : outbound->due_at_ms));

	return json_array_append_new(context, row) == 0;
}

enum cw_status control_list_outbox(const struct control *control, json_t *arguments, json_t *answer,
				   struct cw_error *reterr)
{
	struct cw_outbound_counts counts = { .oldest_queued_at_ms = 0 };
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	if (status == CW_OK) {
		status = json_is_true(json_object_get(arguments, "failed")) ?
				 cw_store_list_failed(reader, MAX_LISTED + 1, on_outbound, list, reterr) :
				 cw_store_list_outbound(reader, 0, MAX_LISTED + 1, on_outbound, list, reterr);
	}
	if (status == CW_OK) {
		status = cw_store_outbound_counts(reader, &counts, reterr);
	}
	cw_reader_release(reader);
	for (int state = 0; state < CW_OUTBOUND_STATE_COUNT; state++) {
		if (!cw_outbound_is_final((enum cw_outbound_state)state)) {
			(void)json_object_set_new(answer, cw_outbound_state_text((enum cw_outbound_state)state),
						  json_integer(counts.n[state]));
		}
	}
	bool has_more = json_array_size(list) > MAX_LISTED && json_array_remove(list, MAX_LISTED) == 0;

	bool is_set = json_object_set_new(answer, "has_more", json_boolean(has_more)) == 0;

	is_set &= json_object_set_new(answer, "messages", list) == 0;
	return is_set ? status : CW_NOMEM;
}

enum cw_status control_do_outbox(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr)
{
	const char *message = control_text(arguments, "message");
	const char *type = control_text(arguments, "type");
	const char *id = control_text(arguments, "id");
	struct cw_message_place place;
	struct cw_reader *reader = NULL;

	if (!message || !type || !id) {
		return control_missing("message, type or id", reterr);
	}
	enum cw_status status = cw_reader_acquire(control->store, &reader, reterr);

	if (status == CW_OK) {
		status = cw_store_message_place(reader, message, &place, reterr);
	}
	cw_reader_release(reader);
	if (status != CW_OK) {
		return status;
	}
	json_t *said = json_pack("{s:s, s:s, s:{s:s}}", "id", id, "type", type, "data", "message", message);

	status = run_command(control, place.account, place.conversation, said, answer, reterr);
	json_decref(said);
	return status;
}

/* ---- templates ---- */

static bool on_template(void *context, json_t *row)
{
	return json_array_append(context, row) == 0;
}

enum cw_status control_list_templates(const struct control *control, json_t *arguments, json_t *answer,
				      struct cw_error *reterr)
{
	const char *account = control_text(arguments, "account");
	struct cw_reader *reader = NULL;
	json_t *list = json_array();
	enum cw_status status = account ? cw_reader_acquire(control->store, &reader, reterr) :
					  control_missing("account", reterr);

	if (status == CW_OK) {
		status = cw_store_list_templates(reader, account, on_template, list, reterr);
	}
	cw_reader_release(reader);
	return json_object_set_new(answer, "templates", list) == 0 ? status : CW_NOMEM;
}

enum cw_status control_replace_templates(const struct control *control, json_t *arguments, json_t *answer,
					 struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_TEMPLATES,
				  .templates = {
					  .account = control_text(arguments, "account"),
					  .waba_id = control_text(arguments, "waba_id"),
					  .rows = json_object_get(arguments, "templates"),
					  .asked_at_ms = json_integer_value(json_object_get(arguments, "asked_at")) } };

	if (!op.templates.account || !op.templates.waba_id || !json_is_array(op.templates.rows)) {
		return control_missing("account, waba_id or templates", reterr);
	}
	enum cw_status status = cw_store_run(control->store, &op);

	*reterr = op.error;
	return json_object_set_new(answer, "stored", json_integer(op.templates.n_stored)) == 0 ? status : CW_NOMEM;
}
