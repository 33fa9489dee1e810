/* SPDX-License-Identifier: MIT */
#ifndef SIM_GRAPH_PRIVATE_H
#define SIM_GRAPH_PRIVATE_H

#include "sim/graph.h"

/* Shared by graph.c (access, errors, misbehaviour), messages.c, files.c and app.c. Runs on the HTTP server's thread. */

/* Answers with an error of the Graph API; details NULL: the code's own message. */
void graph_answer_error(struct cw_http_request *request, int code, const char *details);

bool graph_has_token(struct sim *sim, struct cw_http_request *request);
/*
 * Checks the version, the token and, if the request is about a number, the number, before the body is read. false after
 * refusing.
 */
bool graph_may_pass(struct sim *sim, struct cw_http_request *request, bool is_about_number);

/* Answers a request about a number; false: the request is about something else. In app.c. */
bool graph_answer_number(struct sim *sim, struct cw_http_request *request);

/* A new reference to the rule that applies to this request; NULL: none. The functions below accept NULL. */
json_t *graph_next_rule(struct sim *sim, const char *on);
bool graph_does(const json_t *rule, const char *what);
/* Misbehaves as the rule says before anything is accepted. true: the request has been answered. */
bool graph_misbehave_first(struct cw_http_request *request, const json_t *rule);
/* Sends the answer (takes ownership of json), or misbehaves as the rule says. */
void graph_give(struct sim *sim, struct cw_http_request *request, const json_t *rule, json_t *json);

#endif
