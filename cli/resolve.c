/* SPDX-License-Identifier: MIT */
/* convwire resolve and alias import: ids of conversations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/cli.h"

/* Rows per request to the daemon: answered within a second, even on a slow disk. */
#define ROWS_PER_CALL 200

struct names_options {
	struct common_options common;
	const char *account, *phone_number_id;
};

/* ---- resolve ---- */

static void print_matches(json_t *answer)
{
	size_t index;
	json_t *row;

	json_array_foreach(json_object_get(answer, "matches"), index, row)
	{
		(void)printf("%s\n  tag         %s\n  matched by  %s\n",
			     json_string_value(json_object_get(row, "conversation")),
			     json_string_value(json_object_get(row, "tag")),
			     json_string_value(json_object_get(row, "matched_by")));
	}
	if (index > 1) {
		(void)printf("%zu conversations match; narrow it with --number PHONE_NUMBER_ID.\n", index);
	}
	if (index == 0) {
		(void)puts("No conversation matches.");
		cli_print_compared(answer);
	}
}

static int resolve(void *input)
{
	struct names_options *options = input;
	char account[CW_ACCOUNT_MAX + 1];
	struct cw_error error;
	json_t *answer = NULL;
	enum cw_status status = cli_choose_account(options->common.dir, options->account, NULL, account, &error);

	if (status == CW_OK) {
		json_t *arguments = json_pack("{s:s, s:s, s:s*}", "account", account, "id", options->common.words[0],
					      "phone_number_id", options->phone_number_id);

		status = cli_control(options->common.dir, "resolve", arguments, &answer, &error);
		json_decref(arguments);
	}
	if (status != CW_OK) {
		json_decref(answer);
		return cli_fail(status, "%s", error.text);
	}
	bool is_one = json_array_size(json_object_get(answer, "matches")) == 1;

	if (options->common.json) {
		(void)json_object_del(answer, "status");
		cli_print_json(answer);
	} else {
		print_matches(answer);
		json_decref(answer);
	}
	return is_one ? EX_OK : EX_DATAERR;
}

static const struct cli_option resolve_options[] = {
	CLI_TEXT(struct names_options, account, 'a', "account", "ID", "the account; needed only if there are several"),
	CLI_TEXT(struct names_options, phone_number_id, 0, "number", "PHONE_NUMBER_ID",
		 "only conversations with this number"),
	CLI_END_OPTIONS,
};

static const struct cli_verb resolve_verbs[] = {
	{ "", "ID", 1, 1, resolve },
	CLI_END_VERBS,
};

const struct cli_command cli_resolve = {
	.name = "resolve",
	.summary = "show which conversation an id, phone number or user id refers to",
	.help = "Show which conversation an id refers to: canonical, from another system, a phone number, or a business-scoped user id. Exit code 0 for exactly one match, else 65.",
	.size = sizeof(struct names_options),
	.options = resolve_options,
	.verbs = resolve_verbs,
};

/* ---- alias import ---- */

struct import {
	const char *dir;
	const char *file;
	json_t *rows;
	json_t *lines; /* the line number of each row */
	long imported, known, refused;
	bool json;
	struct cw_error error;
};

/* mongoexport writes {"_id":{"$oid":"…"}}, and numbers as {"$numberLong":"…"}. */
static json_t *plain_text(json_t *value)
{
	static const char *const wrappers[] = { "$oid", "$numberLong", "$numberInt" };

	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		json_t *inner = json_object_get(value, wrappers[i]);

		value = inner ? inner : value;
	}
	if (json_is_integer(value)) {
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	}
	return json_is_string(value) ? json_incref(value) : NULL;
}

static json_t *row_of(json_t *document)
{
	return json_pack("{s:o*, s:o*, s:o*, s:o*}", "id", plain_text(json_object_get(document, "_id")), "account",
			 plain_text(json_object_get(document, "accountId")), "phone_number_id",
			 plain_text(json_object_get(document, "phoneNumberId")), "customer",
			 plain_text(json_object_get(document, "customerNumber")));
}

static void refuse(struct import *import, long line, const char *reason)
{
	import->refused++;
	(void)fprintf(stderr, "%s:%ld: refused: %s\n", import->file, line, reason);
}

static void count_results(struct import *import, json_t *results)
{
	size_t index;
	json_t *result;

	json_array_foreach(results, index, result)
	{
		const char *word = json_string_value(json_object_get(result, "status"));
		const char *reason = json_string_value(json_object_get(result, "error"));

		if (word && strcmp(word, cw_status_text(CW_OK)) == 0) {
			import->imported++;
		} else if (word && strcmp(word, cw_status_text(CW_DUPLICATE)) == 0) {
			import->known++;
		} else {
			refuse(import, (long)json_integer_value(json_array_get(import->lines, index)),
			       reason ? reason : "no reason given");
		}
	}
}

