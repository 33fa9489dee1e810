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
 * The plugin's decisions, independent of the broker's types: who is admitted, what a session may do, when it is
 * disconnected. Runs on the broker's one thread; policy_check never allocates, logs or waits.
 */
struct policy_options {
	char *keys, *roles;                                       /* DIR with public/ and shared/, FILE */
	char *state;                                              /* FILE; "": revocations are not saved */
	char *foreign;                                            /* deny, defer */
	bool must_be_first;                                       /* refuse to start behind another plugin */
	int64_t max_clients_per_account, max_clients_per_subject; /* live clients; 0: no limit */
};

/* Functions of the broker. None of them is called during the check of a delivery. */
struct broker {
	void (*kick)(const char *client_id, bool with_will);
	/* client_id NULL: to all subscribers; otherwise to that client, subscribed or not. */
	void (*tell)(const char *client_id, const char *topic, const char *payload, size_t len, int qos);
	void (*log)(bool is_error, const char *line);
};

/* The last topic checked: a message goes to many clients, but its topic is split into levels only once. */
struct policy_topic {
	char text[CW_TOPIC_MAX + 1];
	struct cw_levels levels; /* of the text */
	bool is_cut;             /* levels is valid */
	uint64_t conversation_hash;
};

struct policy {
	struct policy_options options;
	struct broker broker;
	bool defers_foreign;
	struct cw_token_keys *keys;
	struct cw_access *access;
	struct cw_tag_key *tag; /* for conversations in audit lines */
	struct people people;
	struct sessions sessions;
	struct assignments *assignments; /* NULL until the publisher has loaded the table */
	struct assignments *retired;     /* a table that was replaced, freed in slices */
	struct cw_revocations *revocations;
	struct cw_revocation told_last; /* the publisher's last rule; told_n_hit: the live clients that it hit */
	bool knows_revocations; /* from the state file or the publisher; until then, tenants can neither send nor receive */
	bool is_kicking_expired, has_dropping; /* some session drops its queue until the next tick */
	int64_t told_n_hit, next_upkeep_ms, next_stats_ms, next_reap_s;
	struct policy_counters counters;
	struct policy_topic topic;
};

/* Loads everything, or sets reterr. *policy takes ownership of the options, even on failure. */
CW_MUST_CHECK enum cw_status policy_init(struct policy *policy, struct policy_options *options,
					 const struct broker *broker, struct cw_error *reterr);
void policy_finish(struct policy *policy);

/* Reloads keys and roles; sessions stay. On failure the old ones stay in force. */
CW_MUST_CHECK enum cw_status policy_reload(struct policy *policy, struct cw_error *reterr);

/* ---- connecting ---- */

struct policy_connect {
	const void *client;
	const char *client_id, *address;
	const char *token; /* NULL: none */
};

/* A live session, or NULL with the reason; counted either way. Its client id is the subject's own, or the broker's. */
struct session *policy_admit(struct policy *policy, const struct policy_connect *connect, int64_t now_ms,
			     enum policy_refusal *ret_refusal, struct cw_error *reterr);

/* Does it have the form <account>:<subject>:<tab>, for any account and subject? */
bool policy_is_client_id(const char *client_id);

/* May the session continue? For SIGHUP, when the broker checks every client with a password that may have expired. */
bool policy_goes_on(const struct session *session, int64_t now_s);

/* Gives a session a new token for the same account and subject. CW_DENIED with the reason: nothing has changed. */
CW_MUST_CHECK enum cw_status policy_renew(struct policy *policy, struct session *session, const char *token,
					  int64_t now_ms, struct cw_error *reterr);

/* ---- checking ---- */

enum policy_denial {
	POLICY_ALLOWED,
	POLICY_BY_RULES, /* the verdict has the details */
	POLICY_EXPIRED,
	POLICY_REVOKED,
	POLICY_NOT_LOADED,   /* revocations are not known yet */
	POLICY_ENDED,        /* SUBSCRIBE by a session that has ended */
	POLICY_WILL_COMMAND, /* a will must not be a command */
	POLICY_QUEUE_DROPPED,
	POLICY_UNKNOWN_CLIENT, /* not admitted by this plugin */
	POLICY_DENIAL_COUNT
};

struct policy_check {
	enum cw_access_action action;
	const char *topic;
	int qos;
	bool retain;
};

/* Prepares for checks of a topic and prefetches the memory that they need. Calling it is optional. */
void policy_expect(struct policy *policy, const char *topic);

/* *ret_verdict (may be NULL) is set for POLICY_ALLOWED and POLICY_BY_RULES. */
enum policy_denial policy_check(struct policy *policy, const struct glance *glance, const struct policy_check *check,
				int64_t now_s, struct cw_access_verdict *ret_verdict);

/*
 * The same for a client that has no connection: a session restored from mosquitto.db, or the publisher of a retained
 * message that is checked again. It is known by the username that we set, `<account>/<subject>`.
 */
enum policy_denial policy_check_absent(const struct policy *policy, const char *username,
				       const struct policy_check *check, int64_t now_s);

/* A sentence for the audit line. */
const char *policy_denial_text(enum policy_denial denial);

/* Is it one of our topics or filters: below acct/ or $CONTROL/convwire? Foreign clients may not use these. */
bool policy_is_ours(const char *topic);

/* ---- ending sessions ---- */

/* Adds the rule and marks every session that it hits; they are disconnected from the next tick on. */
CW_MUST_CHECK enum cw_status policy_revoke(struct policy *policy, const struct cw_revocation *revocation, int64_t now_s,
					   int64_t *ret_n_hit, struct cw_error *reterr);

/* Call after adding rules: marks every session that a rule hits. Returns how many live ones were marked. */
int64_t policy_revoke_hit(struct policy *policy, int64_t now_s);

/* Disconnects a session at the next tick, once. false: it is already being disconnected, or gone. */
bool policy_kick(struct policy *policy, struct session *session);

/* Handles expiry, kicks and deferred freeing; may be called at any rate. */
void policy_tick(struct policy *policy, int64_t now_ms);

#endif
