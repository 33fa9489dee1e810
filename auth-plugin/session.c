/* SPDX-License-Identifier: MIT */
#include "auth-plugin/session.h"

#include <stdlib.h>
#include <string.h>

#include "auth-plugin/lines.h"
#include "core/text.h"

#define FIRST_ROOM 64

void sessions_init(struct sessions *sessions, struct people *people, uint64_t seed)
{
	*sessions = (struct sessions){ .people = people };
	index_init(&sessions->by_client_id, seed);
}

static void free_session(struct sessions *sessions, struct session *session)
{
	cw_token_finish(&session->token);
	subscriptions_free(&session->subscriptions);
	people_put(sessions->people, session->person);
	free(session);
}

void sessions_finish(struct sessions *sessions)
{
	for (size_t i = 0; i < sessions->room; i++) {
		if (sessions->glances[i].client) {
			free_session(sessions, sessions->glances[i].session);
		}
	}
	free(sessions->glances);
	index_finish(&sessions->by_client_id);
	free(sessions->deadlines);
	*sessions = (struct sessions){ .people = sessions->people };
}

/* ---- finding ---- */

/* Heap addresses share their low bits; the multiplier spreads the rest (Knuth's golden ratio). */
static size_t home_of(size_t room, const void *client)
{
	return (size_t)(((uintptr_t)client >> 4) * 11400714819323198485ULL >> 20) & (room - 1);
}

static struct glance *find_glance(const struct sessions *sessions, const void *client)
{
	size_t mask = sessions->room - 1;

	if (sessions->room == 0) {
		return NULL;
	}
	for (size_t at = home_of(sessions->room, client); sessions->glances[at].client; at = (at + 1) & mask) {
		if (sessions->glances[at].client == client) {
			return &sessions->glances[at];
		}
	}
	return NULL;
}

const struct glance *sessions_glance(const struct sessions *sessions, const void *client)
{
	return find_glance(sessions, client);
}

struct session *sessions_find(const struct sessions *sessions, const void *client)
{
	const struct glance *glance = find_glance(sessions, client);

	return glance ? glance->session : NULL;
}

static void fill_glance(struct glance *glance, const struct session *session)
{
	*glance = (struct glance){ .client = session->client,
				   .expires_at_s = session->token.expires_at_s,
				   .role = session->role,
				   .person = session->person,
				   .account = session->person->account->name,
				   .claim = session->token.claim,
				   .session = (struct session *)session,
				   .is_live = session->is_live,
				   .is_revoked = session->is_revoked,
				   .drops_queue = session->drops_queue,
				   .is_system = session->token.account[0] == '_' };
}

void sessions_refresh(struct sessions *sessions, const struct session *session)
{
	struct glance *glance = find_glance(sessions, session->client);

	if (glance) {
		fill_glance(glance, session);
	}
}

static void put_glance(struct glance *glances, size_t room, const struct glance *glance)
{
	size_t at = home_of(room, glance->client);

	while (glances[at].client) {
		at = (at + 1) & (room - 1);
	}
	glances[at] = *glance;
}

static bool grow_glances(struct sessions *sessions)
{
	size_t room = sessions->room ? 2 * sessions->room : FIRST_ROOM;
	struct glance *glances = lines_alloc(room * sizeof(*glances));

	if (!glances) {
		return false;
	}
	for (size_t i = 0; i < sessions->room; i++) {
		if (sessions->glances[i].client) {
			put_glance(glances, room, &sessions->glances[i]);
		}
	}
	free(sessions->glances);
	sessions->glances = glances;
	sessions->room = room;
	return true;
}

static bool add_glance(struct sessions *sessions, const struct session *session)
{
	struct glance glance;

	if (2 * (sessions->n + 1) > sessions->room && !grow_glances(sessions)) {
		return false;
	}
	fill_glance(&glance, session);
	put_glance(sessions->glances, sessions->room, &glance);
	sessions->n++;
	return true;
}

/* Moves the entries after the freed place back, none before its home slot, so that no search ends early. */
static void remove_glance(struct sessions *sessions, const struct session *session)
{
	struct glance *glance = find_glance(sessions, session->client);
	size_t mask = sessions->room - 1;

	if (!glance) {
		return;
	}
	size_t gap = (size_t)(glance - sessions->glances);

	for (size_t at = (gap + 1) & mask; sessions->glances[at].client; at = (at + 1) & mask) {
		size_t home = home_of(sessions->room, sessions->glances[at].client);

		if (((at - home) & mask) >= ((at - gap) & mask)) {
			sessions->glances[gap] = sessions->glances[at];
			gap = at;
		}
	}
	sessions->glances[gap] = (struct glance){ .client = NULL };
	sessions->n--;
}

static bool has_client_id(const void *item, const void *key)
{
	return strcmp(((const struct session *)item)->client_id, key) == 0;
}

static uint64_t hash_client_id(const struct sessions *sessions, const char *client_id)
{
	return index_hash(&sessions->by_client_id, client_id, strlen(client_id));
}

struct session *sessions_find_by_client_id(const struct sessions *sessions, const char *client_id)
{
	return index_find(&sessions->by_client_id, hash_client_id(sessions, client_id), has_client_id, client_id);
}

/* ---- deadlines: a binary heap ---- */

static void place(struct sessions *sessions, size_t at, struct session *session)
{
	sessions->deadlines[at - 1] = session;
	session->deadline = at;
}

