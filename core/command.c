/* SPDX-License-Identifier: MIT */
#include "core/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "core/clock.h"
#include "core/content.h"
#include "core/event.h"
#include "core/memory.h"
#include "core/text.h"

#define ID_CHARACTERS CW_TEXT_ID "_.:"

typedef bool (*read_fn)(struct cw_command *command, json_t *data, struct cw_problem *problem);

static bool read_send(struct cw_command *command, json_t *data, struct cw_problem *problem);
static bool read_message(struct cw_command *command, json_t *data, struct cw_problem *problem);
static bool read_unread(struct cw_command *command, json_t *data, struct cw_problem *problem);
static bool read_assign(struct cw_command *command, json_t *data, struct cw_problem *problem);
static bool read_nothing(struct cw_command *command, json_t *data, struct cw_problem *problem);

static const struct {
	const char *name;
	read_fn read;
	const char *members; /* of data */
} types[CW_COMMAND_TYPE_COUNT] = {
	[CW_COMMAND_SEND] = { "send", read_send, "kind, content, reply_to" },
	[CW_COMMAND_READ] = { "read", read_message, "message" },
	[CW_COMMAND_UNREAD] = { "unread", read_unread, "message" },
	[CW_COMMAND_TYPING] = { "typing", read_nothing, "" },
	[CW_COMMAND_ASSIGN] = { "assign", read_assign, "assignee" },
	[CW_COMMAND_DONE] = { "done", read_nothing, "" },
	[CW_COMMAND_REOPEN] = { "reopen", read_nothing, "" },
	[CW_COMMAND_RETRY] = { "retry", read_message, "message" },
	[CW_COMMAND_DISCARD] = { "discard", read_message, "message" },
};

void cw_problem_set(struct cw_problem *problem, const char *type, int status, const char *format, ...)
{
	va_list arguments;

	problem->type = type;
	problem->status = status;
	va_start(arguments, format);
	(void)vsnprintf(problem->detail, sizeof(problem->detail), format, arguments); /* truncation is fine */
	va_end(arguments);
}

static bool refuse(struct cw_problem *problem, const char *detail)
{
	cw_problem_set(problem, "bad_command", 400, "%s", detail);
	return false;
}

/* ---- data, by type ---- */

static bool is_message_id(const char *text)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];

	return text && cw_clock_uuid_parse(text, uuid) == CW_OK;
}

static bool read_reply_to(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	json_t *reply_to = json_object_get(data, "reply_to");

	if (!reply_to || json_is_null(reply_to)) {
		return true;
	}
	command->reply_to = json_string_value(reply_to);
	if (!is_message_id(command->reply_to)) {
		return refuse(problem, "data.reply_to: must be a message id.");
	}
	/* WhatsApp shows no quote for these ("Contextual replies"). */
	return command->kind != CW_KIND_REACTION && command->kind != CW_KIND_TEMPLATE ?
		       true :
		       refuse(problem, "data.reply_to: reactions and templates cannot quote a message.");
}

static bool read_send(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	struct cw_error error;

	if (cw_message_kind_parse(json_string_value(json_object_get(data, "kind")), &command->kind) != CW_OK ||
	    !cw_content_can_send(command->kind)) {
		return refuse(problem,
			      "data.kind: must be text, image, video, audio, voice, document, sticker, location, contacts, "
			      "reaction, interactive or template.");
	}
	command->content = json_object_get(data, "content");
	enum cw_status status = cw_content_check(command->kind, command->content, &error);

	if (status == CW_INVALID) {
		cw_problem_set(problem, "bad_command", 400, "data.%s.", error.text);
	} else if (status != CW_OK) {
		cw_command_busy(status, problem);
	}
	if (status != CW_OK) {
		return false;
	}
	if (command->kind == CW_KIND_REACTION) {
		command->message = json_string_value(json_object_get(command->content, "message"));
		if (!is_message_id(command->message)) {
			return refuse(problem, "data.content.message: must be a message id.");
		}
	}
	return read_reply_to(command, data, problem);
}

static bool read_message(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	command->message = json_string_value(json_object_get(data, "message"));
	return is_message_id(command->message) ? true : refuse(problem, "data.message: must be a message id.");
}

static bool read_unread(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	return json_object_get(data, "message") ? read_message(command, data, problem) : true;
}

static bool read_assign(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	json_t *assignee = json_object_get(data, "assignee");

	command->assignee = json_string_value(assignee);
	if (json_is_null(assignee) || (command->assignee && cw_subject_is_valid(command->assignee))) {
		return true;
	}
	return refuse(problem, "data.assignee: must be \"me\", an agent id of 1 to 64 letters, digits or -, or null.");
}

static bool read_nothing(struct cw_command *command, json_t *data, struct cw_problem *problem)
{
	(void)command;
	(void)data; /* its members were checked */
	(void)problem;
	return true;
}

/* ---- the envelope ---- */

