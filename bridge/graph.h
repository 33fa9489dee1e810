/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_GRAPH_H
#define BRIDGE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>
#include <jansson.h>

#include "core/buf.h"
#include "core/outbound.h"
#include "store/store.h"

/*
 * Calls of WhatsApp's Graph API: one call is one libcurl transfer on its owner's multi handle. The request's body is
 * given to libcurl piece by piece and can not be given twice: else libcurl would, when a kept connection dies,
 * send it again by itself, and the customer would get the message twice. Whether the body was begun also tells a call
 * that cannot have reached WhatsApp from one that may have. The owner's thread.
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
 * Prepares a call to <url>; method "GET", "POST". body, for free(), is taken in any case; NULL: none. CW_NOMEM.
 * graph_call_finish accepts a zeroed one.
 */
CW_MUST_CHECK enum cw_status graph_call_init(struct graph_call *call, const char *method, const char *url,
					     const char *token, char *body, int64_t timeout_ms, void *owner);
/* The same, of POST <graph_url>/<phone_number_id>/messages; body NULL is CW_NOMEM, too. */
struct bridge_options;
CW_MUST_CHECK enum cw_status graph_call_message(struct graph_call *call, const struct bridge_options *options,
						const char *phone_number_id, const char *token, char *body, void *owner);
void graph_call_finish(struct graph_call *call);

/* The call whose transfer this is. */
struct graph_call *graph_call_of(CURL *easy);

/* Next finished call of a multi handle, taken off it, with result and http_status; NULL: none. */
struct graph_call *graph_next_done(CURLM *multi);

/* A multi handle that keeps few connections, and each only as long as a server surely does. NULL without memory. */
CURLM *graph_multi(void);

/* ---- messages ---- */

/*
 * The body of POST /<phone_number_id>/messages for an attempt, JSON for free(). quoted: WhatsApp's id of the message
 * that it answers to, "" for none. NULL, with a sentence in *ret_why (static), when it cannot be sent at all.
 */
char *graph_render(const struct cw_outbound *outbound, const char *quoted, const char **ret_why);

/* {"messaging_product","status":"read","message_id"[,"typing_indicator"]} for a signal; for free(), NULL without memory. */
char *graph_render_signal(const struct cw_signal *signal);

enum graph_verdict {
	GRAPH_ACCEPTED,
	GRAPH_ERROR,     /* the API said no: code, title and details say why */
	GRAPH_UNREACHED, /* it cannot have got the request */
	GRAPH_AMBIGUOUS  /* it may have: no answer, or none that can be understood */
};

struct graph_answer {
	enum graph_verdict verdict;
	json_t *json;                /* owned; NULL: none */
	const char *wamid, *wa_id;   /* ACCEPTED; borrowed from json; wa_id may be NULL */
	int code;                    /* ERROR */
	const char *title, *details; /* ERROR, borrowed; UNREACHED and AMBIGUOUS: title, static */
};

/* What a finished call of POST …/messages means. Finish it. */
void graph_judge(const struct graph_call *call, struct graph_answer *ret_answer);
void graph_answer_finish(struct graph_answer *answer);

#endif
