/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_MODEL_H
#define TESTS_GOLDEN_MODEL_H

#include <stdint.h>

#include <jansson.h>

/*
 * What a client of the protocol would show on its screen: events are applied as absolute upserts, each part by its id
 * and version. A part that arrives twice with the same version must be identical, seq must be contiguous, and prev must
 * be the seq of the conversation's previous event.
 */
struct model {
	const char *name;                                      /* of the case, for failure messages */
	json_t *messages, *conversations, *contacts, *notices; /* by id */
	json_t *last_seq;                                      /* by conversation */
	json_int_t seq;
	int n_faults;
};

void model_init(struct model *model, const char *name);
void model_finish(struct model *model);

/* Arguments are borrowed. Applies a whole event, its data or, for lists and threads, a single part. */
void model_apply(struct model *model, json_t *event);
void model_put_conversation(struct model *model, json_t *conversation);
void model_put_message(struct model *model, json_t *message);

/* Checks that each list row shows its last message correctly: its status, and no preview if it was revoked. */
void model_check_rows(struct model *model);

/* Reports every part in which the two differ. */
int model_differs(struct model *one, struct model *other, const char *what);

#endif
