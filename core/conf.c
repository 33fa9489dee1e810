/* SPDX-License-Identifier: MIT */
#include "core/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "core/buf.h"
#include "core/log.h"
#include "core/text.h"

#define MAX_VALUE_BYTES 65536 /* over two thousand account ids */

struct reader {
	FILE *file;
	int line;   /* counted here, since libinih does not tell its handler */
	char *text; /* the whole line, by getline */
	size_t room;
	char *rest;           /* the part of text not yet given to libinih */
	bool is_continuation; /* the last piece continues the value before it */
	struct cw_buf value;  /* the value so far */
	const char *path;
	const struct cw_conf_table *table;
	void *settings;
	struct cw_error *reterr;
	bool has_failed;
};

static void *member(void *settings, const struct cw_conf_key *key)
{
	return (char *)settings + key->offset;
}

static enum cw_status parse_bool(const char *text, bool *ret_value)
{
	static const char *const words[2][4] = { { "no", "false", "off", "0" }, { "yes", "true", "on", "1" } };

	for (int value = 0; value < 2; value++) {
		for (int i = 0; i < 4; i++) {
			if (strcmp(text, words[value][i]) == 0) {
				*ret_value = value;
				return CW_OK;
			}
		}
	}
	return CW_INVALID;
}

static enum cw_status set_text(char **place, const char *value, struct cw_error *reterr)
{
	char *copy = strdup(value);

	if (!copy) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	free(*place);
	*place = copy;
	return CW_OK;
}

static enum cw_status set_int(const struct cw_conf_key *key, const char *value, void *place, struct cw_error *reterr)
{
	int64_t number = 0;

	if (cw_text_to_int64(value, &number) != CW_OK || number < key->min || number > key->max) {
		return cw_error_set(reterr, CW_INVALID, "%s: \"%s\" is not a whole number from %" PRId64 " to %" PRId64,
				    key->name, value, key->min, key->max);
	}
	*(int64_t *)place = number;
	return CW_OK;
}

static enum cw_status set_value(const struct cw_conf_key *key, void *settings, const char *value, struct cw_error *reterr)
{
	void *place = member(settings, key);

	switch (key->type) {
	case CW_CONF_TEXT:
		return set_text(place, value, reterr);
	case CW_CONF_INT:
		return set_int(key, value, place, reterr);
	case CW_CONF_BOOL:
		if (parse_bool(value, place) != CW_OK) {
			return cw_error_set(reterr, CW_INVALID, "%s: \"%s\" is neither yes nor no", key->name, value);
		}
		return CW_OK;
	case CW_CONF_LEVEL:
		if (cw_log_level_parse(value, place) != CW_OK) {
			return cw_error_set(reterr, CW_INVALID, "%s: \"%s\" is not one of error, warn, info, debug",
					    key->name, value);
		}
		return CW_OK;
	}
	return cw_error_set(reterr, CW_INVALID, "%s: unknown type", key->name);
}

enum cw_status cw_conf_defaults(const struct cw_conf_table *table, void *settings, struct cw_error *reterr)
{
	for (size_t i = 0; i < table->n_keys; i++) {
		enum cw_status status = set_value(&table->keys[i], settings, table->keys[i].fallback, reterr);

		if (status != CW_OK) {
			return status;
		}
	}
	return CW_OK;
}

enum cw_status cw_conf_set(const struct cw_conf_table *table, void *settings, const char *key, const char *value,
			   struct cw_error *reterr)
{
	for (size_t i = 0; i < table->n_keys; i++) {
		if (strcmp(table->keys[i].name, key) == 0) {
			return set_value(&table->keys[i], settings, value, reterr);
		}
	}
	return cw_error_set(reterr, CW_NOT_FOUND, "%s: no such setting", key);
}

/* Reads the next line and skips its indentation, which libinih would take for a continuation of the value above. */
static bool read_line(struct reader *reader)
{
	if (getline(&reader->text, &reader->room, reader->file) < 0) {
		return false;
	}
	reader->line++;
	reader->text[strcspn(reader->text, "\r\n")] = '\0';
	reader->rest = reader->text + strspn(reader->text, " \t");
	if (reader->rest[0] == '#' || reader->rest[0] == ';') {
		reader->rest[0] = '\0';
	}
	return true;
}

