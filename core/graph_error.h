/* SPDX-License-Identifier: MIT */
#ifndef CORE_GRAPH_ERROR_H
#define CORE_GRAPH_ERROR_H

/*
 * What an error code of the Graph API means for a message that is being sent, as data: one row per code (Cloud API,
 * "Error codes"). The code decides, never the HTTP status: throttling comes as 400. No state, any thread.
 */
enum cw_graph_action {
	CW_GRAPH_RETRY,     /* later, this message again */
	CW_GRAPH_THROTTLE,  /* the number sends too fast: all of it waits, then this message again */
	CW_GRAPH_RECIPIENT, /* this recipient hears too much: the conversation waits, then this message again */
	CW_GRAPH_STOP,      /* the number cannot send until a person has acted: it is paused, the message waits */
	CW_GRAPH_PERMANENT, /* this message will never be taken */
	CW_GRAPH_ACTION_COUNT
};

struct cw_graph_error {
	int first, last; /* codes */
	enum cw_graph_action action;
	int max_tries;           /* RETRY: then it fails; 0: as long as it may be sent at all */
	const char *explanation; /* a sentence for the agent: what it means, and what helps */
};

/* The row of a code, static; of a code that is not in the table one that says PERMANENT. Never NULL. */
const struct cw_graph_error *cw_graph_error_find(int code);

/* Row i of the table, NULL past its end: for documents and tests. */
const struct cw_graph_error *cw_graph_error_at(int i);

const char *cw_graph_action_text(enum cw_graph_action action);

/* Codes that Convwire finds out itself, before Meta can. */
#define CW_GRAPH_CODE_WINDOW_CLOSED 131047
#define CW_GRAPH_CODE_TOKEN 190
#define CW_GRAPH_CODE_MEDIA 131053

#endif
