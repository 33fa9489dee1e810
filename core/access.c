/* SPDX-License-Identifier: MIT */
#include "core/access.h"

#include <string.h>

#include "core/access_rules.h"
#include "core/conversation_id.h"
#include "core/text.h"

/* ---- what _system may do ---- */

static const struct {
	const char *role, *subject; /* subject NULL: any */
	bool can_write;
	const char *filter;
} built_in[CW_ACCESS_N_BUILT_IN] = {
	{ "service", "publisher", true, "acct/+/conv/+" },
	{ "service", "publisher", true, "acct/+/events" },
	{ "service", "publisher", true, "acct/+/head" },
	{ "service", "publisher", true, "acct/+/agent/+/feed" },
	{ "service", "publisher", true, "acct/+/agent/+/notice" },
	{ "service", "publisher", true, CW_TOPIC_CONTROL_ASSIGN },
	{ "service", "publisher", false, CW_TOPIC_PUBLISHER_NOTICE },
	{ "service", "bridge", false, "acct/+/conv/+/cmd/+" },
	{ "service", "bridge", true, "acct/+/agent/+/reply" },
	{ "admin", NULL, true, CW_TOPIC_CONTROL },
	{ "admin", NULL, false, CW_TOPIC_CONTROL_RESPONSE },
};

enum cw_status cw_access_compile_built_in(struct cw_access *access)
{
	for (size_t i = 0; i < CW_ACCESS_N_BUILT_IN; i++) {
		if (cw_filter_compile(built_in[i].filter, false, &access->built_in[i]) != CW_OK) {
			return CW_INVALID;
		}
	}
	return CW_OK;
}

static const struct cw_access_verdict refused_outside = { .reason = CW_ACCESS_OUTSIDE };

static struct cw_access_verdict decide_system(const struct cw_access *access, const struct cw_access_request *request,
					      const struct cw_levels *levels)
{
	const struct cw_filter_names nobody = { .account = NULL };

	for (size_t i = 0; i < CW_ACCESS_N_BUILT_IN; i++) {
		if (strcmp(built_in[i].role, request->role) == 0 &&
		    (!built_in[i].subject || strcmp(built_in[i].subject, request->subject) == 0) &&
		    built_in[i].can_write == (request->action == CW_ACCESS_WRITE) &&
		    cw_filter_covers(&access->built_in[i], &nobody, levels) == CW_FILTER_YES) {
			return (struct cw_access_verdict){ .is_allowed = true, .reason = CW_ACCESS_BUILT_IN };
		}
	}
	return refused_outside;
}

/* ---- what a tenant's role grants ---- */

const struct cw_access_role *cw_access_role(const struct cw_access *access, const char *name)
{
	for (size_t i = 0; access && name && i < access->n_roles; i++) {
		if (strcmp(access->roles[i].name, name) == 0) {
			return &access->roles[i];
		}
	}
	return NULL;
}

/* Is it literally below acct/<account>/? Not with a wildcard in the first two levels. */
static bool is_inside(const struct cw_levels *levels, const char *account)
{
	return levels->n >= 3 && levels->items[0].len == 4 && memcmp(levels->text, "acct", 4) == 0 &&
	       strncmp(levels->text + levels->items[1].start, account, levels->items[1].len) == 0 &&
	       account[levels->items[1].len] == '\0';
}

static const struct cw_access_rule *find_deny(const struct cw_access_role *role, const struct cw_filter_names *names,
					      const struct cw_levels *levels)
{
	for (size_t i = 0; i < role->n_deny; i++) {
		/* A rule with a name that this caller lacks (%c over HTTP) denies: it must not fail open. */
		if (cw_filter_covers(&role->deny[i]->filter, names, levels) != CW_FILTER_NO) {
			return role->deny[i];
		}
	}
	return NULL;
}

static enum cw_access_reason limit_of(const struct cw_access_rule *rule, const struct cw_access_request *request)
{
	if (request->action == CW_ACCESS_WRITE && request->qos > rule->max_qos) {
		return CW_ACCESS_QOS;
	}
	return request->action == CW_ACCESS_WRITE && request->retain && !rule->may_retain ? CW_ACCESS_RETAIN :
											    CW_ACCESS_RULE;
}

