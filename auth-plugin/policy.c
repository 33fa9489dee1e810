/* SPDX-License-Identifier: MIT */
/* Loading, and admitting clients. Permission checks are in check.c, timed work in upkeep.c. */
#include "auth-plugin/policy.h"

#include <string.h>

#include "auth-plugin/state.h"
#include "core/clock.h"
#include "core/text.h"

#define BROKER_CHOSEN_PREFIX "auto-" /* mosquitto.conf(5), auto_id_prefix */

/* ---- loading ---- */

static enum cw_status load_rules(const struct policy_options *options, struct cw_token_keys **ret_keys,
				 struct cw_access **ret_access, struct cw_error *reterr)
{
	struct cw_token_keys *keys = NULL;
	enum cw_status status = cw_token_keys_load(options->keys, &keys, reterr);

	if (status == CW_OK) {
		status = cw_access_load(options->roles, ret_access, reterr);
	}
	if (status != CW_OK) {
		cw_token_keys_destroy(keys);
		return status;
	}
	*ret_keys = keys;
	return CW_OK;
}

/* Without keys/shared/tag.key, audit lines still tell conversations apart, by tags from a random key. */
static enum cw_status load_tag(struct policy *policy, struct cw_error *reterr)
{
	unsigned char random[16];
	struct cw_error error;
	enum cw_status status = cw_tag_key_load(policy->options.keys, &policy->tag, &error);

	if (status == CW_NOT_FOUND && cw_clock_random(random, sizeof(random)) == CW_OK) {
		policy->broker.log(false, "keys/shared/tag.key is missing: the tags in these lines match no other log");
		policy->tag = cw_tag_key_create(random, sizeof(random));
		return policy->tag ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "%s", error.text);
}

static enum cw_status load_everything(struct policy *policy, struct cw_error *reterr)
{
	uint64_t seed = 0;
	enum cw_status status = load_rules(&policy->options, &policy->keys, &policy->access, reterr);

	if (status == CW_OK) {
		status = load_tag(policy, reterr);
	}
	if (status == CW_OK && cw_clock_random(&seed, sizeof(seed)) != CW_OK) {
		status = cw_error_set(reterr, CW_IO, "cannot get random numbers from the system");
	}
	if (status != CW_OK) {
		return status;
	}
	people_init(&policy->people, seed);
	sessions_init(&policy->sessions, &policy->people, seed);
	policy->revocations = cw_revocations_create();
	return policy->revocations ? state_load(policy, reterr) : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

enum cw_status policy_init(struct policy *policy, struct policy_options *options, const struct broker *broker,
			   struct cw_error *reterr)
{
	*policy = (struct policy){ .options = *options, .broker = *broker };
	policy->defers_foreign = strcmp(options->foreign, "defer") == 0;
	enum cw_status status = load_everything(policy, reterr);

	if (status != CW_OK) {
		policy_finish(policy);
	}
	return status;
}

void policy_finish(struct policy *policy)
{
	sessions_finish(&policy->sessions);
	assignments_destroy(policy->assignments);
	assignments_destroy(policy->retired);
	people_finish(&policy->people);
	cw_revocations_destroy(policy->revocations);
	cw_token_keys_destroy(policy->keys);
	cw_access_destroy(policy->access);
	cw_tag_key_destroy(policy->tag);
	*policy = (struct policy){ .keys = NULL };
}

static void resolve_role(void *context, struct session *session)
{
	struct policy *policy = context;

	session->role = cw_access_role(policy->access, session->token.role);
	sessions_refresh(&policy->sessions, session);
}

enum cw_status policy_reload(struct policy *policy, struct cw_error *reterr)
{
	struct cw_token_keys *keys = NULL;
	struct cw_access *access = NULL;
	enum cw_status status = load_rules(&policy->options, &keys, &access, reterr);

	if (status != CW_OK) {
		return status;
	}
	cw_token_keys_destroy(policy->keys);
	cw_access_destroy(policy->access);
	policy->keys = keys;
	policy->access = access;
	sessions_each(&policy->sessions, resolve_role, policy);
	return CW_OK;
}

/* ---- connecting ---- */

static bool is_uuid(const char *text)
{
	static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
		if (text[i] == '\0' || !strchr(pattern[i] == '-' ? "-" : "0123456789ABCDEFabcdef", text[i])) {
			return false;
		}
	}
	return text[sizeof(pattern) - 1] == '\0';
}

