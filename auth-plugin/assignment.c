/* SPDX-License-Identifier: MIT */
#include "auth-plugin/assignment.h"

#include <stdlib.h>
#include <string.h>

#include "auth-plugin/lines.h"
#include "core/text.h"

#define FIRST_ROOM 64

struct assignment {
	uint64_t hash;
	uint16_t len;
	char conversation[];
};

struct slot {
	struct person *person;         /* NULL: assigned to nobody now */
	struct assignment *assignment; /* NULL: free */
};

/*
 * One byte per slot holds a tag of the assigned person. Most lookups are for conversations assigned to other people,
 * and the tags alone answer them: 100,000 assignments have 256 KB of tags, which stay in the cache.
 */
enum { TAG_FREE, TAG_NOBODY, TAG_FIRST_PERSON };

struct assignments {
	struct people *people;
	struct slot *slots;
	uint8_t *tags;  /* array of `room` bytes */
	size_t room, n; /* open addressing, at most half full */
	size_t n_assigned;
	size_t n_freed; /* slots already visited by assignments_free_some */
};

struct name {
	const char *text;
	size_t len;
};

struct assignments *assignments_create(struct people *people)
{
	struct assignments *assignments = calloc(1, sizeof(*assignments));

	if (assignments) {
		assignments->people = people;
	}
	return assignments;
}

bool assignments_free_some(struct assignments *assignments, size_t most)
{
	for (; assignments->n_freed < assignments->room && most > 0; assignments->n_freed++, most--) {
		struct slot *slot = &assignments->slots[assignments->n_freed];

		people_put(assignments->people, slot->person);
		free(slot->assignment);
	}
	if (assignments->n_freed < assignments->room) {
		return false;
	}
	free(assignments->slots);
	free(assignments->tags);
	free(assignments);
	return true;
}

void assignments_destroy(struct assignments *assignments)
{
	if (assignments) {
		(void)assignments_free_some(assignments, SIZE_MAX); /* all */
	}
}

uint64_t assignments_hash(const struct people *people, const char *conversation, size_t len)
{
	return index_hash(&people->persons, conversation, len);
}

static bool is_conversation(const struct assignment *assignment, const struct name *name)
{
	return assignment->len == name->len && memcmp(assignment->conversation, name->text, name->len) == 0;
}

static struct slot *find(const struct assignments *assignments, const struct name *name)
{
	size_t mask = assignments->room - 1;
	uint64_t hash = assignments_hash(assignments->people, name->text, name->len);

	for (size_t at = hash & mask; assignments->room && assignments->slots[at].assignment; at = (at + 1) & mask) {
		if (assignments->slots[at].assignment->hash == hash &&
		    is_conversation(assignments->slots[at].assignment, name)) {
			return &assignments->slots[at];
		}
	}
	return NULL;
}

static uint8_t tag_of(const struct person *person)
{
	return person ? (uint8_t)(TAG_FIRST_PERSON + (person->hash >> 32) % (UINT8_MAX - TAG_FIRST_PERSON + 1)) :
			TAG_NOBODY;
}

/* Inserts the slot; returns its place. */
static size_t put(struct slot *slots, uint8_t *tags, size_t room, const struct slot *slot)
{
	size_t at = slot->assignment->hash & (room - 1);

	while (tags[at] != TAG_FREE) {
		at = (at + 1) & (room - 1);
	}
	slots[at] = *slot;
	tags[at] = tag_of(slot->person);
	return at;
}

static bool grow(struct assignments *assignments)
{
	size_t room = assignments->room ? 2 * assignments->room : FIRST_ROOM;
	struct slot *slots = lines_alloc(room * sizeof(*slots));
	uint8_t *tags = lines_alloc(room);

	if (!slots || !tags) {
		free(slots);
		free(tags);
		return false;
	}
	for (size_t i = 0; i < assignments->room; i++) {
		if (assignments->tags[i] != TAG_FREE) {
			(void)put(slots, tags, room, &assignments->slots[i]); /* its new place does not matter */
		}
	}
	free(assignments->slots);
	free(assignments->tags);
	assignments->slots = slots;
	assignments->tags = tags;
	assignments->room = room;
	return true;
}

static struct slot *make(struct assignments *assignments, const struct name *name)
{
	struct assignment *assignment = NULL;

	if (2 * (assignments->n + 1) > assignments->room && !grow(assignments)) {
		return NULL;
	}
	assignment = malloc(sizeof(*assignment) + name->len);
	if (!assignment) {
		return NULL;
	}
	assignment->hash = assignments_hash(assignments->people, name->text, name->len);
	assignment->len = (uint16_t)name->len;
	memcpy(assignment->conversation, name->text, name->len);
	assignments->n++;
	const struct slot slot = { NULL, assignment };

	return &assignments->slots[put(assignments->slots, assignments->tags, assignments->room, &slot)];
}

enum cw_status assignments_set(struct assignments *assignments, const char *conversation, const char *subject)
{
	struct cw_conversation_id id;
	const struct name name = { conversation, strlen(conversation) };
	struct person *person = NULL;

	if (cw_conversation_id_parse(conversation, &id) != CW_OK || (subject && !cw_subject_is_valid(subject))) {
		return CW_INVALID;
	}
	struct slot *slot = find(assignments, &name);

	if (!slot && !subject) {
		return CW_OK;
	}
	if (subject && !(person = people_get(assignments->people, id.account, subject))) {
		return CW_NOMEM;
	}
	if (!slot && !(slot = make(assignments, &name))) {
		people_put(assignments->people, person);
		return CW_NOMEM;
	}
	assignments->n_assigned += (size_t)(person != NULL) - (size_t)(slot->person != NULL);
	people_put(assignments->people, slot->person);
	slot->person = person;
	assignments->tags[slot - assignments->slots] = tag_of(person);
	return CW_OK;
}

void assignments_prefetch(const struct assignments *assignments, uint64_t hash)
{
	if (assignments && assignments->room) {
		__builtin_prefetch(&assignments->tags[hash & (assignments->room - 1)]);
	}
}

bool assignments_has(const struct assignments *assignments, uint64_t hash, const char *conversation, size_t len,
		     const struct person *person)
{
	const struct name name = { conversation, len };

	if (!assignments || !person || assignments->room == 0) {
		return false;
	}
	size_t mask = assignments->room - 1;
	uint8_t tag = tag_of(person);

	for (size_t at = hash & mask; assignments->tags[at] != TAG_FREE; at = (at + 1) & mask) {
		if (assignments->tags[at] == tag && assignments->slots[at].person == person &&
		    is_conversation(assignments->slots[at].assignment, &name)) {
			return true;
		}
	}
	return false;
}

size_t assignments_count(const struct assignments *assignments)
{
	return assignments ? assignments->n_assigned : 0;
}
