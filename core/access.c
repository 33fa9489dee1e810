/* SPDX-License-Identifier: MIT */
#include "core/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

#define MAX_FILE_BYTES 65536
#define MAX_ROLES 32
#define MAX_RULES 64
#define MAX_FILTER 256
#define MAX_EXPANDED (CW_TOPIC_MAX + MAX_FILTER)

struct rule {
	bool can_read, can_write, is_deny, may_retain;
	bool is_pattern; /* %a %s %c stand for the client's */
	int max_qos;
	char filter[MAX_FILTER + 1];
};

struct role {
	char name[CW_ROLE_MAX + 1];
	bool is_assigned;
	size_t n_rules;
	struct rule rules[MAX_RULES];
};

struct cw_access {
	size_t n_roles;
	struct role *roles; /* MAX_ROLES */
};

/* The daemon's own two connections; nothing of this can be said in a role file. */
static const struct {
	const char *subject;
	bool can_write;
	const char *filter;
} service_rules[] = {
	{ "publisher", true, "acct/+/conv/+" },         { "publisher", true, "acct/+/events" },
	{ "publisher", true, "acct/+/head" },           { "publisher", true, "acct/+/agent/+/feed" },
	{ "publisher", true, "acct/+/agent/+/notice" }, { "bridge", false, "acct/+/conv/+/cmd/+" },
	{ "bridge", true, "acct/+/agent/+/reply" },
};

const char cw_access_shipped_roles[] =
	"# Who may read and write what. `%a` is the account of the token, `%s` its subject, `%c` the client id.\n"
	"# A token never reaches outside acct/%a/, whatever stands here.\n"
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

/* ---- reading the file ---- */

struct parser {
	const char *name;
	int line;
	struct cw_access *access;
	struct role *section[MAX_ROLES]; /* the roles that the current section adds to */
	size_t n_section;
	struct cw_error *reterr;
};

static enum cw_status fault(struct parser *parser, const char *what, const char *word)
{
	return cw_error_set(parser->reterr, CW_INVALID, "%s:%d: %s%s%s%s", parser->name, parser->line, what,
			    word ? " \"" : "", word ? word : "", word ? "\"" : "");
}

static struct role *find_role(const struct cw_access *access, const char *name)
{
	for (size_t i = 0; i < access->n_roles; i++) {
		if (strcmp(access->roles[i].name, name) == 0) {
			return &access->roles[i];
		}
	}
	return NULL;
}

static enum cw_status open_role(struct parser *parser, const char *name)
{
	struct cw_access *access = parser->access;

	if (!cw_text_is_made_of(name, strlen(name), CW_ROLE_MAX, CW_TEXT_ID)) {
		return fault(parser, "a role is named by letters, digits and -, not", name);
	}
	if (strcmp(name, "service") == 0) {
		return fault(parser, "the rules of this role are not in a file:", name);
	}
	if (find_role(access, name)) {
		return fault(parser, "the role has a section already:", name);
	}
	if (access->n_roles == MAX_ROLES) {
		return fault(parser, "too many roles at", name);
	}
	struct role *role = &access->roles[access->n_roles++];

	(void)snprintf(role->name, sizeof(role->name), "%s", name); /* length checked above */
	parser->section[parser->n_section++] = role;
	return CW_OK;
}

static enum cw_status parse_role_line(struct parser *parser, char *names)
{
	char *rest = NULL;
	enum cw_status status = CW_OK;

	parser->n_section = 0;
	for (char *name = strtok_r(names, ", \t", &rest); name && status == CW_OK; name = strtok_r(NULL, ", \t", &rest)) {
		status = open_role(parser, name);
	}
	if (status == CW_OK && parser->n_section == 0) {
		return fault(parser, "`role` needs a name", NULL);
	}
	return status;
}

static enum cw_status parse_permission(struct parser *parser, const char *word, struct rule *rule)
{
	rule->can_read = strcmp(word, "read") == 0 || strcmp(word, "readwrite") == 0;
	rule->can_write = strcmp(word, "write") == 0 || strcmp(word, "readwrite") == 0;
	rule->is_deny = strcmp(word, "deny") == 0;
	return rule->can_read || rule->can_write || rule->is_deny ?
		       CW_OK :
		       fault(parser, "expected read, write, readwrite or deny, not", word);
}

static enum cw_status parse_filter(struct parser *parser, const char *word, struct rule *rule)
{
	if (!cw_topic_filter_is_valid(word) || strncmp(word, "acct/", 5) != 0) {
		return fault(parser, "expected a topic filter below acct/, not", word);
	}
	for (const char *at = strchr(word, '%'); at && rule->is_pattern; at = strchr(at + 1, '%')) {
		if (!strchr("asc", at[1]) || at[1] == '\0') {
			return fault(parser, "only %a, %s and %c can stand in", word);
		}
	}
	return cw_text_copy(rule->filter, sizeof(rule->filter), word) ? CW_OK : fault(parser, "too long:", word);
}