/* mosquitto 2.0 and 2.1 forget the prefix at each SIGHUP, unless it is configured; then their ids are bare UUIDs. */
static bool is_broker_chosen(const char *client_id)
{
	size_t prefix = sizeof(BROKER_CHOSEN_PREFIX) - 1;

	return is_uuid(strncmp(client_id, BROKER_CHOSEN_PREFIX, prefix) == 0 ? client_id + prefix : client_id);
}

static bool is_own(const char *client_id, const struct cw_token *token)
{
	char prefix[CW_ACCOUNT_MAX + CW_SUBJECT_MAX + 3];

	if (!cw_text_format(prefix, sizeof(prefix), "%s:%s:", token->account, token->subject) ||
	    strncmp(client_id, prefix, strlen(prefix)) != 0) {
		return false;
	}
	const char *tab = client_id + strlen(prefix);

	return cw_text_is_made_of(tab, strlen(tab), CW_TAB_MAX, CW_TEXT_ID "_");
}

static enum cw_status check_limit(const char *whose, const char *option, int64_t limit, int64_t n_live,
				  struct cw_error *reterr)
{
	return limit == 0 || n_live < limit ? CW_OK :
					      cw_error_set(reterr, CW_DENIED, "the %s already has %lld connections (%s)",
							   whose, (long long)n_live, option);
}

/*
 * Called before anything is changed, so that a refusal has no effect. A client that takes over its own session counts
 * once.
 */
static enum cw_status check_limits(const struct policy *policy, const struct person *person,
				   const struct session *older, struct cw_error *reterr)
{
	int64_t n_replaced = older && older->is_live ? 1 : 0;

	if (strcmp(person->account->name, CW_SYSTEM_ACCOUNT) == 0) {
		return CW_OK; /* never lock out the daemon and admins */
	}
	enum cw_status status = check_limit("subject", "max_clients_per_subject",
					    policy->options.max_clients_per_subject, person->n_live - n_replaced, reterr);

	return status == CW_OK ?
		       check_limit("account", "max_clients_per_account", policy->options.max_clients_per_account,
				   person->account->n_live - n_replaced, reterr) :
		       status;
}

static enum cw_status verify(struct policy *policy, const struct policy_connect *connect, int64_t now_ms,
			     struct cw_token *ret_token, enum policy_refusal *ret_refusal, struct cw_error *reterr)
{
	*ret_refusal = POLICY_REFUSED_TOKEN;
	if (!connect->token) {
		return cw_error_set(reterr, CW_DENIED, "no password: send the token as the password");
	}
	enum cw_status status = cw_token_verify(policy->keys, connect->token, now_ms, ret_token, reterr);

	if (status == CW_EXPIRED) {
		*ret_refusal = POLICY_REFUSED_EXPIRED;
	}
	if (status == CW_OK && cw_revocations_hit(policy->revocations, ret_token, now_ms / 1000)) {
		*ret_refusal = POLICY_REFUSED_REVOKED;
		cw_token_finish(ret_token);
		return cw_error_set(reterr, CW_DENIED, "the token was revoked");
	}
	return status;
}

bool policy_is_client_id(const char *client_id)
{
	struct cw_token parts = { .claim = NULL };
	const char *first = strchr(client_id, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || (size_t)(first - client_id) >= sizeof(parts.account) ||
	    (size_t)(second - first) > sizeof(parts.subject)) {
		return false;
	}
	memcpy(parts.account, client_id, (size_t)(first - client_id));
	memcpy(parts.subject, first + 1, (size_t)(second - first - 1));
	return (cw_account_is_valid(parts.account) || strcmp(parts.account, CW_SYSTEM_ACCOUNT) == 0) &&
	       cw_subject_is_valid(parts.subject) && is_own(client_id, &parts);
}

static bool client_id_fits(const char *client_id, const struct cw_token *token)
{
	return client_id && (is_own(client_id, token) || is_broker_chosen(client_id));
}

