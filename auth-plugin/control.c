/* SPDX-License-Identifier: MIT */
#include "auth-plugin/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth-plugin/notice.h"
#include "auth-plugin/state.h"
#include "core/text.h"
#include "core/topic.h"

#define SAME_RULE_S 10
#define MAX_COMMANDS 100 /* in one request */
#define DEFAULT_COUNT 100
#define MAX_COUNT 1000

struct request {
	struct policy *policy;
	const struct session *admin;
	const json_t *arguments;
	int64_t now_s;
	json_t *data;    /* the answer, filled in by the command */
	json_t *details; /* for the audit line, filled in by the command */
};

/* ---- arguments ---- */

static enum cw_status bad(struct cw_error *reterr, const char *sentence)
{
	return cw_error_set(reterr, CW_INVALID, "%s", sentence);
}

static enum cw_status no_memory(struct cw_error *reterr)
{
	return cw_error_set(reterr, CW_NOMEM, "out of memory");
}

/* *ret_text is NULL if the argument is missing. CW_INVALID: not a string of 1 to max bytes. */
static enum cw_status read_text(const struct request *request, const char *name, size_t max, const char **ret_text,
				struct cw_error *reterr)
{
	const json_t *member = json_object_get(request->arguments, name);
	const char *text = json_string_value(member);

	if (member && (!text || json_string_length(member) != strlen(text) || text[0] == '\0' || strlen(text) > max)) {
		return cw_error_set(reterr, CW_INVALID, "%s must be a string of 1 to %zu characters", name, max);
	}
	*ret_text = text;
	return CW_OK;
}

static enum cw_status read_count(const struct request *request, const char *name, int64_t fallback, int64_t max,
				 int64_t *ret_count, struct cw_error *reterr)
{
	const json_t *member = json_object_get(request->arguments, name);

	if (member && (!json_is_integer(member) || json_integer_value(member) < 0)) {
		return cw_error_set(reterr, CW_INVALID, "%s must be a whole number, 0 or more", name);
	}
	int64_t count = member ? json_integer_value(member) : fallback;

	*ret_count = count > max ? max : count;
	return CW_OK;
}

/* Adds a detail to the audit line. */
static void note(struct request *request, const char *name, const char *value)
{
	if (value) {
		(void)json_object_set_new(request->details, name, json_string(value)); /* the line can do without it */
	}
}

static enum cw_status find_client(struct request *request, struct session **ret_session, struct cw_error *reterr)
{
	const char *client_id = NULL;
	enum cw_status status = read_text(request, "clientid", SESSION_CLIENT_ID_MAX, &client_id, reterr);

	if (status != CW_OK) {
		return status;
	}
	struct session *session = client_id ? sessions_find_by_client_id(&request->policy->sessions, client_id) : NULL;

	note(request, "target", client_id);
	if (!session || !session->is_live) {
		return cw_error_set(reterr, CW_NOT_FOUND,
				    client_id ? "no client with this clientid is connected" : "clientid is missing");
	}
	*ret_session = session;
	return CW_OK;
}

/* ---- clients ---- */

static json_t *client_json(const struct session *session)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I}", "clientid", session->client_id, "account",
			 session->token.account, "subject", session->token.subject, "role", session->token.role, "exp",
			 (json_int_t)session->token.expires_at_s, "address", session->address, "connected_at",
			 (json_int_t)session->connected_at_s);
}

struct listing {
	const char *account, *subject;
	int64_t offset, count, n_seen;
	json_t *clients;
	bool has_failed;
};

static bool is_wanted(const struct listing *listing, const struct session *session)
{
	return session->is_live && (!listing->account || strcmp(listing->account, session->token.account) == 0) &&
	       (!listing->subject || strcmp(listing->subject, session->token.subject) == 0);
}

static void list_one(void *context, struct session *session)
{
	struct listing *listing = context;

	if (!is_wanted(listing, session)) {
		return;
	}
	if (listing->n_seen >= listing->offset && listing->n_seen < listing->offset + listing->count) {
		listing->has_failed = json_array_append_new(listing->clients, client_json(session)) != 0 ||
				      listing->has_failed;
	}
	listing->n_seen++;
}

static enum cw_status list_clients(struct request *request, struct cw_error *reterr)
{
	struct listing listing = { .clients = NULL };
	enum cw_status status = read_text(request, "account", CW_ACCOUNT_MAX, &listing.account, reterr);

