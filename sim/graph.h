/* SPDX-License-Identifier: MIT */
#ifndef SIM_GRAPH_H
#define SIM_GRAPH_H

#include "http/http.h"
#include "sim/post.h"
#include "sim/world.h"

/* The simulated Graph API and its customers. The context of every handler is a struct sim. */
struct sim {
	struct world world;
	struct post *post;
	struct cw_http_server *http;
	char url[64]; /* our own, for the files */
};

#define SIM_MAX_BODY (101 * 1024 * 1024)

/* POST /vNN.N/{phone_number_id}/messages, and /media */
void graph_messages(struct cw_http_request *request, void *sim);
void graph_upload(struct cw_http_request *request, void *sim);
/* GET /vNN.N/{media id} or /vNN.N/{phone_number_id}, and a file's URL */
void graph_ask(struct cw_http_request *request, void *sim);
void graph_download(struct cw_http_request *request, void *sim);
/* GET /vNN.N/{waba id}/message_templates, and /subscribed_apps */
void graph_templates(struct cw_http_request *request, void *sim);
void graph_subscribed(struct cw_http_request *request, void *sim);

/* ---- people.c: customers, and control of the simulation ---- */

/* A customer writes: {from, name, text | type and its object, file, at, number}. Answers {wamid}. */
void people_write(struct cw_http_request *request, void *sim);
/* {messages, bytes}: that many customers write, in one webhook of about that many bytes. */
void people_write_batch(struct cw_http_request *request, void *sim);
/* POST adds a rule or changes a setting: {"statuses":…}, {"tokens":…}. DELETE removes the rules. */
void people_behave(struct cw_http_request *request, void *sim);
void people_behave_well(struct cw_http_request *request, void *sim);
/* The accepted messages, and counters. */
void people_ledger(struct cw_http_request *request, void *sim);

/* n customers write their first message, one after another. */
void people_begin(struct sim *sim, int64_t n);

/* The customer reads a message that was accepted, and may answer. The lock must be held. */
void people_answer(struct sim *sim, const json_t *entry, int64_t delay_ms);
/* Makes a webhook's value with one message or status, and takes ownership of that. The lock must be held. */
json_t *people_value(struct sim *sim, const char *number, const char *list, json_t *element, const char *wa_id,
		     const char *name);

#endif
