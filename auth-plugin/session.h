/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_SESSION_H
#define AUTH_PLUGIN_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/token.h"

/*
 * Who is behind each of the broker's client pointers. Keyed by pointer, since a take-over disconnects the
 * old client after the new one was admitted under the same client id. A pointer that disconnected stays
 * as `ended`: its will is checked afterwards. The broker's one thread; looking up never allocates.
 */
#define SESSION_CLIENT_ID_MAX 200

struct session {
	const void *client; /* NULL: the slot is free */
	bool is_ended;
	int64_t ended_at_s;
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	struct cw_token token;
};

struct sessions;

/* NULL without memory. Destroy accepts NULL. */
struct sessions *sessions_create(void);
void sessions_destroy(struct sessions *sessions);

/* The session of a pointer, or NULL. Lives until the next sessions_admit. */
struct session *sessions_find(struct sessions *sessions, const void *client);

/* A new session for the pointer, in place of any ended one. NULL without memory. */
struct session *sessions_admit(struct sessions *sessions, const void *client, const char *client_id,
			       const struct cw_token *token, int64_t now_s);

/* The client is gone; unknown pointers are ignored. */
void sessions_end(struct sessions *sessions, const void *client, int64_t now_s);

#endif
