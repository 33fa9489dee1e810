/* SPDX-License-Identifier: MIT */
/* Parsing role files, and the default one. docs/acl.md describes the syntax. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/access_rules.h"
#include "core/file.h"
#include "core/text.h"

#define MAX_FILE_BYTES 65536
/* U+FEFF in UTF-8: some editors write it before the first line. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

const char cw_access_shipped_roles[] =
	"# Who may read and write what. `%a` is the account of the token, `%s` its subject, `%c` the client id.\n"
	"# A token never reaches outside acct/%a/, whatever this file says.\n"
	"role agent, supervisor, admin\n"
	"pattern read  acct/%a/conv/+\n"
	"pattern read  acct/%a/events\n"
	"pattern read  acct/%a/head\n"
	"pattern write acct/%a/conv/+/cmd/%s\n"
	"pattern read  acct/%a/conv/+/live/+\n"
	"pattern write acct/%a/conv/+/live/%s\n"
	"pattern read  acct/%a/agent/+/presence/+\n"
	"pattern write acct/%a/agent/%s/presence/+ retain\n"
	"pattern read  acct/%a/agent/%s/+\n"
	"\n"
	"role assigned-agent\n"
	"assigned\n"
	"pattern read  acct/%a/conv/+\n"
	"pattern read  acct/%a/events\n"
	"pattern write acct/%a/conv/+/cmd/%s\n"
	"pattern read  acct/%a/conv/+/live/+\n"
	"pattern write acct/%a/conv/+/live/%s\n"
	"pattern read  acct/%a/agent/+/presence/+\n"
	"pattern write acct/%a/agent/%s/presence/+ retain\n"
	"pattern read  acct/%a/agent/%s/+\n"
	"\n"
	"role viewer\n"
	"pattern read  acct/%a/conv/+\n"
	"pattern read  acct/%a/events\n"
	"pattern read  acct/%a/head\n"
	"pattern read  acct/%a/agent/%s/+\n";

struct parser {
	const char *name;
	int line;
	const char *line_text;
	struct cw_access *access;
	struct cw_access_rule **end;                         /* where the next rule is linked */
	struct cw_access_role *section[CW_ACCESS_MAX_ROLES]; /* the roles that the current section adds to */
	size_t n_section;
	struct cw_error *reterr;
};

static enum cw_status fault(struct parser *parser, const char *what, const char *word)
{
	return cw_error_set(parser->reterr, CW_INVALID, "%s:%d: %s%s%s%s", parser->name, parser->line, what,
			    word ? " \"" : "", word ? word : "", word ? "\"" : "");
}

static enum cw_status open_role(struct parser *parser, const char *name)
{
	struct cw_access *access = parser->access;

	if (!cw_text_is_made_of(name, strlen(name), CW_ROLE_MAX, CW_TEXT_ID)) {
		return fault(parser, "a role name has only letters, digits and -, not", name);
	}
	if (strcmp(name, "service") == 0) {
		return fault(parser, "this role is built in and cannot have rules in a file:", name);
	}
	if (cw_access_role(access, name)) {
		return fault(parser, "the role already has a section:", name);
	}
	if (access->n_roles == CW_ACCESS_MAX_ROLES) {
		return fault(parser, "too many roles at", name);
	}
	struct cw_access_role *role = &access->roles[access->n_roles++];

	(void)snprintf(role->name, sizeof(role->name), "%s", name); /* length checked above */
	parser->section[parser->n_section++] = role;
	return CW_OK;
}

static enum cw_status parse_role_line(struct parser *parser, char *names)
{
	char *rest = NULL;
	enum cw_status status = CW_OK;

	parser->n_section = 0;
	for (char *name = strtok_r(names, ", \t\r", &rest); name && status == CW_OK;
	     name = strtok_r(NULL, ", \t\r", &rest)) {
		status = open_role(parser, name);
	}
	if (status == CW_OK && parser->n_section == 0) {
		return fault(parser, "`role` needs a name", NULL);
	}
	return status;
}