	if (status == CW_OK) {
		status = read_text(request, "subject", CW_SUBJECT_MAX, &listing.subject, reterr);
	}
	if (status == CW_OK) {
		status = read_count(request, "offset", 0, INT32_MAX, &listing.offset, reterr);
	}
	if (status == CW_OK) {
		status = read_count(request, "count", DEFAULT_COUNT, MAX_COUNT, &listing.count, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	listing.clients = json_array();
	sessions_each(&request->policy->sessions, list_one, &listing);
	request->data = json_pack("{s:I, s:o}", "totalCount", (json_int_t)listing.n_seen, "clients", listing.clients);
	return request->data && !listing.has_failed ? CW_OK : no_memory(reterr);
}

static enum cw_status get_client(struct request *request, struct cw_error *reterr)
{
	struct session *session = NULL;
	enum cw_status status = find_client(request, &session, reterr);

	if (status != CW_OK) {
		return status;
	}
	json_t *client = client_json(session);
	json_t *more = json_pack("{s:s, s:s, s:I, s:s+++, s:s}", "jti", session->token.jti, "kid", session->token.kid,
				 "iat", (json_int_t)session->token.issued_at_s, "username", session->token.account, "/",
				 session->token.subject, "", "state",
				 session->is_revoked ? "revoked" :
				 session->must_kick  ? "going" :
						       "live");

	if (json_object_update(client, more) == 0) {
		request->data = json_pack("{s:O}", "client", client);
	}
	json_decref(client);
	json_decref(more);
	return request->data ? CW_OK : no_memory(reterr);
}

struct kicking {
	struct policy *policy;
	struct listing filter;
	int64_t n_kicked;
};

static void kick_one(void *context, struct session *session)
{
	struct kicking *kicking = context;

	if (is_wanted(&kicking->filter, session) && policy_kick(kicking->policy, session)) {
		kicking->n_kicked++;
	}
}

static enum cw_status kick(struct request *request, struct cw_error *reterr)
{
	struct kicking kicking = { .policy = request->policy };
	struct session *session = NULL;
	enum cw_status status = read_text(request, "account", CW_ACCOUNT_MAX, &kicking.filter.account, reterr);

	if (status == CW_OK) {
		status = read_text(request, "subject", CW_SUBJECT_MAX, &kicking.filter.subject, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	note(request, "target_account", kicking.filter.account);
	note(request, "target_subject", kicking.filter.subject);
	if (kicking.filter.account && !json_object_get(request->arguments, "clientid")) {
		sessions_each(&request->policy->sessions, kick_one, &kicking);
	} else if (kicking.filter.account || kicking.filter.subject) {
		return bad(reterr, "kick takes either clientid, or account with or without subject");
	} else {
		status = find_client(request, &session, reterr);
		kicking.n_kicked = status == CW_OK && policy_kick(request->policy, session) ? 1 : 0;
	}
	if (status == CW_OK) {
		request->data = json_pack("{s:I}", "kicked", (json_int_t)kicking.n_kicked);
	}
	return status;
}

/* ---- revoking ---- */

static enum cw_status read_revocation(struct request *request, struct cw_revocation *revocation, struct cw_error *reterr)
{
	const char *account = NULL;
	const char *values[CW_REVOKE_KIND_COUNT] = { NULL };
	enum cw_status status = read_text(request, "account", CW_ACCOUNT_MAX, &account, reterr);
	int n_named = 0;

	if (status == CW_OK) {
		status = read_text(request, "jti", CW_JTI_MAX, &values[CW_REVOKE_JTI], reterr);
	}
	if (status == CW_OK) {
		status = read_text(request, "subject", CW_SUBJECT_MAX, &values[CW_REVOKE_SUBJECT], reterr);
	}
	if (status == CW_OK) {
		status = read_text(request, "kid", CW_KID_MAX, &values[CW_REVOKE_KEY], reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	revocation->kind = CW_REVOKE_ACCOUNT;
	for (int kind = 0; kind < CW_REVOKE_KIND_COUNT; kind++) {
		if (values[kind]) {
			n_named++;
			revocation->kind = (enum cw_revocation_kind)kind;
			note(request, "target", values[kind]);
			(void)snprintf(revocation->value, sizeof(revocation->value), "%s",
				       values[kind]); /* length checked */
		}
	}
	if (n_named > 1) {
		return bad(reterr, "revoke takes only one of jti, subject and kid, or account alone");
	}
	if (account && !cw_text_copy(revocation->account, sizeof(revocation->account), account)) {
		return bad(reterr, "account is too long");
	}
	note(request, "target_account", account);
	note(request, "kind", cw_revocation_kind_text(revocation->kind));
	return CW_OK;
}

/*
 * How many live clients the publisher's telling of the same rule has hit: `convwire revoke` asks the daemon first, whose
 * publisher may be faster than the command. Such a rule is seconds old; a later one counts for itself.
 */
static int64_t hit_before(struct request *request, const struct cw_revocation *revocation)
{
	struct policy *policy = request->policy;
	const struct cw_revocation *told = &policy->told_last;
	bool is_same = told->kind == revocation->kind && strcmp(told->account, revocation->account) == 0 &&
		       strcmp(told->value, revocation->value) == 0 &&
		       revocation->revoked_at_s - told->revoked_at_s <= SAME_RULE_S;
	int64_t n_hit = is_same ? policy->told_n_hit : 0;

	policy->told_n_hit = is_same ? 0 : policy->told_n_hit; /* counted once */
	return n_hit;
}

static enum cw_status revoke(struct request *request, struct cw_error *reterr)
{
	struct cw_revocation revocation = { .account = "" };
	int64_t n_hit = 0;
	enum cw_status status = read_revocation(request, &revocation, reterr);

	revocation.revoked_at_s = request->now_s;
	revocation.forget_at_s = request->now_s + cw_token_keys_longest_s(request->policy->keys);
	if (status == CW_OK) {
		status = cw_revocation_check(&revocation, reterr);
	}
	if (status == CW_OK) {
		status = policy_revoke(request->policy, &revocation, request->now_s, &n_hit, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	n_hit += hit_before(request, &revocation);
	/* In effect from here on; the publisher stores it, for other brokers and for HTTP. */
	notice_publisher(request->policy,
			 json_pack("{s:s, s:o}", "type", "revoked", "revocation", cw_revocation_to_json(&revocation)));
	bool is_kept = state_save(request->policy, reterr) == CW_OK;

	if (!is_kept) {
		request->policy->broker.log(true, reterr->text);
	}
	request->data = json_pack(
		"{s:o, s:I, s:s*}", "revocation", cw_revocation_to_json(&revocation), "kicked", (json_int_t)n_hit,
		"warning", is_kept ? NULL : "in force, but will be lost when the broker restarts; its log says why");
	return request->data ? CW_OK : no_memory(reterr);
}

/* ---- roles ---- */

static enum cw_status list_roles(struct request *request, struct cw_error *reterr)
{
	const struct cw_access *access = request->policy->access;
	json_t *roles = json_array();

	for (size_t i = 0; i < cw_access_n_roles(access); i++) {
		if (json_array_append_new(roles, json_string(cw_access_role_name(access, i))) != 0) {
			json_decref(roles);
			return no_memory(reterr);
		}
	}
	request->data = json_pack("{s:o}", "roles", roles);
	return request->data ? CW_OK : no_memory(reterr);
}

static void list_rule(void *rules, int line, const char *text)
{
	(void)json_array_append_new(rules, json_pack("{s:i, s:s}", "line", line, "text", text));
}

static enum cw_status get_role(struct request *request, struct cw_error *reterr)
{
	const char *name = NULL;
	enum cw_status status = read_text(request, "rolename", CW_ROLE_MAX, &name, reterr);
	const struct cw_access_role *role = cw_access_role(request->policy->access, name);

	if (status == CW_OK && !role) {
		status = cw_error_set(reterr, CW_NOT_FOUND,
				      name ? "the role file has no such role" : "rolename is missing");
	}
	if (status != CW_OK) {
		return status;
	}
	json_t *rules = json_array();

	cw_access_role_rules(request->policy->access, role, list_rule, rules);
	request->data = json_pack("{s:{s:s, s:b, s:o}}", "role", "rolename", name, "assigned",
				  cw_access_role_is_assigned(role), "acls", rules);
	return request->data ? CW_OK : no_memory(reterr);
}

/* ---- explain ---- */

static enum cw_status read_access(const struct request *request, struct policy_check *check, struct cw_error *reterr)
{
	static const char *const words[CW_ACCESS_ACTION_COUNT] = {
		[CW_ACCESS_READ] = "read", [CW_ACCESS_WRITE] = "write", [CW_ACCESS_SUBSCRIBE] = "subscribe"
	};
	const char *word = NULL;
	int64_t qos = 0;
	enum cw_status status = read_text(request, "access", 16, &word, reterr);

	if (status == CW_OK) {
		status = read_text(request, "topic", UINT16_MAX, &check->topic, reterr);
	}
	if (status == CW_OK) {
		status = read_count(request, "qos", 0, 2, &qos, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	check->qos = (int)qos;
	check->retain = json_is_true(json_object_get(request->arguments, "retain"));
	for (int action = 0; word && check->topic && action < CW_ACCESS_ACTION_COUNT; action++) {
		if (strcmp(words[action], word) == 0) {
			check->action = (enum cw_access_action)action;
			return CW_OK;
		}
	}
	return bad(reterr, "explain needs topic, and access: read, write or subscribe");
}

static enum cw_status explain(struct request *request, struct cw_error *reterr)
{
	struct session *session = NULL;
	struct policy_check check = { .topic = NULL };
	struct cw_access_verdict verdict = { .reason = CW_ACCESS_NO_RULE };
	char line[512];
	enum cw_status status = find_client(request, &session, reterr);

	if (status == CW_OK) {
		status = read_access(request, &check, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	enum policy_denial denial = policy_check(request->policy,
						 sessions_glance(&request->policy->sessions, session->client), &check,
						 request->now_s, &verdict);
	bool is_by_rules = denial == POLICY_ALLOWED || denial == POLICY_BY_RULES;
	bool has_line = is_by_rules && cw_access_verdict_line(request->policy->access, &verdict, line, sizeof(line));

	request->data = json_pack("{s:b, s:s, s:s?}", "allowed", denial == POLICY_ALLOWED, "reason",
				  is_by_rules ? cw_access_reason_text(verdict.reason) : policy_denial_text(denial),
				  "line", has_line ? line : NULL);
	return request->data ? CW_OK : no_memory(reterr);
}

/* ---- who receives ---- */

struct receivers {
	struct policy *policy;
	struct policy_check check;
	char account[CW_ACCOUNT_MAX + 1];
	int64_t now_s, count;
	int64_t n_connected, n_receiving;
	json_t *clients;
};

static json_t *receiver_json(const struct session *session, const struct subscription *subscription,
			     enum policy_denial denial, const char *reason, const char *line)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s?, s:b, s:b, s:s, s:s?}", "clientid", session->client_id,
			 "account", session->token.account, "subject", session->token.subject, "role",
			 session->token.role, "connected_at", (json_int_t)session->connected_at_s, "subscribed_at",
			 (json_int_t)(subscription ? subscription->since_s : 0), "filter",
			 subscription ? subscription->filter : NULL, "resumed", session->resumes, "allowed",
			 denial == POLICY_ALLOWED, "reason", reason, "line", line);
}

static void look_at_receiver(void *context, struct session *session)
{
	struct receivers *receivers = context;
	struct policy *policy = receivers->policy;
	struct cw_access_verdict verdict = { .reason = CW_ACCESS_NO_RULE };
	char line[512];

	if (!session->is_live || strcmp(session->token.account, receivers->account) != 0) {
		return;
	}
	const struct subscription *subscription = subscriptions_find(session->subscriptions, receivers->check.topic);
	enum policy_denial denial = policy_check(policy, sessions_glance(&policy->sessions, session->client),
						 &receivers->check, receivers->now_s, &verdict);
	bool is_by_rules = denial == POLICY_ALLOWED || denial == POLICY_BY_RULES;
	bool has_line = is_by_rules && cw_access_verdict_line(policy->access, &verdict, line, sizeof(line));

	receivers->n_connected++;
	receivers->n_receiving += denial == POLICY_ALLOWED && subscription ? 1 : 0;
	if ((int64_t)json_array_size(receivers->clients) < receivers->count) {
		(void)json_array_append_new(
			receivers->clients,
			receiver_json(session, subscription, denial,
				      is_by_rules ? cw_access_reason_text(verdict.reason) : policy_denial_text(denial),
				      has_line ? line : NULL));
	}
}

/* For a topic below acct/<account>/: lists that account's clients, their subscriptions, and what the rules decide. */
static enum cw_status list_receivers(struct request *request, struct cw_error *reterr)
{
	struct receivers receivers = { .policy = request->policy,
				       .now_s = request->now_s,
				       .check = { .action = CW_ACCESS_READ, .qos = 1 } };
	struct cw_topic topic;
	enum cw_status status = read_text(request, "topic", CW_TOPIC_MAX, &receivers.check.topic, reterr);

	if (status == CW_OK) {
		status = read_count(request, "count", DEFAULT_COUNT, MAX_COUNT, &receivers.count, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	if (!receivers.check.topic || cw_topic_parse(receivers.check.topic, &topic) != CW_OK) {
		return bad(reterr, "listReceivers needs a topic below acct/");
	}
	memcpy(receivers.account, topic.account, sizeof(receivers.account));
	receivers.clients = json_array();
	sessions_each(&request->policy->sessions, look_at_receiver, &receivers);
	request->data = json_pack("{s:I, s:I, s:o}", "connected", (json_int_t)receivers.n_connected, "receiving",
				  (json_int_t)receivers.n_receiving, "clients", receivers.clients);
	return request->data ? CW_OK : no_memory(reterr);
}

static enum cw_status reload(struct request *request, struct cw_error *reterr)
{
	request->data = json_object();
	return policy_reload(request->policy, reterr);
}

static enum cw_status stats(struct request *request, struct cw_error *reterr)
{
	request->data = notice_counters(request->policy);
	return request->data ? CW_OK : no_memory(reterr);
}

/* ---- requests ---- */

static const struct {
	const char *name;
	enum cw_status (*act)(struct request *request, struct cw_error *reterr);
} commands[] = {
	{ "listClients", list_clients },
	{ "getClient", get_client },
	{ "kick", kick },
	{ "revoke", revoke },
	{ "listRoles", list_roles },
	{ "getRole", get_role },
	{ "explain", explain },
	{ "listReceivers", list_receivers },
	{ "reload", reload },
	{ "stats", stats },
};

static enum cw_status act(struct request *request, const char *name, struct cw_error *reterr)
{
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return commands[i].act(request, reterr);
		}
	}
	return bad(reterr, name ? "no such command" : "each command needs its name in \"command\"");
}

/* The error may quote a file that is not UTF-8. */
static json_t *error_json(char *text)
{
	json_t *json = json_string(text);

	for (char *at = text; !json && *at; at++) {
		*at = (unsigned char)*at > 0x7e ? '?' : *at;
	}
	return json ? json : json_string(text);
}

/* Runs one command. A new reference; NULL when out of memory. */
static json_t *answer_one(struct policy *policy, struct audit *audit, const struct session *admin, const json_t *item,
			  int64_t now_s)
{
	struct request request = { policy, admin, item, now_s, NULL, json_object() };
	const char *name = json_string_value(json_object_get(item, "command"));
	json_t *correlation = json_object_get(item, "correlationData");
	struct cw_error error = { .text = "" };
	enum cw_status status = act(&request, name, &error);
	json_t *answer = status == CW_OK ? json_pack("{s:s, s:O}", "command", name, "data", request.data) :
					   json_pack("{s:s, s:o}", "command", name ? name : "unknown", "error",
						     error_json(error.text));

	if (json_is_string(correlation)) {
		(void)json_object_set(answer, "correlationData", correlation); /* if out of memory, so is the answer */
	}
	audit_command(audit, policy, admin, name ? name : "unknown", request.details,
		      status == CW_OK ? NULL : error.text);
	json_decref(request.data);
	return answer;
}

static json_t *refuse_all(const char *sentence)
{
	return json_pack("[{s:s, s:s}]", "command", "unknown", "error", sentence);
}

static json_t *answer_all(struct policy *policy, struct audit *audit, const struct session *admin, const json_t *root,
			  int64_t now_s)
{
	const json_t *list = json_object_get(root, "commands");
	json_t *answers = NULL;
	size_t index;
	json_t *item;

	if (!json_is_array(list)) {
		audit_command(audit, policy, admin, "unknown", NULL, "not a request");
		return refuse_all(root ? "expected {\"commands\":[…]}" : "not JSON");
	}
	if (json_array_size(list) > MAX_COMMANDS) {
		audit_command(audit, policy, admin, "unknown", NULL, "too many commands");
		return refuse_all("at most 100 commands in a request");
	}
	answers = json_array();
	json_array_foreach(list, index, item)
	{
		(void)json_array_append_new(answers, answer_one(policy, audit, admin, item, now_s));
	}
	return answers;
}

void control_take(struct policy *policy, struct audit *audit, const struct session *admin, const char *payload,
		  size_t len, int64_t now_s)
{
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	json_t *root = json_loadb(payload ? payload : "", len, JSON_REJECT_DUPLICATES, NULL);

	memcpy(client_id, admin->client_id, sizeof(client_id));
	json_t *answer = json_pack("{s:o}", "responses", answer_all(policy, audit, admin, root, now_s));
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (text) {
		policy->broker.tell(client_id, CW_TOPIC_CONTROL_RESPONSE, text, strlen(text), 1);
	}
	free(text);
	json_decref(answer);
	json_decref(root);
}