static bool has_only(json_t *object, const char *prefix, const char *members, struct cw_problem *problem)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		if (!cw_text_list_has(members, name)) {
			cw_problem_set(problem, "bad_command", 400, "%s%.60s: unknown member.", prefix, name);
			return false;
		}
	}
	return true;
}

static bool read_id(struct cw_command *command, struct cw_problem *problem)
{
	const char *id = json_string_value(json_object_get(command->root, "id"));

	if (!id || !cw_text_is_made_of(id, strlen(id), CW_COMMAND_ID_MAX, ID_CHARACTERS)) {
		return refuse(problem,
			      "id: must be a string of 1 to 64 letters, digits or - _ . : that you use only once.");
	}
	return cw_text_copy(command->id, sizeof(command->id), id);
}

static bool read_type(struct cw_command *command, struct cw_problem *problem)
{
	const char *type = json_string_value(json_object_get(command->root, "type"));

	for (int i = 0; type && i < CW_COMMAND_TYPE_COUNT; i++) {
		if (strcmp(types[i].name, type) == 0) {
			command->type = (enum cw_command_type)i;
			return true;
		}
	}
	cw_problem_set(problem, "unknown_command", 400,
		       "type: must be send, read, unread, typing, assign, done, reopen, retry or discard.");
	return false;
}

static bool read_epoch(struct cw_command *command, struct cw_problem *problem)
{
	const json_t *epoch = json_object_get(command->root, "epoch");

	command->epoch = json_string_value(epoch);
	if (epoch && (!command->epoch || strlen(command->epoch) != CW_EPOCH_TEXT - 1)) {
		return refuse(problem, "epoch: must be the epoch that /sync returned.");
	}
	return true;
}

/* Bodies that parse to the same JSON have the same digest, however they are written. */
static bool digest(struct cw_command *command, json_t *data)
{
	json_t *said = json_pack("{s:s, s:O}", "type", types[command->type].name, "data", data);
	char *text = said ? json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	bool is_done = text && EVP_Digest(text, strlen(text), command->digest, NULL, EVP_sha256(), NULL) == 1;

	free(text);
	json_decref(said);
	return is_done;
}

static bool read_root(struct cw_command *command, struct cw_problem *problem)
{
	if (!read_id(command, problem) || !read_type(command, problem) || !read_epoch(command, problem) ||
	    !has_only(command->root, "", "id, type, data, epoch", problem)) {
		return false;
	}
	json_t *data = json_object_get(command->root, "data");
	json_t *nothing = NULL;

	if (!data) {
		data = nothing = json_object();
	}
	bool is_read = json_is_object(data) ? has_only(data, "data.", types[command->type].members, problem) &&
						      types[command->type].read(command, data, problem) :
					      refuse(problem, "data: must be an object.");

	if (is_read && !digest(command, data)) {
		cw_command_busy(CW_NOMEM, problem);
		is_read = false;
	}
	json_decref(nothing);
	return is_read;
}

bool cw_command_parse(const char *bytes, size_t len, struct cw_command *ret_command, struct cw_problem *ret_problem)
{
	*ret_command = (struct cw_command){ .root = NULL };
	if (len > CW_COMMAND_MAX_BYTES) {
		cw_problem_set(ret_problem, "too_large", 413, "A command may have at most %d bytes.",
			       CW_COMMAND_MAX_BYTES);
		return false;
	}
	cw_memory_watch();
	ret_command->root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	if (cw_memory_ran_out()) {
		cw_command_busy(CW_NOMEM, ret_problem);
		return false;
	}
	if (!json_is_object(ret_command->root)) {
		return refuse(ret_problem, "A command must be a JSON object {\"id\",\"type\",\"data\"} in UTF-8.");
	}
	return read_root(ret_command, ret_problem);
}

void cw_command_finish(struct cw_command *command)
{
	json_decref(command->root);
	*command = (struct cw_command){ .root = NULL };
}

const char *cw_command_type_text(enum cw_command_type type)
{
	return (unsigned)type < CW_COMMAND_TYPE_COUNT ? types[type].name : "";
}

/* ---- answers ---- */

void cw_command_busy(enum cw_status status, struct cw_problem *problem)
{
	const char *why = status == CW_FULL  ? "The server's disk is full." :
			  status == CW_NOMEM ? "The server is out of memory." :
			  status == CW_BUSY  ? "The server is overloaded." :
					       "The server's database failed.";

	cw_problem_set(problem, "busy", 503, "%s Send it again.", why);
}

static char *dump(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *cw_command_answer(const char *id, const char *message)
{
	return dump(json_pack("{s:s, s:b, s:s?}", "id", id, "ok", 1, "message", message));
}

char *cw_command_refusal(const char *id, const struct cw_problem *problem)
{
	return dump(json_pack("{s:s?, s:b, s:{s:s+, s:s, s:i, s:s}}", "id", id[0] ? id : NULL, "ok", 0, "problem",
			      "type", "urn:convwire:problem:", problem->type, "title", problem->type, "status",
			      problem->status, "detail", problem->detail));
}