/* Were earlier tokens of this person revoked? If so, an unknown session from before a restart may have used one. */
static bool has_been_revoked(const struct policy *policy, const struct session *session, int64_t now_s)
{
	struct cw_token earlier = session->token;

	earlier.issued_at_s = 0;
	return cw_revocations_hit(policy->revocations, &earlier, now_s);
}

/* Takes ownership of the token's claim on success. */
static struct session *enter(struct policy *policy, const struct policy_connect *connect, struct cw_token *token,
			     int64_t now_s, enum policy_refusal *ret_refusal, struct cw_error *reterr)
{
	struct session *older = sessions_find_by_client_id(&policy->sessions, connect->client_id);
	struct person *person = people_get(&policy->people, token->account, token->subject);
	struct session *session = NULL;

	*ret_refusal = POLICY_REFUSED_OTHER;
	if (person && older && older->person != person) {
		/* The id was chosen by the broker; nobody else may reconnect with it. */
		*ret_refusal = POLICY_REFUSED_CLIENT_ID;
		(void)cw_error_set(reterr, CW_DENIED, "the client id belongs to another subject");
	} else if (person && check_limits(policy, person, older, reterr) != CW_OK) {
		*ret_refusal = POLICY_REFUSED_LIMIT;
	} else {
		session = person ? sessions_admit(&policy->sessions, connect->client, connect->client_id,
						  connect->address ? connect->address : "", token, now_s) :
				   NULL;
		if (!session) {
			(void)cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
	}
	people_put(&policy->people, person);
	if (!session) {
		return NULL;
	}
	*token = (struct cw_token){ .claim = NULL }; /* owned by the session from here on */
	session->drops_queue = session->drops_queue || (!older && has_been_revoked(policy, session, now_s));
	policy->has_dropping = policy->has_dropping || session->drops_queue;
	resolve_role(policy, session);
	sessions_set_deadline(&policy->sessions, session, session->token.expires_at_s - SESSION_WARN_S);
	return session;
}

struct session *policy_admit(struct policy *policy, const struct policy_connect *connect, int64_t now_ms,
			     enum policy_refusal *ret_refusal, struct cw_error *reterr)
{
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	struct session *session = NULL;
	enum policy_refusal refusal = POLICY_REFUSED_OTHER;

	if (verify(policy, connect, now_ms, &token, &refusal, reterr) == CW_OK) {
		if (client_id_fits(connect->client_id, &token)) {
			session = enter(policy, connect, &token, now_ms / 1000, &refusal, reterr);
		} else {
			refusal = POLICY_REFUSED_CLIENT_ID;
			(void)cw_error_set(
				reterr, CW_DENIED,
				"the client id is neither the token's <account>:<subject>:<tab> nor chosen by the broker");
		}
	}
	if (session) {
		policy->counters.connects++;
	} else {
		policy->counters.refused[refusal]++;
		*ret_refusal = refusal;
	}
	return session;
}

bool policy_goes_on(const struct session *session, int64_t now_s)
{
	return !session->is_revoked && now_s < session->token.expires_at_s;
}

enum cw_status policy_renew(struct policy *policy, struct session *session, const char *token_text, int64_t now_ms,
			    struct cw_error *reterr)
{
	const struct policy_connect connect = { .token = token_text };
	enum policy_refusal refusal = POLICY_REFUSED_OTHER;
	struct cw_token token = { .claim = NULL };

	if (!session->is_live || !policy_goes_on(session, now_ms / 1000)) {
		return cw_error_set(reterr, CW_DENIED, "the session has ended; connect again with the new token");
	}
	enum cw_status status = verify(policy, &connect, now_ms, &token, &refusal, reterr);

	if (status != CW_OK) {
		return status;
	}
	if (strcmp(token.account, session->token.account) != 0 || strcmp(token.subject, session->token.subject) != 0) {
		cw_token_finish(&token);
		return cw_error_set(reterr, CW_DENIED, "the token is for another account or subject");
	}
	sessions_renew(&policy->sessions, session, &token);
	resolve_role(policy, session);
	if (!session->must_kick) {
		sessions_set_deadline(&policy->sessions, session, session->token.expires_at_s - SESSION_WARN_S);
	}
	policy->counters.renewed++;
	return CW_OK;
}