static struct cw_access_verdict decide_role(const struct cw_access_role *role, const struct cw_access_request *request,
					    const struct cw_filter_names *names, const struct cw_levels *levels)
{
	struct cw_access_verdict verdict = { .reason = CW_ACCESS_NO_RULE };
	bool is_write = request->action == CW_ACCESS_WRITE;
	const struct cw_access_rule *const *rules = is_write ? role->write : role->read;
	size_t n = is_write ? role->n_write : role->n_read;
	const struct cw_access_rule *deny = role->n_deny ? find_deny(role, names, levels) : NULL;

	if (deny) {
		return (struct cw_access_verdict){ .reason = CW_ACCESS_DENY_RULE, .rule = deny };
	}
	for (size_t i = 0; i < n && !verdict.is_allowed; i++) {
		if (cw_filter_covers(&rules[i]->filter, names, levels) == CW_FILTER_YES) {
			verdict.rule = rules[i];
			verdict.reason = limit_of(rules[i], request);
			verdict.is_allowed = verdict.reason == CW_ACCESS_RULE;
		}
	}
	return verdict;
}

/* Below conv/<c>, a limited role needs to be assigned c. Not checked for a filter, but for each of its deliveries. */
static bool assignment_allows(const struct cw_access_request *request, const struct cw_levels *levels)
{
	const char *level = levels->text + levels->items[2].start;
	bool is_conversation = levels->n >= 4 && levels->items[2].len == 4 && memcmp(level, "conv", 4) == 0;

	if (request->action == CW_ACCESS_SUBSCRIBE || !is_conversation) {
		return true;
	}
	return request->is_assigned && request->is_assigned(request->assigned_context,
							    levels->text + levels->items[3].start, levels->items[3].len);
}

static struct cw_access_verdict decide_claim(const struct cw_access_request *request, const struct cw_filter_names *names,
					     const struct cw_levels *levels, struct cw_access_verdict verdict)
{
	const struct cw_claim_request claim_request = {
		.action = request->action == CW_ACCESS_WRITE     ? CW_CLAIM_PUBLISH :
			  request->action == CW_ACCESS_SUBSCRIBE ? CW_CLAIM_SUBSCRIBE :
								   CW_CLAIM_DELIVERY,
		.names = names,
		.levels = levels,
		.qos = request->qos,
		.retain = request->retain,
	};
	size_t entry = 0;

	if (cw_claim_decide(request->claim, &claim_request, &entry) == CW_CLAIM_REFUSES) {
		verdict = (struct cw_access_verdict){ .reason = CW_ACCESS_CLAIM, .claim_entry = entry };
	}
	return verdict;
}

static struct cw_access_verdict decide_tenant(const struct cw_access *access, const struct cw_access_request *request,
					      const struct cw_levels *levels)
{
	const struct cw_filter_names names = { request->account, request->subject, request->client_id };
	const struct cw_access_role *role = request->resolved ? request->resolved : cw_access_role(access, request->role);

	if (!is_inside(levels, request->account)) {
		return refused_outside; /* tenant isolation, before any rule is checked */
	}
	if (!role) {
		return (struct cw_access_verdict){ .reason = CW_ACCESS_UNKNOWN_ROLE };
	}
	struct cw_access_verdict verdict = decide_role(role, request, &names, levels);

	if (verdict.is_allowed && role->is_assigned && !assignment_allows(request, levels)) {
		return (struct cw_access_verdict){ .reason = CW_ACCESS_NOT_ASSIGNED,
						   .assigned_line = role->assigned_line };
	}
	return verdict.is_allowed && request->claim ? decide_claim(request, &names, levels, verdict) : verdict;
}

struct cw_access_verdict cw_access_decide(const struct cw_access *access, const struct cw_access_request *request)
{
	struct cw_levels cut;
	const struct cw_levels *levels = request->levels ? request->levels : &cut;

	if (!access || !request->account || !request->subject || !request->role || !request->topic ||
	    (!request->levels && !cw_levels_split(request->topic, &cut)) ||
	    (request->action != CW_ACCESS_SUBSCRIBE && levels->has_wildcard)) {
		return (struct cw_access_verdict){ .reason = CW_ACCESS_MALFORMED };
	}
	if (request->topic[0] == '$' && request->action == CW_ACCESS_WRITE && !request->retain &&
	    strcmp(request->topic, CW_TOPIC_CONTROL_RENEW) == 0) {
		return (struct cw_access_verdict){ .is_allowed = true, .reason = CW_ACCESS_BUILT_IN };
	}
	return request->account[0] == '_' && strcmp(request->account, CW_SYSTEM_ACCOUNT) == 0 ?
		       decide_system(access, request, levels) :
		       decide_tenant(access, request, levels);
}