static void rise(struct sessions *sessions, struct session *session, size_t at)
{
	while (at > 1 && sessions->deadlines[at / 2 - 1]->deadline_at_s > session->deadline_at_s) {
		place(sessions, at, sessions->deadlines[at / 2 - 1]);
		at /= 2;
	}
	place(sessions, at, session);
}

static void sink(struct sessions *sessions, struct session *session, size_t at)
{
	for (size_t child = 2 * at; child <= sessions->n_deadlines; child = 2 * at) {
		if (child < sessions->n_deadlines &&
		    sessions->deadlines[child]->deadline_at_s < sessions->deadlines[child - 1]->deadline_at_s) {
			child++;
		}
		if (sessions->deadlines[child - 1]->deadline_at_s >= session->deadline_at_s) {
			break;
		}
		place(sessions, at, sessions->deadlines[child - 1]);
		at = child;
	}
	place(sessions, at, session);
}

static void take_out(struct sessions *sessions, struct session *session)
{
	size_t at = session->deadline;
	struct session *last = sessions->deadlines[--sessions->n_deadlines];

	session->deadline = 0;
	if (last != session) {
		sink(sessions, last, at);
		rise(sessions, last, last->deadline);
	}
}

/* Reserves a place for every session at CONNECT, so that setting a deadline never fails. */
static bool reserve_deadline(struct sessions *sessions)
{
	if (sessions->n < sessions->deadline_room) {
		return true;
	}
	size_t room = sessions->deadline_room ? 2 * sessions->deadline_room : 64;
	struct session **deadlines = realloc(sessions->deadlines, room * sizeof(struct session *));

	if (!deadlines) {
		return false;
	}
	sessions->deadlines = deadlines;
	sessions->deadline_room = room;
	return true;
}

void sessions_set_deadline(struct sessions *sessions, struct session *session, int64_t at_s)
{
	if (session->deadline) {
		take_out(sessions, session);
	}
	if (at_s) {
		session->deadline_at_s = at_s;
		rise(sessions, session, ++sessions->n_deadlines);
	}
}

struct session *sessions_next_due(const struct sessions *sessions)
{
	return sessions->n_deadlines ? sessions->deadlines[0] : NULL;
}

/* ---- adding and removing ---- */

static void count_live(struct sessions *sessions, struct session *session, int64_t change)
{
	sessions->n_live += change;
	session->person->n_live += change;
	session->person->account->n_live += change;
}

void sessions_note_going(struct sessions *sessions, struct session *session)
{
	if (session->is_live && !session->is_going) {
		session->is_going = true;
		sessions->n_going++;
	}
}

void sessions_end(struct sessions *sessions, struct session *session, int64_t now_s)
{
	if (session->is_going) {
		session->is_going = false;
		sessions->n_going--;
	}
	if (session->is_live) {
		count_live(sessions, session, -1);
		session->is_live = false;
		session->ended_at_s = now_s;
		sessions_refresh(sessions, session);
	}
}

void sessions_forget(struct sessions *sessions, struct session *session)
{
	sessions_end(sessions, session, 0);
	sessions_set_deadline(sessions, session, 0);
	index_remove(&sessions->by_client_id, session->client_id_hash, session);
	remove_glance(sessions, session);
	free_session(sessions, session);
}

/*
 * The newest session is indexed by its client id; an older one, which is being taken over, is only found by its
 * pointer.
 */
static bool enter(struct sessions *sessions, struct session *session)
{
	struct session *older = sessions_find_by_client_id(sessions, session->client_id);

	if (!index_add(&sessions->by_client_id, session->client_id_hash, session)) {
		return false;
	}
	if (!add_glance(sessions, session)) {
		index_remove(&sessions->by_client_id, session->client_id_hash, session);
		return false;
	}
	if (older) {
		index_remove(&sessions->by_client_id, older->client_id_hash, older);
		session->drops_queue = older->is_revoked;
	}
	return true;
}

struct session *sessions_admit(struct sessions *sessions, const void *client, const char *client_id,
			       const char *address, const struct cw_token *token, int64_t now_s)
{
	struct session *known = sessions_find(sessions, client);

	if (known) {
		sessions_forget(sessions, known);
	}
	struct session *session = calloc(1, sizeof(*session));

	if (!session || !reserve_deadline(sessions) ||
	    !cw_text_copy(session->client_id, sizeof(session->client_id), client_id) ||
	    !cw_text_copy(session->address, sizeof(session->address), address) ||
	    !(session->person = people_get(sessions->people, token->account, token->subject))) {
		free(session);
		return NULL;
	}
	session->client = client;
	session->client_id_hash = hash_client_id(sessions, client_id);
	session->connected_at_s = now_s;
	if (!enter(sessions, session)) {
		people_put(sessions->people, session->person);
		free(session);
		return NULL;
	}
	session->is_live = true;
	session->token = *token;
	count_live(sessions, session, 1);
	sessions_refresh(sessions, session);
	return session;
}

void sessions_renew(struct sessions *sessions, struct session *session, const struct cw_token *token)
{
	cw_token_finish(&session->token);
	session->token = *token;
	session->was_warned = false;
	sessions_refresh(sessions, session);
}

void sessions_each(struct sessions *sessions, void (*visit)(void *context, struct session *session), void *context)
{
	/* Counts down, because forgetting a session moves later ones, already visited, into its place. */
	for (size_t i = sessions->room; i-- > 0;) {
		if (sessions->glances[i].client) {
			visit(context, sessions->glances[i].session);
		}
	}
}
