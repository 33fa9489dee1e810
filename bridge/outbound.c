/* SPDX-License-Identifier: MIT */
#include "bridge/outbound.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/outbound_private.h"
#include "bridge/tokens.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"

#define SETTLE_SLICE 100
#define MAX_SIGNALS_UNDER_WAY 16
#define IDLE_MS 5000
#define STOP_MS 2000
/* The pause after the store failed or memory ran out. */
#define TROUBLE_MS 1000

static void *run(void *context);

/* ---- lifetime ---- */

struct outbound *outbound_create(const struct bridge_options *options)
{
	struct outbound *outbound = calloc(1, sizeof(*outbound));

	if (!outbound) {
		return NULL;
	}
	outbound->options = options;
	signals_init(&outbound->signals, options);
	outbound->multi = graph_multi();
	(void)pthread_mutex_init(&outbound->lock, NULL); /* glibc's cannot fail */
	if (!outbound->multi) {
		outbound_destroy(outbound);
		return NULL;
	}
	return outbound;
}

enum cw_status outbound_start(struct outbound *outbound, struct cw_store *store, struct cw_error *reterr)
{
	outbound->store = store;
	if (pthread_create(&outbound->thread, NULL, run, outbound) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "cannot start the thread for sending");
	}
	outbound->has_thread = true;
	return CW_OK;
}

void outbound_stop(struct outbound *outbound)
{
	if (!outbound || !outbound->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&outbound->lock);
	outbound->is_stopping = true;
	(void)pthread_mutex_unlock(&outbound->lock);
	(void)curl_multi_wakeup(outbound->multi);
	(void)pthread_join(outbound->thread, NULL);
	outbound->has_thread = false;
}

void outbound_destroy(struct outbound *outbound)
{
	if (!outbound) {
		return;
	}
	outbound_stop(outbound);
	for (struct attempt *attempt = outbound->attempts, *next; attempt; attempt = next) {
		next = attempt->next;
		attempt_destroy(attempt);
	}
	for (struct sender *sender = outbound->senders, *next; sender; sender = next) {
		next = sender->next;
		pace_destroy(sender->pace);
		free(sender);
	}
	signals_finish(&outbound->signals, outbound->multi);
	pauses_finish(&outbound->pauses);
	(void)curl_multi_cleanup(outbound->multi);
	(void)pthread_mutex_destroy(&outbound->lock);
	free(outbound);
}

void outbound_stats(struct outbound *outbound, struct bridge_stats *stats)
{
	stats->requests = outbound->requests;
	stats->accepted = outbound->accepted;
	stats->failed = outbound->failed;
	stats->retried = outbound->retried;
	stats->unknown = outbound->unknown;
	stats->under_way = outbound->under_way;
}

/* ---- any thread ---- */

void outbound_wake(struct outbound *outbound)
{
	(void)pthread_mutex_lock(&outbound->lock);
	outbound->is_woken = true;
	(void)pthread_mutex_unlock(&outbound->lock);
	(void)curl_multi_wakeup(outbound->multi); /* fails only when it is already woken */
}

void outbound_signal(struct outbound *outbound, const struct cw_signal *signal)
{
	if (outbound->options->receipts != BRIDGE_RECEIPTS_OPEN) {
		return; /* a typing indicator also marks the message as read ("Typing indicators") */
	}
	signals_put(&outbound->signals, signal);
	(void)curl_multi_wakeup(outbound->multi);
}

void outbound_replied(struct outbound *outbound, const struct attempt *attempt)
{
	struct cw_signal signal = { .is_typing = false };
	struct cw_reader *reader = NULL;
	struct cw_error error;

	if (outbound->options->receipts != BRIDGE_RECEIPTS_REPLY ||
	    cw_reader_acquire(outbound->store, &reader, &error) != CW_OK) {
		return;
	}
	memcpy(signal.phone_number_id, attempt->sender->phone_number_id, sizeof(signal.phone_number_id));
	bool has_wamid = cw_store_customer_wamid(reader, attempt->conversation, signal.wamid, &error) == CW_OK;

	cw_reader_release(reader);
	if (has_wamid) {
		signals_put(&outbound->signals, &signal); /* this thread sends it in a moment */
	}
}

