/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_NORMAL_H
#define TESTS_GOLDEN_NORMAL_H

#include <stdint.h>

#include <jansson.h>

/*
 * Makes events comparable from run to run: our clock, random ids and the epoch become words. Times that
 * lie within a minute after start_ms are "now" (nothing that Meta says in the cases does), a day later
 * is "now + 24 h"; ids become m1, m2, … (messages) and k1, k2, … (contacts) as they first appear.
 */
struct normal {
	int64_t start_ms;
	json_t *names; /* id → word */
	int n_messages, n_contacts;
};

void normal_init(struct normal *normal, int64_t start_ms);
void normal_finish(struct normal *normal);

/*
 * A new reference: the normalised copy of value, without members that have their default: null, or what `defaults` in normal.c
 * says. So a new field of every row appears only in the cases that are about it.
 */
json_t *normal_copy(struct normal *normal, json_t *value);

#endif
