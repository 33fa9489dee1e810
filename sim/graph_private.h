/* SPDX-License-Identifier: MIT */
#ifndef SIM_GRAPH_PRIVATE_H
#define SIM_GRAPH_PRIVATE_H

#include "sim/graph.h"

/* What graph.c (who asks, errors, misbehaviour), messages.c and files.c share. The HTTP server's thread. */

/* Answers as the Graph API refuses; details NULL: the code's own message. */
void graph_answer_error(struct cw_http_request *request, int code, const char *details);

bool graph_has_token(struct sim *sim, struct cw_http_request *request);
/* Version, token, and number if it is about one: asked before the body is looked at. false after refusing. */
bool graph_may_pass(struct sim *sim, struct cw_http_request *request, bool is_about_number);

/* Answers about a number, when that is what was asked for; false: it was something else. Of app.c. */
bool graph_answer_number(struct sim *sim, struct cw_http_request *request);

/* A new reference to the rule that this request falls under; NULL: none. The three below accept NULL. */
json_t *graph_next_rule(struct sim *sim, const char *on);
bool graph_does(const json_t *rule, const char *what);
/* What is done wrong before anything is taken. Answers whether that was all: the request is answered. */
bool graph_misbehave_first(struct cw_http_request *request, const json_t *rule);
/* Gives the answer, which it takes, or does that wrong. */
void graph_give(struct sim *sim, struct cw_http_request *request, const json_t *rule, json_t *json);

#endif