static enum cw_status parse_limits(struct parser *parser, char **rest, struct rule *rule)
{
	for (char *word = strtok_r(NULL, " \t", rest); word; word = strtok_r(NULL, " \t", rest)) {
		if (strcmp(word, "retain") == 0) {
			rule->may_retain = true;
			continue;
		}
		const char *level = strcmp(word, "qos") == 0 ? strtok_r(NULL, " \t", rest) : NULL;

		if (!level || strlen(level) != 1 || !strchr("012", *level)) {
			return fault(parser, "expected `retain` or `qos 0|1|2`, not", word);
		}
		rule->max_qos = *level - '0';
	}
	return CW_OK;
}

static enum cw_status parse_rule_line(struct parser *parser, bool is_pattern, char **rest)
{
	struct rule rule = { .is_pattern = is_pattern, .max_qos = 2 };
	const char *permission = strtok_r(NULL, " \t", rest);
	const char *filter = permission ? strtok_r(NULL, " \t", rest) : NULL;

	if (!filter) {
		return fault(parser, "expected `pattern|topic read|write|readwrite|deny FILTER [retain] [qos N]`", NULL);
	}
	enum cw_status status = parse_permission(parser, permission, &rule);

	if (status == CW_OK) {
		status = parse_filter(parser, filter, &rule);
	}
	if (status == CW_OK) {
		status = parse_limits(parser, rest, &rule);
	}
	for (size_t i = 0; status == CW_OK && i < parser->n_section; i++) {
		struct role *role = parser->section[i];

		if (role->n_rules == MAX_RULES) {
			return fault(parser, "too many rules for role", role->name);
		}
		role->rules[role->n_rules++] = rule;
	}
	return status;
}

static enum cw_status parse_line(struct parser *parser, char *line)
{
	char *rest = NULL;

	if (line[0] == '#') {
		return CW_OK;
	}
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
		}
		return strtok_r(NULL, " \t\r", &rest) ? fault(parser, "nothing may follow", word) : CW_OK;
	}
	return parse_rule_line(parser, is_pattern, &rest);
}

enum cw_status cw_access_parse(const char *name, const char *text, struct cw_access **ret_access, struct cw_error *reterr)
{
	struct cw_access *access = calloc(1, sizeof(*access));
	struct parser parser = { .name = name, .access = access, .reterr = reterr };
	char *copy = strdup(text);
	enum cw_status status = CW_OK;