static enum cw_status parse_permission(struct parser *parser, const char *word, struct cw_access_rule *rule)
{
	rule->can_read = strcmp(word, "read") == 0 || strcmp(word, "readwrite") == 0;
	rule->can_write = strcmp(word, "write") == 0 || strcmp(word, "readwrite") == 0;
	rule->is_deny = strcmp(word, "deny") == 0;
	return rule->can_read || rule->can_write || rule->is_deny ?
		       CW_OK :
		       fault(parser, "expected read, write, readwrite or deny, not", word);
}

static enum cw_status parse_filter(struct parser *parser, const char *word, bool is_pattern, struct cw_access_rule *rule)
{
	if (strlen(word) > CW_FILTER_MAX) {
		return fault(parser, "too long:", word);
	}
	if (!cw_topic_filter_is_valid(word) || strncmp(word, "acct/", 5) != 0) {
		return fault(parser, "expected a topic filter below acct/, not", word);
	}
	return cw_filter_compile(word, is_pattern, &rule->filter) == CW_OK ?
		       CW_OK :
		       fault(parser, "only the placeholders %a, %s and %c are allowed in", word);
}

static enum cw_status parse_limits(struct parser *parser, char **rest, struct cw_access_rule *rule)
{
	for (char *word = strtok_r(NULL, " \t\r", rest); word; word = strtok_r(NULL, " \t\r", rest)) {
		if (strcmp(word, "retain") == 0) {
			rule->may_retain = true;
			continue;
		}
		const char *level = strcmp(word, "qos") == 0 ? strtok_r(NULL, " \t\r", rest) : NULL;

		if (!level || strlen(level) != 1 || !strchr("012", *level)) {
			return fault(parser, "expected `retain` or `qos 0|1|2`, not", word);
		}
		rule->max_qos = *level - '0';
	}
	return CW_OK;
}

static bool add_to(const struct cw_access_rule **rules, size_t *n, const struct cw_access_rule *rule)
{
	if (*n == CW_ACCESS_MAX_RULES) {
		return false;
	}
	rules[(*n)++] = rule;
	return true;
}

static bool add_to_role(struct cw_access_role *role, const struct cw_access_rule *rule)
{
	return (!rule->is_deny || add_to(role->deny, &role->n_deny, rule)) &&
	       (!rule->can_read || add_to(role->read, &role->n_read, rule)) &&
	       (!rule->can_write || add_to(role->write, &role->n_write, rule));
}

/* Adds a copy owned by the access. */
static enum cw_status add_rule(struct parser *parser, const struct cw_access_rule *rule)
{
	struct cw_access_rule *copy = malloc(sizeof(*copy));
	char *text = strdup(parser->line_text);

	if (!copy || !text) {
		free(copy);
		free(text);
		return cw_error_set(parser->reterr, CW_NOMEM, "out of memory");
	}
	*copy = *rule;
	copy->line = parser->line;
	copy->text = text;
	*parser->end = copy;
	parser->end = &copy->next;
	for (size_t i = 0; i < parser->n_section; i++) {
		if (!add_to_role(parser->section[i], copy)) {
			return fault(parser, "too many rules for role", parser->section[i]->name);
		}
	}
	return CW_OK;
}

static enum cw_status parse_rule_line(struct parser *parser, bool is_pattern, char **rest)
{
	struct cw_access_rule rule = { .max_qos = 2 };
	const char *permission = strtok_r(NULL, " \t\r", rest);
	const char *filter = permission ? strtok_r(NULL, " \t\r", rest) : NULL;

	if (!filter) {
		return fault(parser, "expected `pattern|topic read|write|readwrite|deny FILTER [retain] [qos N]`", NULL);
	}
	enum cw_status status = parse_permission(parser, permission, &rule);

	if (status == CW_OK) {
		status = parse_filter(parser, filter, is_pattern, &rule);
	}
	if (status == CW_OK) {
		status = parse_limits(parser, rest, &rule);
	}
	return status == CW_OK ? add_rule(parser, &rule) : status;
}