/* ---- numbers ---- */

static struct sender *find_sender(struct outbound *outbound, const char *phone_number_id)
{
	struct sender *sender = outbound->senders;

	while (sender && strcmp(sender->phone_number_id, phone_number_id) != 0) {
		sender = sender->next;
	}
	return sender;
}

static bool on_number(void *context, const struct cw_number *number)
{
	struct outbound *outbound = context;
	struct sender *sender = find_sender(outbound, number->phone_number_id);

	if (!sender && (sender = calloc(1, sizeof(*sender)))) {
		sender->pace = pace_create(outbound->options->send_rate);
		if (!sender->pace ||
		    !cw_text_copy(sender->phone_number_id, sizeof(sender->phone_number_id), number->phone_number_id)) {
			pace_destroy(sender->pace);
			free(sender);
			return true;
		}
		sender->next = outbound->senders;
		outbound->senders = sender;
	}
	if (sender) {
		sender->is_paused = number->paused_at_ms != 0;
	}
	return true;
}

/* ---- what is due ---- */

struct looking {
	struct outbound *outbound;
	struct sender *sender;
	struct cw_reader *reader;
	int64_t room;
};

static bool is_under_way(const struct outbound *outbound, int64_t id)
{
	for (const struct attempt *attempt = outbound->attempts; attempt; attempt = attempt->next) {
		if (attempt->id == id) {
			return true;
		}
	}
	return false;
}

/*
 * The wamid of the quoted message, which may have got one after the reply was written; "": it has none, and the reply
 * is sent without the quote. false: it could not be found out now.
 */
static bool find_quoted(struct looking *looking, const struct cw_outbound *due, char wamid[CW_WAMID_MAX + 1])
{
	cw_memory_watch();
	json_t *body = json_loads(due->body, 0, NULL);
	const char *quoted = json_string_value(json_object_get(json_object_get(body, "context"), "message"));
	struct cw_error error;
	enum cw_status status = quoted ? cw_store_wamid_of(looking->reader, quoted, wamid, &error) : CW_NOT_FOUND;

	if (status != CW_OK) {
		wamid[0] = '\0';
	}
	json_decref(body);
	return !cw_memory_ran_out() && (status == CW_OK || status == CW_NOT_FOUND);
}

static bool on_due(void *context, const struct cw_outbound *due)
{
	struct looking *looking = context;
	struct outbound *outbound = looking->outbound;
	int64_t now_ms = cw_clock_monotonic_ms();
	char quoted[CW_WAMID_MAX + 1];

	if (is_under_way(outbound, due->id)) {
		return true;
	}
	if (due->state == CW_OUTBOUND_UNKNOWN) {
		/* It has held its lane long enough: those behind it continue, and a person decides on this one. */
		return attempt_move(outbound, looking->sender, due, CW_OUTBOUND_UNKNOWN, 0, NULL);
	}
	int64_t wait_ms = pace_recipient_ms(looking->sender->pace, due->conversation, now_ms) - now_ms;

	if (wait_ms > 0) {
		return attempt_move(outbound, looking->sender, due, due->state, cw_clock_now_ms() + wait_ms, NULL);
	}
	if (looking->room <= 0 || outbound->n_attempts >= OUTBOUND_MAX_UNDER_WAY) {
		outbound->has_more = true;
		return false;
	}
	if (!find_quoted(looking, due, quoted) || !attempt_begin(outbound, looking->sender, due, quoted)) {
		return false;
	}
	looking->room--;
	pace_take(looking->sender->pace, due->conversation, now_ms);
	return true;
}

