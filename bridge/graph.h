/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_GRAPH_H
#define BRIDGE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>
#include <jansson.h>

#include "core/buf.h"
#include "core/graph_error.h"
#include "core/outbound.h"
#include "store/store.h"

/*
 * Calls to WhatsApp's Graph API: one call is one libcurl transfer on its owner's multi handle. The request's body is
 * given to libcurl piece by piece and cannot be given twice. Otherwise, when a kept connection dies, libcurl would
 * resend it automatically, and the customer would get the message twice. Whether the body was begun also distinguishes
 * a call that cannot have reached WhatsApp from one that may have. The owner's thread.
 */
struct graph_call {
	CURL *easy;
	struct curl_slist *headers;
	char *body; /* owned; NULL for GET */
	size_t body_len, n_given;
	struct cw_buf answer;
	long http_status;
	CURLcode result;
	void *owner;
};

#define GRAPH_MAX_ANSWER (256 * 1024)

/*
 * Prepares a call to <url>; method is "GET" or "POST". Takes ownership of body (free()) in any case; NULL: none.
 * CW_NOMEM. graph_call_finish accepts a zeroed struct.
 */
CW_MUST_CHECK enum cw_status graph_call_init(struct graph_call *call, const char *method, const char *url,
					     const char *token, char *body, int64_t timeout_ms, void *owner);
/* The same for POST <graph_url>/<phone_number_id>/messages; body NULL is CW_NOMEM, too. */
struct bridge_options;
CW_MUST_CHECK enum cw_status graph_call_message(struct graph_call *call, const struct bridge_options *options,
						const char *phone_number_id, const char *token, char *body, void *owner);
void graph_call_finish(struct graph_call *call);

/* The call that a transfer belongs to. */
struct graph_call *graph_call_of(CURL *easy);

/* The next finished call of a multi handle, removed from it, with result and http_status set; NULL: none. */
struct graph_call *graph_next_done(CURLM *multi);

/* A multi handle that keeps few connections, each for less time than servers do. NULL when out of memory. */
CURLM *graph_multi(void);

/* ---- messages ---- */

/*
 * The JSON body of POST /<phone_number_id>/messages for an attempt, to be freed with free(). quoted: WhatsApp's id of
 * the quoted message; "": none. NULL: it cannot be sent at all, and *ret_why has a static sentence; or, with *ret_why
 * NULL, out of memory.
 */
char *graph_render(const struct cw_outbound *outbound, const char *quoted, const char **ret_why);

/* {"messaging_product","status":"read","message_id"[,"typing_indicator"]} for a signal; free(). NULL: out of memory. */
char *graph_render_signal(const struct cw_signal *signal);

enum graph_verdict {
	GRAPH_ACCEPTED,
	GRAPH_ERROR,     /* the API refused: code, title and details say why */
	GRAPH_UNREACHED, /* the API cannot have received the request */
	GRAPH_AMBIGUOUS  /* the API may have received it: no answer, or one that cannot be understood */
};

struct graph_answer {
	enum graph_verdict verdict;
	json_t *json;                /* owned; NULL: none */
	const char *wamid, *wa_id;   /* ACCEPTED; borrowed from json; wa_id may be NULL */
	struct cw_graph_said said;   /* ERROR */
	const char *title, *details; /* ERROR, borrowed; UNREACHED and AMBIGUOUS: title, static */
};

/* Reads {"error":{…}} of an answer; the code may be a text. false: it has none. */
bool graph_read_said(const json_t *json, long http_status, struct cw_graph_said *ret_said);

/* Interprets a finished call of POST …/messages. Finish the answer afterwards. */
void graph_judge(const struct graph_call *call, struct graph_answer *ret_answer);
void graph_answer_finish(struct graph_answer *answer);

#endif
