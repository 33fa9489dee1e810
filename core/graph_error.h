/* SPDX-License-Identifier: MIT */
#ifndef CORE_GRAPH_ERROR_H
#define CORE_GRAPH_ERROR_H

#include <stdbool.h>

/*
 * What to do on a Graph API error while sending a message, as data: one row per code, or code and subcode (Cloud API,
 * "Error codes"). No state, any thread.
 */
enum cw_graph_action {
	CW_GRAPH_RETRY,     /* retry this message later */
	CW_GRAPH_THROTTLE,  /* the number sends too fast: it waits, then retries this message */
	CW_GRAPH_RECIPIENT, /* too many messages to this recipient: the conversation waits, then retries this message */
	CW_GRAPH_STOP,      /* the number cannot send until a person acts: it is paused, the message waits */
	CW_GRAPH_PERMANENT, /* this message will never be accepted */
	CW_GRAPH_UNKNOWN,   /* WhatsApp's trouble, in which it may have taken the message */
	CW_GRAPH_ACTION_COUNT
};

struct cw_graph_error {
	int first, last; /* codes */
	int subcode;     /* 0: any; rows with one come first */
	enum cw_graph_action action;
	int max_tries;           /* RETRY: fails after this many; 0: no limit but the message's own */
	const char *explanation; /* a sentence for the agent: what it means and what helps */
};

/* An error as the Graph API says it ("Handle errors"). 0 and false: not said. */
struct cw_graph_said {
	int code, subcode;
	bool is_transient;
	int http_status;
};

/*
 * Its row, static, never NULL. The code decides, not the HTTP status: throttling comes as 400. Only where the code does
 * not blame the message (1, or one that is not in the table), is_transient means WhatsApp's own trouble, like code
 * 131000, and an HTTP status of 500 or more without it means UNKNOWN; with both, any code that would blame the message is
 * WhatsApp's trouble. A code that is not in the table is otherwise PERMANENT.
 */
const struct cw_graph_error *cw_graph_error_find(const struct cw_graph_said *said);

/* Row i of the table, NULL past its end: for documentation and tests. */
const struct cw_graph_error *cw_graph_error_at(int i);

const char *cw_graph_action_text(enum cw_graph_action action);

/* Codes for errors that Convwire detects itself, before asking Meta. */
#define CW_GRAPH_CODE_OPTED_OUT 131050
#define CW_GRAPH_CODE_TROUBLE 131000
#define CW_GRAPH_CODE_THROTTLED 130429
#define CW_GRAPH_CODE_WINDOW_CLOSED 131047
#define CW_GRAPH_CODE_TOKEN 190
#define CW_GRAPH_CODE_MEDIA 131053

#endif
