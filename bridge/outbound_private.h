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

/* What outbound.c (the thread, and what is due) and attempt.c (one attempt's way through claim, request and result) share. */
#define OUTBOUND_MAX_UNDER_WAY 256

struct sender; /* a number that sends */

/* One attempt, from when it was found due until what came of it is stored. */
struct attempt {
	struct outbound *outbound;
	struct sender *sender;
	int64_t id, conversation;
	int tries;
	char tag[CW_TAG_MAX + 1];
	char *request; /* JSON; NULL once the call has it, and for moves without one */
	struct graph_call call;
	struct graph_answer answer;
	bool is_on_the_wire;
	struct cw_store_op op;     /* the move under way; its texts are in answer */
	int64_t retry_at_ms;       /* monotonic: the store took no move; 0 */
	struct attempt *next;      /* outbound::attempts */
	struct attempt *next_done; /* outbound::moved */
};

struct sender {
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	struct pace *pace;
	int64_t look_at_ms; /* monotonic: nothing is due before, unless somebody wakes us */
	bool is_paused;
	struct sender *next;
};

struct outbound {
	const struct bridge_options *options;
	struct cw_store *store;
	pthread_t thread;
	bool has_thread;
	CURLM *multi;

	pthread_mutex_t lock; /* guards what follows */
	bool is_stopping, is_woken;
	struct attempt *moved; /* their moves are committed, or failed */

	/* The thread's own. */
	struct sender *senders;
	struct attempt *attempts;
	struct signals signals;
	struct pauses pauses;
	int n_attempts;
	bool is_recovered; /* what the last run left in `sending` is unknown now */
	bool has_more;     /* the last look left something for the next */
	bool has_left;     /* an attempt was forgotten since: what looks passed over as under way may be due */

	_Atomic int64_t requests, accepted, failed, retried, unknown, under_way;
};

/* ---- attempt.c: the thread ---- */

/*
 * Takes an attempt that is due through claim, request and result; quoted as in graph_render. false without memory: it
 * is met again.
 */
bool attempt_begin(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due, const char *quoted);
/* Only a move of the store: `next` at due_at_ms; title says why, static. */
bool attempt_move(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due,
		  enum cw_outbound_state next, int64_t due_at_ms, const char *title);
/* Its move is committed, or not. */
void attempt_moved(struct attempt *attempt);
/* Its call has ended. */
void attempt_answered(struct attempt *attempt);
/* Submits its move again, when it is time. */
void attempt_resubmit(struct attempt *attempt, int64_t now_ms);
/* Forgets it; after the thread has ended, or when it has left outbound::attempts. */
void attempt_destroy(struct attempt *attempt);

/* outbound.c: tells WhatsApp that the customer's newest message was read, if that is told when a reply goes out. */
void outbound_replied(struct outbound *outbound, const struct attempt *attempt);

#endif