bool cw_access_allows(const struct cw_access *access, const struct cw_access_request *request)
{
	return cw_access_decide(access, request).is_allowed;
}

/* ---- reasons ---- */

static const char *const reasons[CW_ACCESS_REASON_COUNT] = {
	[CW_ACCESS_RULE] = "a rule of the role grants it",
	[CW_ACCESS_BUILT_IN] = "built in: it needs no rule",
	[CW_ACCESS_NO_RULE] = "no rule of the role grants it",
	[CW_ACCESS_DENY_RULE] = "a deny rule of the role refuses it",
	[CW_ACCESS_QOS] = "the rule grants a lower QoS only",
	[CW_ACCESS_RETAIN] = "the rule does not grant retained messages",
	[CW_ACCESS_NOT_ASSIGNED] = "the role sees assigned conversations only, and this one is not assigned to the subject",
	[CW_ACCESS_CLAIM] = "the acl claim of the token refuses it",
	[CW_ACCESS_OUTSIDE] = "outside the topics of the account",
	[CW_ACCESS_UNKNOWN_ROLE] = "the role file has no section for the role",
	[CW_ACCESS_MALFORMED] = "not a valid topic or topic filter",
};

const char *cw_access_reason_text(enum cw_access_reason reason)
{
	return (unsigned)reason < CW_ACCESS_REASON_COUNT ? reasons[reason] : "";
}

bool cw_access_verdict_line(const struct cw_access *access, const struct cw_access_verdict *verdict, char *out,
			    size_t size)
{
	const char *slash = access ? strrchr(access->name, '/') : NULL;
	const char *name = slash ? slash + 1 : access ? access->name : "";

	if (verdict->rule) {
		return cw_text_format(out, size, "%s:%d: %s", name, verdict->rule->line, verdict->rule->text);
	}
	if (verdict->assigned_line) {
		return cw_text_format(out, size, "%s:%d: assigned", name, verdict->assigned_line);
	}
	if (verdict->claim_entry) {
		return cw_text_format(out, size, "entry %zu of the token's acl claim", verdict->claim_entry);
	}
	return false;
}

/* ---- listing ---- */

size_t cw_access_n_roles(const struct cw_access *access)
{
	return access ? access->n_roles : 0;
}

const char *cw_access_role_name(const struct cw_access *access, size_t i)
{
	return access->roles[i].name;
}

bool cw_access_role_is_assigned(const struct cw_access_role *role)
{
	return role->is_assigned;
}

bool cw_access_rule_is_of(const struct cw_access_rule *rule, const struct cw_access_role *role)
{
	const struct cw_access_rule *const *rules = rule->is_deny  ? role->deny :
						    rule->can_read ? role->read :
								     role->write;
	size_t n = rule->is_deny ? role->n_deny : rule->can_read ? role->n_read : role->n_write;

	for (size_t i = 0; i < n; i++) {
		if (rules[i] == rule) {
			return true;
		}
	}
	return false;
}

void cw_access_role_rules(const struct cw_access *access, const struct cw_access_role *role,
			  void (*on_rule)(void *context, int line, const char *text), void *context)
{
	for (const struct cw_access_rule *rule = access->rules; rule; rule = rule->next) {
		if (cw_access_rule_is_of(rule, role)) {
			on_rule(context, rule->line, rule->text);
		}
	}
}

/* ---- for HTTP ---- */

static bool is_assignee(void *context, const char *conversation, size_t len)
{
	(void)conversation; /* the row has the assignee */
	(void)len;
	return *(const bool *)context;
}

static bool is_theirs(const struct cw_token *token, const char *assignee)
{
	return assignee && strcmp(assignee, token->subject) == 0;
}

static bool may_as(const struct cw_access *access, const struct cw_token *token, enum cw_access_action action,
		   const char *topic, bool has_it, int qos, bool retain)
{
	const struct cw_access_request request = {
		.account = token->account,
		.subject = token->subject,
		.role = token->role,
		.client_id = "",
		.claim = token->claim,
		.action = action,
		.topic = topic,
		.qos = qos,
		.retain = retain,
		.is_assigned = is_assignee,
		.assigned_context = &has_it,
	};

	return cw_access_allows(access, &request);
}

