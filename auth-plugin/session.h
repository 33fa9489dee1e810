/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_SESSION_H
#define AUTH_PLUGIN_SESSION_H

#include "auth-plugin/lines.h"
#include "auth-plugin/people.h"
#include "auth-plugin/subscription.h"
#include "core/access.h"
#include "core/token.h"

/*
 * The sessions, keyed by the broker's client pointers and not by client id: a take-over disconnects the old client only
 * after the new one was admitted under the same client id. A disconnected session stays known, as not live: its will is
 * checked afterwards, and deliveries to an offline session use its pointer. The broker's one thread; lookups do not
 * allocate.
 */
#define SESSION_CLIENT_ID_MAX 200
#define SESSION_ADDRESS_MAX 63
#define SESSION_WARN_S 60 /* the client is warned this long before exp */

struct session {
	const void *client;
	struct person *person;
	const struct cw_access_role *role; /* from the rules in force; NULL: it has none */
	struct cw_token token;
	bool is_live;
	bool is_revoked;
	bool drops_queue; /* drop messages queued for an earlier, revoked session; until the next tick */
	bool was_warned;  /* warned that the token is about to expire */
	bool must_kick;   /* waiting to be disconnected */
	bool is_going;    /* disconnected by us; the broker closes a WebSocket later */
	bool resumes;     /* no clean start: the broker may have subscriptions from earlier connections */
	struct subscription *subscriptions; /* made on this connection */
	int64_t connected_at_s;
	int64_t ended_at_s;
	size_t deadline; /* place in the heap, from 1; 0: not in it */
	int64_t deadline_at_s;
	uint64_t client_id_hash;
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	char address[SESSION_ADDRESS_MAX + 1];
};

/*
 * What the check of a delivery reads: one cache line per client in an open-addressing table, even with ten thousand
 * clients. Copied from the session by sessions_refresh.
 */
struct glance {
	_Alignas(LINE_BYTES) const void *client; /* NULL: free */
	int64_t expires_at_s;
	const struct cw_access_role *role;
	const struct person *person;
	const char *account; /* the person's account; all its sessions share that cache line */
	const struct cw_claim *claim;
	struct session *session;
	bool is_live, is_revoked, drops_queue, is_system;
};

struct sessions {
	struct people *people;
	struct glance *glances;
	size_t room, n;             /* a power of two; at most half full */
	struct index by_client_id;  /* the newest session of each client id */
	struct session **deadlines; /* a heap; the earliest is first */
	size_t n_deadlines, deadline_room;
	int64_t n_live, n_going;
};

void sessions_init(struct sessions *sessions, struct people *people, uint64_t seed);
void sessions_finish(struct sessions *sessions);

/* The glance for a pointer, or NULL. Valid until any session changes. */
const struct glance *sessions_glance(const struct sessions *sessions, const void *client);

/* Call after changing a session's role, is_revoked or drops_queue. */
void sessions_refresh(struct sessions *sessions, const struct session *session);

/* The session for a pointer, or NULL. Valid until the session is forgotten. */
struct session *sessions_find(const struct sessions *sessions, const void *client);
/* The newest session with a client id, or NULL. */
struct session *sessions_find_by_client_id(const struct sessions *sessions, const char *client_id);

/*
 * Makes a live session for the pointer, replacing any earlier one. Takes ownership of the token's claim only on
 * success. NULL: out of memory, or the client id is too long.
 */
struct session *sessions_admit(struct sessions *sessions, const void *client, const char *client_id,
			       const char *address, const struct cw_token *token, int64_t now_s);

/* Sets a new token for the same person; takes ownership of its claim. */
void sessions_renew(struct sessions *sessions, struct session *session, const struct cw_token *token);

/* Call when the broker was told to disconnect the session. */
void sessions_note_going(struct sessions *sessions, struct session *session);

/* Call when the client has disconnected; repeated calls do nothing. */
void sessions_end(struct sessions *sessions, struct session *session, int64_t now_s);

/* Removes the session; its pointer is unknown afterwards. */
void sessions_forget(struct sessions *sessions, struct session *session);

/* Sets, moves or (0) removes the session's deadline. */
void sessions_set_deadline(struct sessions *sessions, struct session *session, int64_t at_s);
/* The session with the earliest deadline, or NULL. */
struct session *sessions_next_due(const struct sessions *sessions);

/*
 * Visits all sessions, in no particular order. The visitor may forget the session it is given; another one may then be
 * missed.
 */
void sessions_each(struct sessions *sessions, void (*visit)(void *context, struct session *session), void *context);

#endif
