/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_OUTBOUND_PRIVATE_H
#define BRIDGE_OUTBOUND_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "bridge/graph.h"
#include "bridge/outbound.h"
#include "bridge/pace.h"
#include "bridge/pause.h"
#include "bridge/signals.h"

/* Shared by outbound.c (the thread, and which attempts are due) and attempt.c (claim, request and result of one). */
#define OUTBOUND_MAX_UNDER_WAY 256

struct sender; /* a number that sends */

/* One attempt, from when it is found due until its result is stored. */
struct attempt {
	struct outbound *outbound;
	struct sender *sender;
	int64_t id, conversation;
	int tries;
	char tag[CW_TAG_MAX + 1];
	char *request; /* JSON; NULL once the call owns it, and for moves without a request */
	struct graph_call call;
	struct graph_answer answer;
	bool is_on_the_wire;
	struct cw_store_op op;     /* the move under way; its strings are in answer */
	int64_t retry_at_ms;       /* monotonic: when to resubmit a move that the store refused; 0: not */
	struct attempt *next;      /* outbound::attempts */
	struct attempt *next_done; /* outbound::moved */
};

struct sender {
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	struct pace *pace;
	int64_t look_at_ms; /* monotonic: nothing is due before, unless we are woken */
	bool is_paused;
	struct sender *next;
};

struct outbound {
	const struct bridge_options *options;
	struct cw_store *store;
	pthread_t thread;
	bool has_thread;
	CURLM *multi;

	pthread_mutex_t lock; /* guards the next three */
	bool is_stopping, is_woken;
	struct attempt *moved; /* whose moves are committed, or failed */

	/* The thread's own. */
	struct sender *senders;
	struct attempt *attempts;
	struct signals signals;
	struct pauses pauses;
	int n_attempts;
	bool is_recovered; /* what the last run left in `sending` has been made unknown */
	bool has_more;     /* the last look could not begin everything that was due */
	bool has_left;     /* an attempt has ended since: one that was skipped as under way may be due */

	_Atomic int64_t requests, accepted, failed, retried, unknown, under_way;
};

/* ---- attempt.c: the thread ---- */

/*
 * Begins an attempt that is due: claim, request and result follow. quoted is as in graph_render. false when out of
 * memory: it will be found due again.
 */
bool attempt_begin(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due, const char *quoted);
/* Only moves the attempt in the store, to `next` with due_at_ms; title (static) says why. */
bool attempt_move(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due,
		  enum cw_outbound_state next, int64_t due_at_ms, const char *title);
/* Call when its move was committed or failed. */
void attempt_moved(struct attempt *attempt);
/* Call when its HTTP call has ended. */
void attempt_answered(struct attempt *attempt);
/* Resubmits its move when that is due. */
void attempt_resubmit(struct attempt *attempt, int64_t now_ms);
/* Frees it; only after the thread has ended, or once it is no longer in outbound::attempts. */
void attempt_destroy(struct attempt *attempt);

/* outbound.c: with BRIDGE_RECEIPTS_REPLY, marks the customer's newest message as read. */
void outbound_replied(struct outbound *outbound, const struct attempt *attempt);

#endif