static bool token_may(const struct cw_access *access, const struct cw_token *token, enum cw_access_action action,
		      const char *topic, bool has_it)
{
	return may_as(access, token, action, topic, has_it, 1, false);
}

bool cw_access_sees_conversation(const struct cw_access *access, const struct cw_token *token, const char *conversation,
				 const char *assignee)
{
	struct cw_topic topic = { .kind = CW_TOPIC_CONVERSATION };
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_text_copy(topic.conversation, sizeof(topic.conversation), conversation) &&
	       cw_topic_make(&topic, text) == CW_OK &&
	       token_may(access, token, CW_ACCESS_READ, text, is_theirs(token, assignee));
}

bool cw_access_may_command(const struct cw_access *access, const struct cw_token *token, const char *conversation,
			   const char *assignee)
{
	struct cw_topic topic = { .kind = CW_TOPIC_COMMAND };
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_text_copy(topic.conversation, sizeof(topic.conversation), conversation) &&
	       cw_text_copy(topic.subject, sizeof(topic.subject), token->subject) &&
	       cw_topic_make(&topic, text) == CW_OK &&
	       token_may(access, token, CW_ACCESS_WRITE, text, is_theirs(token, assignee));
}

/* As clients publish there: docs/protocol.md, "Topics". */
static bool may_write(const struct cw_access *access, const struct cw_token *token, struct cw_topic topic)
{
	int qos = topic.kind == CW_TOPIC_LIVE ? 0 : 1;
	bool retain = topic.kind == CW_TOPIC_PRESENCE;
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_text_copy(topic.subject, sizeof(topic.subject), token->subject) &&
	       cw_topic_make(&topic, text) == CW_OK && may_as(access, token, CW_ACCESS_WRITE, text, true, qos, retain);
}

struct cw_access_may cw_access_may(const struct cw_access *access, const struct cw_token *token)
{
	struct cw_topic live = { .kind = CW_TOPIC_LIVE };
	struct cw_topic presence = { .kind = CW_TOPIC_PRESENCE, .tab = "1" };

	/* An id of the right form stands for all. */
	bool is_made = cw_conversation_id_make(token->account, "1", "1", live.conversation) == CW_OK;

	return (struct cw_access_may){ .command = is_made && cw_access_may_command(access, token, live.conversation,
										   token->subject),
				       .live = is_made && may_write(access, token, live),
				       .presence = may_write(access, token, presence),
				       .events = cw_access_sees_events(access, token),
				       .all_conversations = cw_access_sees_all(access, token) };
}

bool cw_access_may_answer(const struct cw_access *access, const char *account, const char *subject, const char *role)
{
	struct cw_token token = { .claim = NULL };

	return cw_text_copy(token.account, sizeof(token.account), account) &&
	       cw_text_copy(token.subject, sizeof(token.subject), subject) &&
	       cw_text_copy(token.role, sizeof(token.role), role) && cw_access_may(access, &token).command;
}

bool cw_access_is_limited(const struct cw_access *access, const struct cw_token *token)
{
	const struct cw_access_role *role = cw_access_role(access, token->role);

	return role && role->is_assigned;
}

bool cw_access_sees_all(const struct cw_access *access, const struct cw_token *token)
{
	char filter[CW_TOPIC_MAX + 1];
	const struct cw_access_role *role = cw_access_role(access, token->role);

	/* With a deny rule, or a claim, the answer may differ from row to row. */
	return role && !role->is_assigned && role->n_deny == 0 && !cw_claim_narrows(token->claim) &&
	       cw_topic_conversations(token->account, filter) == CW_OK &&
	       token_may(access, token, CW_ACCESS_SUBSCRIBE, filter, false);
}

bool cw_access_sees_events(const struct cw_access *access, const struct cw_token *token)
{
	struct cw_topic topic = { .kind = CW_TOPIC_EVENTS };
	char text[CW_TOPIC_MAX + 1];

	return cw_text_copy(topic.account, sizeof(topic.account), token->account) &&
	       cw_topic_make(&topic, text) == CW_OK && token_may(access, token, CW_ACCESS_READ, text, false);
}