static enum cw_status send_rows(struct import *import)
{
	json_t *arguments = json_pack("{s:O}", "rows", import->rows);
	json_t *answer = NULL;
	enum cw_status status = CW_OK;

	if (json_array_size(import->rows) > 0) {
		status = cli_control(import->dir, "alias.import", arguments, &answer, &import->error);
	}
	if (status == CW_OK) {
		count_results(import, json_object_get(answer, "results"));
	}
	json_decref(answer);
	json_decref(arguments);
	(void)json_array_clear(import->rows);
	(void)json_array_clear(import->lines);
	return status;
}

static enum cw_status add_document(struct import *import, json_t *document, long line)
{
	json_t *row = json_is_object(document) ? row_of(document) : NULL;

	if (!row || json_object_size(row) < 4) {
		json_decref(row);
		refuse(import, line, "not a JSON object with _id, accountId, phoneNumberId and customerNumber");
		return CW_OK;
	}
	if (json_array_append_new(import->rows, row) != 0 ||
	    json_array_append_new(import->lines, json_integer(line)) != 0) {
		return cw_error_set(&import->error, CW_NOMEM, "out of memory");
	}
	return json_array_size(import->rows) < ROWS_PER_CALL ? CW_OK : send_rows(import);
}

/* `mongoexport --jsonArray` writes one array; its members have no lines of their own, so they are numbered. */
static enum cw_status import_array(struct import *import, FILE *file)
{
	json_t *array = json_loadf(file, 0, NULL);
	enum cw_status status = CW_OK;
	size_t index;
	json_t *document;

	if (!json_is_array(array)) {
		json_decref(array);
		return cw_error_set(&import->error, CW_INVALID, "%s: starts like a JSON array but is not one",
				    import->file);
	}
	json_array_foreach(array, index, document)
	{
		if (status == CW_OK) {
			status = add_document(import, document, (long)index + 1);
		}
	}
	json_decref(array);
	return status;
}

static enum cw_status import_lines(struct import *import, FILE *file)
{
	enum cw_status status = CW_OK;
	char *text = NULL;
	size_t room = 0;
	long line = 0;

	while (status == CW_OK && getline(&text, &room, file) > 0) {
		line++;
		if (text[strspn(text, " \t\r\n")] == '\0') {
			continue;
		}
		json_t *document = json_loads(text, 0, NULL);

		status = add_document(import, document, line);
		json_decref(document);
	}
	free(text);
	if (status == CW_OK && ferror(file)) {
		status = cw_error_set(&import->error, CW_IO, "%s: cannot be read to the end", import->file);
	}
	return status;
}

static enum cw_status import_file(struct import *import)
{
	FILE *file = strcmp(import->file, "-") == 0 ? stdin : fopen(import->file, "re");

	if (!file) {
		return cw_error_set(&import->error, CW_NOT_FOUND, "%s: cannot be opened", import->file);
	}
	int first = getc(file);

	(void)ungetc(first, file);
	enum cw_status status = first == '[' ? import_array(import, file) : import_lines(import, file);

	if (file != stdin) {
		(void)fclose(file); /* only read from */
	}
	return status == CW_OK ? send_rows(import) : status;
}

static int import_aliases(void *input)
{
	const struct common_options *options = input;
	struct import import = {
		.dir = options->dir, .file = options->words[1], .rows = json_array(), .lines = json_array()
	};
	enum cw_status status = import_file(&import);

	json_decref(import.rows);
	json_decref(import.lines);
	if (options->json) {
		cli_print_json(json_pack("{s:i, s:i, s:i}", "imported", (int)import.imported, "already_there",
					 (int)import.known, "refused", (int)import.refused));
	} else {
		(void)printf("%ld imported, %ld already there, %ld refused\n", import.imported, import.known,
			     import.refused);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", import.error.text);
	}
	return import.refused == 0 ? EX_OK : EX_DATAERR;
}

static const struct cli_verb alias_verbs[] = {
	{ "import", "FILE", 1, 1, import_aliases },
	CLI_END_VERBS,
};

const struct cli_command cli_alias = {
	.name = "alias",
	.summary = "import conversation ids from another system",
	.help = "Import conversation ids from another system, so that pages that use those ids find the conversations. FILE holds JSON lines or a mongoexport of conversations: _id, accountId, phoneNumberId, customerNumber; - reads standard input. Missing conversations are created.",
	.size = sizeof(struct common_options),
	.verbs = alias_verbs,
};
