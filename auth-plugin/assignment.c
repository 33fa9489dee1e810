/* SPDX-License-Identifier: MIT */
#include "auth-plugin/assignment.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

struct assignment {
	struct person *person; /* NULL: nobody has it now */
	uint16_t len;
	char conversation[];
};

struct assignments {
	struct people *people;
	struct index index;
	size_t n_assigned;
	size_t n_freed; /* slots that free_some has been through */
};

struct name {
	const char *text;
	size_t len;
};

struct assignments *assignments_create(struct people *people, uint64_t seed)
{
	struct assignments *assignments = calloc(1, sizeof(*assignments));

	if (assignments) {
		assignments->people = people;
		index_init(&assignments->index, seed);
	}
	return assignments;
}

bool assignments_free_some(struct assignments *assignments, size_t most)
{
	for (; assignments->n_freed < assignments->index.room && most > 0; assignments->n_freed++, most--) {
		struct assignment *assignment = assignments->index.slots[assignments->n_freed].item;

		if (assignment) {
			people_put(assignments->people, assignment->person);
			free(assignment);
		}
	}
	if (assignments->n_freed < assignments->index.room) {
		return false;
	}
	index_finish(&assignments->index);
	free(assignments);
	return true;
}

void assignments_destroy(struct assignments *assignments)
{
	if (assignments) {
		(void)assignments_free_some(assignments, SIZE_MAX); /* all */
	}
}

static bool is_conversation(const void *item, const void *key)
{
	const struct assignment *assignment = item;
	const struct name *name = key;

	return assignment->len == name->len && memcmp(assignment->conversation, name->text, name->len) == 0;
}

static struct assignment *find(const struct assignments *assignments, const struct name *name)
{
	return index_find(&assignments->index, index_hash(&assignments->index, name->text, name->len), is_conversation,
			  name);
}

static struct assignment *make(struct assignments *assignments, const struct name *name)
{
	struct assignment *assignment = malloc(sizeof(*assignment) + name->len);

	if (!assignment) {
		return NULL;
	}
	assignment->person = NULL;
	assignment->len = (uint16_t)name->len;
	memcpy(assignment->conversation, name->text, name->len);
	if (!index_add(&assignments->index, index_hash(&assignments->index, name->text, name->len), assignment)) {
		free(assignment);
		return NULL;
	}
	return assignment;
}

enum cw_status assignments_set(struct assignments *assignments, const char *conversation, const char *subject)
{
	struct cw_conversation_id id;
	const struct name name = { conversation, strlen(conversation) };
	struct person *person = NULL;

	if (cw_conversation_id_parse(conversation, &id) != CW_OK || (subject && !cw_subject_is_valid(subject))) {
		return CW_INVALID;
	}
	struct assignment *assignment = find(assignments, &name);

	if (!assignment && !subject) {
		return CW_OK;
	}
	if (subject && !(person = people_get(assignments->people, id.account, subject))) {
		return CW_NOMEM;
	}
	if (!assignment && !(assignment = make(assignments, &name))) {
		people_put(assignments->people, person);
		return CW_NOMEM;
	}
	assignments->n_assigned += (size_t)(person != NULL) - (size_t)(assignment->person != NULL);
	people_put(assignments->people, assignment->person);
	assignment->person = person;
	return CW_OK;
}

bool assignments_has(const struct assignments *assignments, const char *conversation, size_t len,
		     const struct person *person)
{
	const struct name name = { conversation, len };
	const struct assignment *assignment = assignments && person ? find(assignments, &name) : NULL;

	return assignment && assignment->person == person;
}

size_t assignments_count(const struct assignments *assignments)
{
	return assignments ? assignments->n_assigned : 0;
}