	if (access) {
		access->roles = calloc(MAX_ROLES, sizeof(*access->roles));
	}
	if (!access || !access->roles || !copy) {
		status = cw_error_set(reterr, CW_NOMEM, "out of memory");
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

	return status == CW_OK ? cw_access_parse(path, text.data ? text.data : "", ret_access, reterr) : status;
}

void cw_access_destroy(struct cw_access *access)
{
	if (access) {
		free(access->roles);
		free(access);
	}
}

bool cw_access_has_role(const struct cw_access *access, const char *role)
{
	return access && find_role(access, role);
}

/* ---- deciding ---- */

static const char *placeholder(const struct cw_access_request *request, char letter)
{
	return letter == 'a' ? request->account : letter == 's' ? request->subject : request->client_id;
}

static bool expand(const struct rule *rule, const struct cw_access_request *request, char out[MAX_EXPANDED])
{
	size_t len = 0;

	if (!rule->is_pattern) {
		return cw_text_copy(out, MAX_EXPANDED, rule->filter);
	}
	for (const char *at = rule->filter; *at; at++) {
		char literal[2] = { *at, '\0' };
		const char *piece = literal;

		if (*at == '%') {
			piece = placeholder(request, *++at);
			if (!piece || *piece == '\0' || strpbrk(piece, "+#/")) {
				return false;
			}
		}
		if (!cw_text_copy(out + len, MAX_EXPANDED - len, piece)) {
			return false;
		}
		len += strlen(piece);
	}
	return true;
}

static bool rule_covers(const struct rule *rule, const struct cw_access_request *request)
{
	char filter[MAX_EXPANDED];

	if (rule->is_deny) {
		/* One that names what this caller has not (%c over HTTP) denies: it must not fail open. */
		return !expand(rule, request, filter) || cw_topic_filter_includes(filter, request->topic);
	}
	if (request->action == CW_ACCESS_WRITE &&
	    (!rule->can_write || request->qos > rule->max_qos || (request->retain && !rule->may_retain))) {
		return false;
	}
	if (request->action != CW_ACCESS_WRITE && !rule->can_read) {
		return false;
	}
	return expand(rule, request, filter) && cw_topic_filter_includes(filter, request->topic);
}

static bool role_covers(const struct role *role, const struct cw_access_request *request)
{
	bool is_covered = false;

	for (size_t i = 0; i < role->n_rules; i++) {
		if (rule_covers(&role->rules[i], request)) {
			if (role->rules[i].is_deny) {
				return false;
			}
			is_covered = true;
		}
	}
	return is_covered;
}

/* Below conv/<c> a limited role needs the assignment of c; a filter cannot be limited, its deliveries are. */
static bool assignment_allows(const struct cw_access_request *request)
{
	char conversation[CW_CONVERSATION_ID_MAX + 1];
	const char *below = request->topic + 5 + strlen(request->account) + 1;

	if (request->action == CW_ACCESS_SUBSCRIBE || strncmp(below, "conv/", 5) != 0) {
		return true;
	}
	size_t len = strcspn(below + 5, "/");

	if (!request->is_assigned || len >= sizeof(conversation)) {
		return false;
	}
	memcpy(conversation, below + 5, len);
	conversation[len] = '\0';
	return request->is_assigned(request->assigned_context, request->account, conversation, request->subject);
}

static bool service_allows(const struct cw_access_request *request)
{
	if (strcmp(request->role, "service") != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(service_rules) / sizeof(service_rules[0]); i++) {
		if (strcmp(service_rules[i].subject, request->subject) == 0 &&
		    service_rules[i].can_write == (request->action == CW_ACCESS_WRITE) &&
		    cw_topic_filter_includes(service_rules[i].filter, request->topic)) {
			return true;
		}
	}
	/* The publisher reads its own notice. */
	return request->action != CW_ACCESS_WRITE && strcmp(request->subject, "publisher") == 0 &&
	       strcmp(request->topic, "acct/" CW_SYSTEM_ACCOUNT "/agent/publisher/notice") == 0;
}

bool cw_access_allows(const struct cw_access *access, const struct cw_access_request *request)
{
	if (!access || !request->account || !request->subject || !request->role || !request->topic ||
	    !cw_topic_filter_is_valid(request->topic)) {
		return false;
	}
	if (request->action != CW_ACCESS_SUBSCRIBE && strpbrk(request->topic, "+#")) {
		return false;
	}
	if (strcmp(request->account, CW_SYSTEM_ACCOUNT) == 0) {
		return service_allows(request);
	}
	if (!cw_topic_is_inside(request->topic, request->account)) {
		return false; /* the tenants' wall, before any rule is looked at */
	}
	const struct role *role = find_role(access, request->role);

	return role && role_covers(role, request) && (!role->is_assigned || assignment_allows(request));
}

/* What HTTP knows of a conversation: who has it. */
static bool is_assignee(void *context, const char *account, const char *conversation, const char *subject)
{
	(void)account;
	(void)conversation;
	return strcmp(context, subject) == 0;
}

static bool token_reads(const struct cw_access *access, const struct cw_token *token, enum cw_access_action action,
			const char *topic, const char *assignee)
{
	char has_it[CW_SUBJECT_MAX + 1];
	const struct cw_access_request request = {
		.account = token->account,
		.subject = token->subject,
		.role = token->role,
		.client_id = "",
		.action = action,
		.topic = topic,
		.is_assigned = is_assignee,
		.assigned_context = has_it,
	};

	return cw_text_copy(has_it, sizeof(has_it), assignee ? assignee : "") && cw_access_allows(access, &request);
}

bool cw_access_sees_conversation(const struct cw_access *access, const struct cw_token *token, const char *conversation,
				 const char *assignee)
{
	struct cw_topic topic = { .kind = CW_TOPIC_CONVERSATION };
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_text_copy(topic.conversation, sizeof(topic.conversation), conversation) &&
	       cw_topic_make(&topic, text) == CW_OK && token_reads(access, token, CW_ACCESS_READ, text, assignee);
}

bool cw_access_is_limited(const struct cw_access *access, const struct cw_token *token)
{
	const struct role *role = access ? find_role(access, token->role) : NULL;

	return role && role->is_assigned;
}

static bool has_deny(const struct role *role)
{
	for (size_t i = 0; i < role->n_rules; i++) {
		if (role->rules[i].is_deny) {
			return true;
		}
	}
	return false;
}

bool cw_access_sees_all(const struct cw_access *access, const struct cw_token *token)
{
	char filter[CW_TOPIC_MAX + 1];
	const struct role *role = access ? find_role(access, token->role) : NULL;

	/* With a deny rule the answer may differ from row to row. */
	return role && !role->is_assigned && !has_deny(role) && cw_topic_conversations(token->account, filter) == CW_OK &&
	       token_reads(access, token, CW_ACCESS_SUBSCRIBE, filter, NULL);
}

bool cw_access_sees_events(const struct cw_access *access, const struct cw_token *token)
{
	struct cw_topic topic = { .kind = CW_TOPIC_EVENTS };
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_topic_make(&topic, text) == CW_OK && token_reads(access, token, CW_ACCESS_READ, text, NULL);
}
