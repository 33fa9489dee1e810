/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_NORMAL_H
#define TESTS_GOLDEN_NORMAL_H

#include <stdint.h>

#include <jansson.h>

/*
 * Makes events comparable between runs: times from our clock, random ids and the epoch are replaced by words. Times
 * within a minute after start_ms become "now" (no time from Meta in the cases is that close), a day later "now + 24 h";
 * ids become m1, m2, … (messages) and k1, k2, … (contacts), in order of appearance.
 */
struct normal {
	int64_t start_ms;
	json_t *names; /* id → word */
	int n_messages, n_contacts;
};

void normal_init(struct normal *normal, int64_t start_ms);
void normal_finish(struct normal *normal);

/*
 * A new reference: the normalised copy of value, without members that have their default: null, or what `defaults` in
 * normal.c says. So a new field of every row appears only in the cases that are about it.
 */
json_t *normal_copy(struct normal *normal, json_t *value);

#endif