/*
 * libinih accepts lines of at most 200 bytes, and a list of accounts may be longer. So a long line is given
 * in pieces, all but the first indented, which libinih treats as continuation lines.
 */
static char *read_piece(char *line, int size, void *stream)
{
	struct reader *reader = stream;

	reader->is_continuation = reader->rest && reader->rest[0] != '\0';
	if (!reader->is_continuation && !read_line(reader)) {
		return NULL;
	}
	size_t room = (size_t)size - sizeof(" \n");
	size_t len = strlen(reader->rest);

	if (len > room) {
		/* Do not split next to a space: libinih strips the pieces. */
		for (len = room; len > 1 && (reader->rest[len] == ' ' || reader->rest[len - 1] == ' '); len--) {
		}
	}
	(void)snprintf(line, (size_t)size, "%s%.*s\n", reader->is_continuation ? " " : "", (int)len, reader->rest);
	reader->rest += len;
	return line;
}

static int on_setting(void *user, const char *section, const char *name, const char *value)
{
	struct reader *reader = user;
	struct cw_error detail = { .status = CW_OK };

	if (reader->has_failed) {
		return 0;
	}
	if (!reader->is_continuation) {
		cw_buf_reset(&reader->value);
	}
	enum cw_status status = cw_buf_append_text(&reader->value, value ? value : "");

	if (status != CW_OK) {
		(void)cw_error_set(&detail, status, "%s: longer than %d characters", name, MAX_VALUE_BYTES);
	} else if (section[0] != '\0') {
		status = cw_error_set(&detail, CW_INVALID, "[%s]: this file has no sections", section);
	} else {
		status = cw_conf_set(reader->table, reader->settings, name, reader->value.data, &detail);
	}

	if (status != CW_OK) {
		reader->has_failed = true;
		(void)cw_error_set(reader->reterr, CW_INVALID, "%s:%d: %s", reader->path, reader->line, detail.text);
		return 0;
	}
	return 1;
}

enum cw_status cw_conf_load(const struct cw_conf_table *table, const char *path, void *settings, struct cw_error *reterr)
{
	struct reader reader = {
		.file = fopen(path, "re"), .path = path, .table = table, .settings = settings, .reterr = reterr
	};

	if (!reader.file) {
		return cw_error_set(reterr, errno == ENOENT ? CW_NOT_FOUND : CW_IO, "%s: %s", path, strerror(errno));
	}
	cw_buf_init(&reader.value, MAX_VALUE_BYTES);
	int bad_line = ini_parse_stream(read_piece, &reader, on_setting, &reader);
	bool is_read = !ferror(reader.file);

	(void)fclose(reader.file); /* opened only for reading */
	free(reader.text);
	cw_buf_finish(&reader.value);
	if (reader.has_failed) {
		return CW_INVALID;
	}
	if (!is_read) {
		return cw_error_set(reterr, CW_IO, "%s: cannot be read", path);
	}
	if (bad_line != 0) {
		return cw_error_set(reterr, CW_INVALID, "%s:%d: not of the form key = value", path, reader.line);
	}
	return CW_OK;
}

bool cw_conf_print(const struct cw_conf_key *key, const void *settings, char *out, size_t size)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	const void *place = (const char *)settings + key->offset;

	switch (key->type) {
	case CW_CONF_TEXT:
		return cw_text_copy(out, size, *(char *const *)place);
	case CW_CONF_INT:
		return cw_text_format(out, size, "%" PRId64, *(const int64_t *)place);
	case CW_CONF_BOOL:
		return cw_text_copy(out, size, *(const bool *)place ? "yes" : "no");
	case CW_CONF_LEVEL:
		return cw_text_copy(out, size, levels[*(const enum cw_log_level *)place]);
	}
	return false;
}

void cw_conf_finish(const struct cw_conf_table *table, void *settings)
{
	for (size_t i = 0; settings && i < table->n_keys; i++) {
		if (table->keys[i].type == CW_CONF_TEXT) {
			char **text = member(settings, &table->keys[i]);

			free(*text);
			*text = NULL;
		}
	}
}
