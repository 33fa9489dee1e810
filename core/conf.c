/* SPDX-License-Identifier: MIT */
#include "core/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/text.h"

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
		return cw_error_set(reterr, CW_INVALID, "\"%s\" is not a whole number from %" PRId64 " to %" PRId64,
				    value, key->min, key->max);
	}
	*(int64_t *)place = number;
	return CW_OK;
}

/* The error says what is wrong with the value, not what it is the value of. */
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
			return cw_error_set(reterr, CW_INVALID, "\"%s\" is neither yes nor no", value);
		}
		return CW_OK;
	case CW_CONF_LEVEL:
		if (cw_log_level_parse(value, place) != CW_OK) {
			return cw_error_set(reterr, CW_INVALID, "\"%s\" is not one of error, warn, info, debug", value);
		}
		return CW_OK;
	}
	return cw_error_set(reterr, CW_INVALID, "unknown type");
}

enum cw_status cw_conf_defaults(const struct cw_conf_table *table, void *settings, struct cw_error *reterr)
{
	for (size_t i = 0; i < table->n_keys; i++) {
		enum cw_status status = cw_conf_set(table, settings, table->keys[i].name, table->keys[i].fallback,
						    reterr);

		if (status != CW_OK) {
			return status;
		}
	}
	return CW_OK;
}

enum cw_status cw_conf_set_as(const struct cw_conf_table *table, void *settings, const char *key, const char *name,
			      const char *value, struct cw_error *reterr)
{
	struct cw_error error;

	for (size_t i = 0; i < table->n_keys; i++) {
		if (strcmp(table->keys[i].name, key) == 0) {
			enum cw_status status = set_value(&table->keys[i], settings, value, &error);

			return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "%s: %s", name, error.text);
		}
	}
	return cw_error_set(reterr, CW_NOT_FOUND, "%s: no such setting", name);
}

enum cw_status cw_conf_set(const struct cw_conf_table *table, void *settings, const char *key, const char *value,
			   struct cw_error *reterr)
{
	return cw_conf_set_as(table, settings, key, key, value, reterr);
}

/* Without the blanks around it; the text's end is moved. */
static char *strip(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && strchr(" \t\r\n", text[len - 1])) {
		len--;
	}
	text[len] = '\0';
	return text + strspn(text, " \t");
}

/* A comment begins a line, or follows a blank: `key = value ; why`. */
static void cut_comment(char *line)
{
	char *text = line + strspn(line, " \t");

	if (*text == '#' || *text == ';') {
		*text = '\0';
	}
	for (char *at = strchr(text, ';'); at; at = strchr(at + 1, ';')) {
		if (at > text && strchr(" \t", at[-1])) {
			*at = '\0';
			return;
		}
	}
}

/* One line, which is changed; its text in reterr has no file and line yet. */
static enum cw_status read_line(const struct cw_conf_table *table, char *line, void *settings, struct cw_error *reterr)
{
	cut_comment(line);
	char *text = strip(line);
	char *end = text + strcspn(text, "=:");

	if (*text == '\0') {
		return CW_OK;
	}
	if (*text == '[') {
		return cw_error_set(reterr, CW_INVALID, "%s: this file has no sections", text);
	}
	if (*end == '\0') {
		return cw_error_set(reterr, CW_INVALID, "not of the form key = value");
	}
	*end = '\0';
	return cw_conf_set(table, settings, strip(text), strip(end + 1), reterr);
}

enum cw_status cw_conf_load(const struct cw_conf_table *table, const char *path, void *settings, struct cw_error *reterr)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	FILE *file = fopen(path, "re");
	struct cw_error detail;
	enum cw_status status = CW_OK;
	char *line = NULL;
	size_t room = 0;
	ssize_t len = 0;
	int number = 0;

	if (!file) {
		return cw_error_set(reterr, errno == ENOENT ? CW_NOT_FOUND : CW_IO, "%s: %s", path, strerror(errno));
	}
	while (status == CW_OK && (len = getline(&line, &room, file)) >= 0) {
		size_t skipped = number++ == 0 && strncmp(line, byte_order_mark, 3) == 0 ? 3 : 0;

		status = strlen(line) == (size_t)len ? read_line(table, line + skipped, settings, &detail) :
						       cw_error_set(&detail, CW_INVALID, "contains a NUL byte");
	}
	bool is_read = status != CW_OK || feof(file);

	(void)fclose(file); /* only read from */
	free(line);
	if (status != CW_OK) {
		return cw_error_set(reterr, status == CW_NOMEM ? CW_NOMEM : CW_INVALID, "%s:%d: %s", path, number,
				    detail.text);
	}
	return is_read ? CW_OK : cw_error_set(reterr, CW_IO, "%s: cannot be read", path);
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
