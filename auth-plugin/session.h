/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_SESSION_H
#define AUTH_PLUGIN_SESSION_H

#include "auth-plugin/lines.h"
#include "auth-plugin/people.h"
#include "auth-plugin/subscription.h"
#include "core/access.h"
#include "core/token.h"

/*
 * Who is behind each of the broker's client pointers. Keyed by pointer, since a take-over disconnects the old
 * client after the new one was admitted under the same client id. A pointer that disconnected stays as `ended`:
 * its will is checked afterwards, and deliveries to a session that is offline come with it. The broker's one
 * thread; finding allocates nothing.
 */
#define SESSION_CLIENT_ID_MAX 200
#define SESSION_ADDRESS_MAX 63
#define SESSION_WARN_S 60 /* before exp, a client is told */

struct session {
	const void *client;
	struct person *person;
	const struct cw_access_role *role; /* of the rules in force; NULL: it has none */
	struct cw_token token;
	bool is_live;
	bool is_revoked;
	bool drops_queue; /* what an earlier, revoked session left queued is not for this one; until the next tick */
	bool was_warned;  /* told that the token is about to expire */
	bool must_kick;   /* waits to be disconnected */
	bool is_going;    /* was disconnected; the broker closes a WebSocket only later */
	bool resumes;     /* without clean start: the broker may have subscriptions of its earlier connections */
	struct subscription *subscriptions; /* of this connection */
	int64_t connected_at_s;
	int64_t ended_at_s;
	size_t deadline; /* place in the heap, from 1; 0: not in it */
	int64_t deadline_at_s;
	uint64_t client_id_hash;
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	char address[SESSION_ADDRESS_MAX + 1];
};

/*
 * What a delivery looks at: one cache line in an open-addressing table, so that ten thousand clients cost a check
 * one line of memory. Copied from the session by sessions_refresh.
 */
struct glance {
	_Alignas(LINE_BYTES) const void *client; /* NULL: free */
	int64_t expires_at_s;
	const struct cw_access_role *role;
	const struct person *person;
	const char *account; /* the person's account's, whose line all its sessions share */
	const struct cw_claim *claim;
	struct session *session;
	bool is_live, is_revoked, drops_queue, is_system;
};

struct sessions {
	struct people *people;
	struct glance *glances;
	size_t room, n;             /* a power of two; at most half full */
	struct index by_client_id;  /* the newest of each client id */
	struct session **deadlines; /* a heap, the next first */
	size_t n_deadlines, deadline_room;
	int64_t n_live, n_going;
};

void sessions_init(struct sessions *sessions, struct people *people, uint64_t seed);
void sessions_finish(struct sessions *sessions);

/* What is known of a pointer, or NULL; until the next change of any session. */
const struct glance *sessions_glance(const struct sessions *sessions, const void *client);

/* Call after a change of a session's role, is_revoked or drops_queue. */
void sessions_refresh(struct sessions *sessions, const struct session *session);

/* The session of a pointer, or NULL; stays where it is until it is forgotten. */
struct session *sessions_find(const struct sessions *sessions, const void *client);
/* The newest session under a client id, or NULL. */
struct session *sessions_find_by_client_id(const struct sessions *sessions, const char *client_id);

/*
 * A live session for the pointer, in place of what was known of it. Takes over the token's claim only when it
 * succeeds. NULL without memory or for a client id that is too long.
 */
struct session *sessions_admit(struct sessions *sessions, const void *client, const char *client_id,
			       const char *address, const struct cw_token *token, int64_t now_s);

/* Another token for the same person; takes over its claim. */
void sessions_renew(struct sessions *sessions, struct session *session, const struct cw_token *token);

/* The broker was told to disconnect it. */
void sessions_note_going(struct sessions *sessions, struct session *session);

/* The client is gone. Once is enough. */
void sessions_end(struct sessions *sessions, struct session *session, int64_t now_s);

/* Nothing is known of the pointer any more. */
void sessions_forget(struct sessions *sessions, struct session *session);

/* Sets, moves or (0) takes away the moment at which something is due for the session. */
void sessions_set_deadline(struct sessions *sessions, struct session *session, int64_t at_s);
/* The session that is due first, or NULL. */
struct session *sessions_next_due(const struct sessions *sessions);

/* Visits all, in no order. The visitor may forget the one it is given; then another one may be missed this time. */
void sessions_each(struct sessions *sessions, void (*visit)(void *context, struct session *session), void *context);

#endif