static enum cw_status look_at_sender(struct outbound *outbound, struct cw_reader *reader, struct sender *sender,
				     struct cw_error *reterr)
{
	int64_t now_ms = cw_clock_monotonic_ms();
	int64_t next_due_ms = CW_STORE_NEVER;
	struct looking looking = {
		.outbound = outbound, .sender = sender, .reader = reader, .room = pace_room(sender->pace, now_ms)
	};

	outbound->has_more = false;
	/* The limit includes attempts under way: while being claimed, they are still due. */
	enum cw_status status = cw_store_next_outbound(reader, sender->phone_number_id, cw_clock_now_ms(),
						       looking.room + outbound->n_attempts + 1, on_due, &looking,
						       &next_due_ms, reterr);

	sender->look_at_ms = next_due_ms == CW_STORE_NEVER ? INT64_MAX :
							     cw_clock_monotonic_ms() + next_due_ms - cw_clock_now_ms();
	if (outbound->has_more && outbound->n_attempts < OUTBOUND_MAX_UNDER_WAY) { /* otherwise the end of one wakes us */
		int64_t at_ms = pace_next_ms(sender->pace, now_ms);

		sender->look_at_ms = at_ms < sender->look_at_ms ? at_ms : sender->look_at_ms;
	}
	return status;
}

static bool on_settled(void *context, const struct cw_outbound *settled)
{
	struct outbound *outbound = context;
	struct sender *sender = find_sender(outbound, settled->phone_number_id);

	if (sender && !is_under_way(outbound, settled->id)) {
		(void)attempt_move(outbound, sender, settled, CW_OUTBOUND_ACCEPTED, 0, NULL); /* else next time */
	}
	return true;
}

/* Not while it is paused, or is to be. */
static bool may_send(const struct outbound *outbound, const struct sender *sender)
{
	return !sender->is_paused && !pauses_has(&outbound->pauses, sender->phone_number_id);
}

static enum cw_status look(struct outbound *outbound, bool is_woken, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;
	enum cw_status status = cw_reader_acquire(outbound->store, &reader, reterr);
	int64_t now_ms = cw_clock_monotonic_ms();

	if (status == CW_OK) {
		status = cw_store_numbers(reader, on_number, outbound, reterr);
	}
	if (status == CW_OK) {
		status = cw_store_settled_outbound(reader, SETTLE_SLICE, on_settled, outbound, reterr);
	}
	for (struct sender *sender = outbound->senders; sender && status == CW_OK; sender = sender->next) {
		if (may_send(outbound, sender) && (is_woken || now_ms >= sender->look_at_ms)) {
			status = look_at_sender(outbound, reader, sender, reterr);
		}
	}
	cw_reader_release(reader);
	return status;
}

/* ---- the loop ---- */

static int64_t next_look_ms(const struct outbound *outbound)
{
	int64_t at_ms = cw_clock_monotonic_ms() + IDLE_MS;

	for (const struct sender *sender = outbound->senders; sender; sender = sender->next) {
		if (may_send(outbound, sender) && sender->look_at_ms < at_ms) {
			at_ms = sender->look_at_ms;
		}
	}
	for (const struct attempt *attempt = outbound->attempts; attempt; attempt = attempt->next) {
		at_ms = attempt->retry_at_ms && attempt->retry_at_ms < at_ms ? attempt->retry_at_ms : at_ms;
	}
	return at_ms;
}

static void take_moved(struct outbound *outbound)
{
	(void)pthread_mutex_lock(&outbound->lock);
	struct attempt *moved = outbound->moved;

	outbound->moved = NULL;
	(void)pthread_mutex_unlock(&outbound->lock);
	for (struct attempt *next = NULL; moved; moved = next) {
		next = moved->next_done;
		attempt_moved(moved);
	}
}

