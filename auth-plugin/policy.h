/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_POLICY_H
#define AUTH_PLUGIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "auth-plugin/assignment.h"
#include "auth-plugin/counters.h"
#include "auth-plugin/session.h"
#include "core/access.h"
#include "core/revocation.h"
#include "core/token.h"

/*
 * What the plugin decides, free of the broker's types: who is admitted, what a session may do, when it must go.
 * The broker's one thread; policy_check never allocates, logs or waits.
 */
struct policy_options {
	char *keys;                                               /* DIR with public/ and shared/ */
	char *roles;                                              /* FILE */
	char *state;                                              /* FILE; "": revocations are not kept here */
	char *foreign;                                            /* deny, defer */
	int64_t max_clients_per_account, max_clients_per_subject; /* live; 0: no limit */
};

/* What the broker does for us. Nothing here is called while a delivery is checked. */
struct broker {
	void (*kick)(const char *client_id, bool with_will);
	/* client_id NULL: to whoever subscribed. Else to that client, subscribed or not. */
	void (*tell)(const char *client_id, const char *topic, const char *payload, size_t len, int qos);
	void (*log)(bool is_error, const char *line);
};

/* The topic asked about last: a message goes to many, and is cut into levels once. */
struct policy_topic {
	char text[CW_TOPIC_MAX + 1];
	struct cw_levels levels; /* of text */
	bool is_cut;             /* levels can be used */
	uint64_t conversation_hash;
};

struct policy {
	struct policy_options options;
	struct broker broker;
	bool defers_foreign;
	struct cw_token_keys *keys;
	struct cw_access *access;
	struct cw_tag_key *tag; /* how audit lines name conversations */
	struct people people;
	struct sessions sessions;
	struct assignments *assignments; /* NULL until the publisher loaded the table */
	struct assignments *retired;     /* a table that was replaced, freed in slices */
	struct cw_revocations *revocations;
	bool knows_revocations; /* by the state file or by the publisher; until then tenants are kept still */
	bool is_kicking_expired;
	bool has_dropping; /* some session drops a queue until the next tick */
	int64_t next_upkeep_ms, next_stats_ms, next_reap_s;
	struct policy_counters counters;
	struct policy_topic topic;
};

/* *policy takes the options over, also on failure. Everything loaded or a sentence that says what is wrong. */
CW_MUST_CHECK enum cw_status policy_init(struct policy *policy, struct policy_options *options,
					 const struct broker *broker, struct cw_error *reterr);
void policy_finish(struct policy *policy);

/* Keys and roles again; sessions stay. On failure the old ones stay in force. */
CW_MUST_CHECK enum cw_status policy_reload(struct policy *policy, struct cw_error *reterr);

/* ---- connecting ---- */

struct policy_connect {
	const void *client;
	const char *client_id, *address;
	const char *token; /* NULL: none */
};

/* A live session, or NULL with the reason; counted either way. A client id is the subject's own, or the broker's. */
struct session *policy_admit(struct policy *policy, const struct policy_connect *connect, int64_t now_ms,
			     enum policy_refusal *ret_refusal, struct cw_error *reterr);

/* Of the form <account>:<subject>:<tab>, whoever that may be. */
bool policy_is_client_id(const char *client_id);

/* May the session go on? What the broker asks for every client at SIGHUP, with a password that may have expired. */
bool policy_goes_on(const struct session *session, int64_t now_s);

/* Another token for a session: the same account and subject. CW_DENIED and the reason; nothing has changed then. */
CW_MUST_CHECK enum cw_status policy_renew(struct policy *policy, struct session *session, const char *token,
					  int64_t now_ms, struct cw_error *reterr);

/* ---- checking ---- */

enum policy_denial {
	POLICY_ALLOWED,
	POLICY_BY_RULES, /* the verdict says more */
	POLICY_EXPIRED,
	POLICY_REVOKED,
	POLICY_NOT_LOADED,   /* revocations are not known yet */
	POLICY_ENDED,        /* SUBSCRIBE of a session that is over */
	POLICY_WILL_COMMAND, /* a will must not command */
	POLICY_QUEUE_DROPPED,
	POLICY_UNKNOWN_CLIENT, /* not admitted by us */
	POLICY_DENIAL_COUNT
};

struct policy_check {
	enum cw_access_action action;
	const char *topic;
	int qos;
	bool retain;
};

/* Prepares for questions about a topic, while the memory that they need is on its way. No need to call it. */
void policy_expect(struct policy *policy, const char *topic);

/* *ret_verdict (may be NULL) is set for POLICY_ALLOWED and POLICY_BY_RULES. */
enum policy_denial policy_check(struct policy *policy, const struct glance *glance, const struct policy_check *check,
				int64_t now_s, struct cw_access_verdict *ret_verdict);

/*
 * The same for a client that has no connection: a session restored from mosquitto.db, or the publisher of a
 * retained message that is looked up again. Known by the username that we set, `<account>/<subject>`.
 */
enum policy_denial policy_check_absent(const struct policy *policy, const char *username,
				       const struct policy_check *check, int64_t now_s);

/* A sentence for the audit line. */
const char *policy_denial_text(enum policy_denial denial);

/* Is it a topic, or a filter, of ours: below acct/ or $CONTROL/convwire? Foreign clients are kept from these. */
bool policy_is_ours(const char *topic);

/* ---- making sessions go ---- */

/* Adds the rule, keeps it, marks every session that it hits; they are disconnected from the next tick on. */
CW_MUST_CHECK enum cw_status policy_revoke(struct policy *policy, const struct cw_revocation *revocation, int64_t now_s,
					   int64_t *ret_n_hit, struct cw_error *reterr);

/* Marks every session that a rule hits, after rules were added. How many live ones were marked. */
int64_t policy_revoke_hit(struct policy *policy, int64_t now_s);

/* Disconnects a session at the next tick, once. false when it goes already or has gone. */
bool policy_kick(struct policy *policy, struct session *session);

/* Expiry, kicks, what is to be freed; as often as the broker likes. */
void policy_tick(struct policy *policy, int64_t now_ms);

#endif
