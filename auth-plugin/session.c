/* SPDX-License-Identifier: MIT */
#include "auth-plugin/session.h"

#include <stdlib.h>

#include "core/text.h"

#define FIRST_ROOM 256
/* A delayed will may come this long after the end. */
#define KEEP_ENDED_S 3600

/* Open addressing with linear probing; grown, and rid of old ended sessions, only at a CONNECT. */
struct sessions {
	struct session **slots;
	size_t room; /* a power of two */
	size_t n;
};

struct sessions *sessions_create(void)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (sessions) {
		sessions->room = FIRST_ROOM;
		sessions->slots = calloc(sessions->room, sizeof(*sessions->slots));
	}
	if (sessions && !sessions->slots) {
		free(sessions);
		return NULL;
	}
	return sessions;
}

void sessions_destroy(struct sessions *sessions)
{
	if (!sessions) {
		return;
	}
	for (size_t i = 0; i < sessions->room; i++) {
		free(sessions->slots[i]);
	}
	free(sessions->slots);
	free(sessions);
}

/* Heap addresses share their low bits; the multiplier spreads the rest (Knuth's golden ratio). */
static size_t slot_of(const struct session *const *slots, size_t room, const void *client)
{
	size_t index = (size_t)(((uintptr_t)client >> 4) * 11400714819323198485ULL >> 20) & (room - 1);

	while (slots[index] && slots[index]->client != client) {
		index = (index + 1) & (room - 1);
	}
	return index;
}

struct session *sessions_find(struct sessions *sessions, const void *client)
{
	return sessions->slots[slot_of((const struct session *const *)sessions->slots, sessions->room, client)];
}

static bool rebuild(struct sessions *sessions, size_t room, int64_t now_s)
{
	struct session **slots = calloc(room, sizeof(struct session *));
	size_t kept = 0;

	if (!slots) {
		return false;
	}
	for (size_t i = 0; i < sessions->room; i++) {
		struct session *session = sessions->slots[i];

		if (session && session->is_ended && now_s - session->ended_at_s > KEEP_ENDED_S) {
			free(session);
		} else if (session) {
			slots[slot_of((const struct session *const *)slots, room, session->client)] = session;
			kept++;
		}
	}
	free(sessions->slots);
	sessions->slots = slots;
	sessions->room = room;
	sessions->n = kept;
	return true;
}

/* At most half full, so that probing stays short. */
static bool make_room(struct sessions *sessions, int64_t now_s)
{
	if (sessions->n * 2 < sessions->room) {
		return true;
	}
	return rebuild(sessions, sessions->room, now_s) &&
	       (sessions->n * 2 < sessions->room || rebuild(sessions, sessions->room * 2, now_s));
}

struct session *sessions_admit(struct sessions *sessions, const void *client, const char *client_id,
			       const struct cw_token *token, int64_t now_s)
{
	if (!make_room(sessions, now_s)) {
		return NULL;
	}
	size_t index = slot_of((const struct session *const *)sessions->slots, sessions->room, client);

	if (!sessions->slots[index]) {
		sessions->slots[index] = malloc(sizeof(struct session));
		if (!sessions->slots[index]) {
			return NULL;
		}
		sessions->n++;
	}
	struct session *session = sessions->slots[index];

	*session = (struct session){ .client = client, .token = *token };
	if (!cw_text_copy(session->client_id, sizeof(session->client_id), client_id)) {
		session->is_ended = true; /* the caller checked the length; fail closed all the same */
	}
	return session;
}

void sessions_end(struct sessions *sessions, const void *client, int64_t now_s)
{
	struct session *session = sessions_find(sessions, client);

	if (session) {
		session->is_ended = true;
		session->ended_at_s = now_s;
	}
}
