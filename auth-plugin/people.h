/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_PEOPLE_H
#define AUTH_PLUGIN_PEOPLE_H

#include <stdint.h>

#include "auth-plugin/index.h"
#include "core/conversation_id.h"

/*
 * Accounts and their subjects, each once: what a session and an assignment point to, so that "is it theirs" is
 * a comparison of pointers, and where live connections are counted. Counted by reference. One thread.
 */
struct account {
	char name[CW_ACCOUNT_MAX + 1];
	uint64_t hash;
	int64_t n_live;
	size_t references; /* its people */
};

struct person {
	struct account *account;
	char subject[CW_SUBJECT_MAX + 1];
	uint64_t hash;
	int64_t n_live;
	size_t references;
};

struct people {
	struct index accounts, persons;
};

void people_init(struct people *people, uint64_t seed);
/* Everybody must have been given back. */
void people_finish(struct people *people);

/* One more reference to a person, made if new. NULL without memory. */
struct person *people_get(struct people *people, const char *account, const char *subject);
/* Gives one back; the last one frees. NULL is fine. */
void people_put(struct people *people, struct person *person);

#endif
