/* SPDX-License-Identifier: MIT */
#include "auth-plugin/people.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

struct person_key {
	const struct account *account;
	const char *subject;
};

void people_init(struct people *people, uint64_t seed)
{
	index_init(&people->accounts, seed);
	index_init(&people->persons, seed);
}

void people_finish(struct people *people)
{
	index_finish(&people->accounts);
	index_finish(&people->persons);
}

static bool is_account(const void *item, const void *key)
{
	return strcmp(((const struct account *)item)->name, key) == 0;
}

static bool is_person(const void *item, const void *key)
{
	const struct person *person = item;
	const struct person_key *wanted = key;

	return person->account == wanted->account && strcmp(person->subject, wanted->subject) == 0;
}

static struct account *get_account(struct people *people, const char *name)
{
	uint64_t hash = index_hash(&people->accounts, name, strlen(name));
	struct account *account = index_find(&people->accounts, hash, is_account, name);

	if (!account) {
		account = calloc(1, sizeof(*account));
		if (!account || !cw_text_copy(account->name, sizeof(account->name), name) ||
		    !index_add(&people->accounts, hash, account)) {
			free(account);
			return NULL;
		}
		account->hash = hash;
	}
	account->references++;
	return account;
}

static void put_account(struct people *people, struct account *account)
{
	if (--account->references == 0) {
		index_remove(&people->accounts, account->hash, account);
		free(account);
	}
}

static struct person *make_person(struct people *people, struct account *account, const char *subject, uint64_t hash)
{
	struct person *person = calloc(1, sizeof(*person));

	if (!person || !cw_text_copy(person->subject, sizeof(person->subject), subject) ||
	    !index_add(&people->persons, hash, person)) {
		free(person);
		return NULL;
	}
	person->account = account;
	person->hash = hash;
	return person;
}

struct person *people_get(struct people *people, const char *account_name, const char *subject)
{
	struct account *account = get_account(people, account_name);

	if (!account) {
		return NULL;
	}
	const struct person_key key = { account, subject };
	uint64_t hash = index_hash(&people->persons, subject, strlen(subject)) ^ account->hash;
	struct person *person = index_find(&people->persons, hash, is_person, &key);

	if (person) {
		put_account(people, account); /* the person holds its own reference */
	} else {
		person = make_person(people, account, subject, hash);
		if (!person) {
			put_account(people, account);
			return NULL;
		}
	}
	person->references++;
	return person;
}

void people_put(struct people *people, struct person *person)
{
	if (person && --person->references == 0) {
		index_remove(&people->persons, person->hash, person);
		put_account(people, person->account);
		free(person);
	}
}
