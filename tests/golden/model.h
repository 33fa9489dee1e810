/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GOLDEN_MODEL_H
#define TESTS_GOLDEN_MODEL_H

#include <stdint.h>

#include <jansson.h>

/*
 * What a client of the protocol would have on its screen: events applied as absolute upserts, each
 * part by its id and version. A part that comes twice under one version must
 * be the same both times, seq must be contiguous, and prev must name the conversation's previous event.
 */
struct model {
	const char *name;                                      /* of the case, for complaints */
	json_t *messages, *conversations, *contacts, *notices; /* by id */
	json_t *last_seq;                                      /* by conversation */
	json_int_t seq;
	int n_faults;
};

void model_init(struct model *model, const char *name);
void model_finish(struct model *model);

/* Borrowed. A whole event; its data and, for lists and threads, a part by itself. */
void model_apply(struct model *model, json_t *event);
void model_put_conversation(struct model *model, json_t *conversation);
void model_put_message(struct model *model, json_t *message);

/* A list row shows its last message as that message is: its status, and no preview of what was taken back. */
void model_check_rows(struct model *model);

/* Complains about every part in which the two differ. */
int model_differs(struct model *one, struct model *other, const char *what);

#endif