static enum cw_status parse_words(struct parser *parser, char *line)
{
	char *rest = NULL;
	char *word = strtok_r(line, " \t\r", &rest);

	if (!word) {
		return CW_OK;
	}
	if (strcmp(word, "role") == 0) {
		return parse_role_line(parser, rest);
	}
	bool is_pattern = strcmp(word, "pattern") == 0;

	if (!is_pattern && strcmp(word, "topic") != 0 && strcmp(word, "assigned") != 0) {
		return fault(parser, "expected role, assigned, pattern or topic, not", word);
	}
	if (parser->n_section == 0) {
		return fault(parser, "a `role NAME` line must come before", word);
	}
	if (strcmp(word, "assigned") == 0) {
		for (size_t i = 0; i < parser->n_section; i++) {
			parser->section[i]->is_assigned = true;
			parser->section[i]->assigned_line = parser->line;
		}
		return strtok_r(NULL, " \t\r", &rest) ? fault(parser, "nothing may follow", word) : CW_OK;
	}
	return parse_rule_line(parser, is_pattern, &rest);
}

static enum cw_status parse_line(struct parser *parser, char *line)
{
	if (line[0] == '#') {
		return CW_OK;
	}
	line[strcspn(line, "\r")] = '\0';
	char *words = strdup(line);

	if (!words) {
		return cw_error_set(parser->reterr, CW_NOMEM, "out of memory");
	}
	parser->line_text = line + strspn(line, " \t");
	enum cw_status status = parse_words(parser, words);

	free(words);
	return status;
}

static struct cw_access *make(const char *name)
{
	struct cw_access *access = calloc(1, sizeof(*access));

	if (access) {
		access->name = strdup(name);
		access->roles = calloc(CW_ACCESS_MAX_ROLES, sizeof(*access->roles));
	}
	if (!access || !access->name || !access->roles) {
		cw_access_destroy(access);
		return NULL;
	}
	return access;
}

enum cw_status cw_access_parse(const char *name, const char *text, struct cw_access **ret_access, struct cw_error *reterr)
{
	struct cw_access *access = make(name);
	struct parser parser = { .name = name, .access = access, .reterr = reterr };
	char *copy = strdup(text);

	parser.end = access ? &access->rules : NULL;
	enum cw_status status = access && copy ? cw_access_compile_built_in(access) :
						 cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status == CW_OK && strncmp(copy, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		status = cw_error_set(reterr, CW_INVALID,
				      "%s:1: begins with a byte order mark; save it as UTF-8 without one (BOM)", name);
	}
	for (char *line = copy; status == CW_OK && line;) {
		char *end = strchr(line, '\n');

		if (end) {
			*end = '\0';
		}
		parser.line++;
		status = parse_line(&parser, line);
		line = end ? end + 1 : NULL;
	}
	if (status == CW_OK && access->n_roles == 0) {
		status = cw_error_set(reterr, CW_INVALID, "%s:1: no role in the file, so nobody could do anything", name);
	}
	free(copy);
	if (status != CW_OK) {
		cw_access_destroy(access);
		return status;
	}
	*ret_access = access;
	return CW_OK;
}

enum cw_status cw_access_load(const char *path, struct cw_access **ret_access, struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;

	cw_buf_init(&text, MAX_FILE_BYTES);
	enum cw_status status = cw_file_read(path, &text, reterr);

	if (status == CW_OK && text.data && strlen(text.data) != text.len) {
		return cw_error_set(reterr, CW_INVALID, "%s: contains a NUL byte; it must be a text file", path);
	}
	return status == CW_OK ? cw_access_parse(path, text.data ? text.data : "", ret_access, reterr) : status;
}

void cw_access_destroy(struct cw_access *access)
{
	if (!access) {
		return;
	}
	while (access->rules) {
		struct cw_access_rule *next = access->rules->next;

		free(access->rules->text);
		free(access->rules);
		access->rules = next;
	}
	free(access->name);
	free(access->roles);
	free(access);
}
