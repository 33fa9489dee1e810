/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_PEOPLE_H
#define AUTH_PLUGIN_PEOPLE_H

#include <stdint.h>

#include "auth-plugin/index.h"
#include "core/conversation_id.h"

/*
 * Accounts and their subjects, each stored once. Sessions and assignments point to them, so that checking an assignment
 * is a comparison of pointers. Live connections are counted here. Reference-counted. One thread.
 */
struct account {
	char name[CW_ACCOUNT_MAX + 1];
	uint64_t hash;
	int64_t n_live;
	size_t references; /* its people's */
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
/* All references must have been released. */
void people_finish(struct people *people);

/* A new reference to a person, who is created if needed. NULL when out of memory. */
struct person *people_get(struct people *people, const char *account, const char *subject);
/* Releases a reference; the last one frees the person. Accepts NULL. */
void people_put(struct people *people, struct person *person);

#endif