static void take_answers(struct outbound *outbound)
{
	int n_running = 0;
	struct graph_call *call = NULL;

	(void)curl_multi_perform(outbound->multi, &n_running); /* each transfer reports its own errors */
	while ((call = graph_next_done(outbound->multi))) {
		if (call->owner) {
			attempt_answered(call->owner);
		} else {
			signals_ended(&outbound->signals, call);
		}
	}
}

/* Returns whether to continue. *ret_is_woken: there may be something new. */
static bool look_at_flags(struct outbound *outbound, bool *ret_is_woken)
{
	(void)pthread_mutex_lock(&outbound->lock);
	bool goes_on = !outbound->is_stopping;

	*ret_is_woken = outbound->is_woken;
	outbound->is_woken = false;
	(void)pthread_mutex_unlock(&outbound->lock);
	return goes_on;
}

static void wait(struct outbound *outbound, int64_t until_ms)
{
	int64_t wait_ms = until_ms - cw_clock_monotonic_ms();

	(void)pthread_mutex_lock(&outbound->lock);
	bool has_work = outbound->is_woken || outbound->moved || outbound->is_stopping;

	(void)pthread_mutex_unlock(&outbound->lock);
	if (!has_work) {
		(void)curl_multi_poll(outbound->multi, NULL, 0, wait_ms < 1 ? 1 : (int)wait_ms, NULL);
	}
}

static void retry_moves(struct outbound *outbound)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	for (struct attempt *attempt = outbound->attempts; attempt; attempt = attempt->next) {
		attempt_resubmit(attempt, now_ms);
	}
}

/* Sends what was claimed and waits a moment for the answers; begins nothing else. */
static void drain(struct outbound *outbound)
{
	int64_t until_ms = cw_clock_monotonic_ms() + STOP_MS;

	while (outbound->attempts && cw_clock_monotonic_ms() < until_ms) {
		take_moved(outbound);
		take_answers(outbound);
		retry_moves(outbound);
		if (outbound->attempts) {
			(void)curl_multi_poll(outbound->multi, NULL, 0, STOP_MS / 20, NULL);
		}
	}
}

/* Makes attempts left in `sending` unknown: nobody knows whether they were sent. Runs before anything is sent. */
static enum cw_status recover(struct outbound *outbound, struct cw_error *reterr)
{
	struct cw_store_op op = { .type = CW_STORE_OUTBOUND_RECOVER,
				  .recover_until_ms = cw_clock_now_ms() + outbound->options->unknown_hold_ms };

	if (!outbound->is_recovered && cw_store_run(outbound->store, &op) != CW_OK) {
		*reterr = op.error;
		return op.error.status;
	}
	outbound->is_recovered = true;
	return CW_OK;
}

static void *run(void *context)
{
	struct outbound *outbound = context;
	struct cw_error error;
	bool must_look = true;
	int64_t look_at_ms = 0;
	bool is_woken = false;
	bool goes_on = true;

	while (goes_on) {
		take_moved(outbound);
		take_answers(outbound);
		retry_moves(outbound);
		int64_t pause_at_ms = pauses_retry(&outbound->pauses, outbound->store);

		signals_send(&outbound->signals, outbound->multi);
		must_look = must_look || outbound->has_left;
		outbound->has_left = false;
		if (must_look || cw_clock_monotonic_ms() >= look_at_ms) {
			bool is_fine = recover(outbound, &error) == CW_OK && look(outbound, must_look, &error) == CW_OK;

			if (!is_fine) {
				cw_log_error("sending: %s; retrying", error.text);
			}
			must_look = must_look && !is_fine; /* if it failed, look again for what woke us */
			look_at_ms = is_fine ? next_look_ms(outbound) : cw_clock_monotonic_ms() + TROUBLE_MS;
		}
		wait(outbound, pause_at_ms < look_at_ms ? pause_at_ms : look_at_ms);
		goes_on = look_at_flags(outbound, &is_woken);
		must_look = must_look || is_woken;
	}
	drain(outbound);
	return NULL;
}
