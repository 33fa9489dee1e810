/* SPDX-License-Identifier: MIT */
/* One attempt: claim in the store, request to WhatsApp, result into the store. */
#include <stdlib.h>
#include <string.h>

#include "bridge/outbound_private.h"
#include "bridge/tokens.h"
#include "core/clock.h"
#include "core/graph_error.h"
#include "core/log.h"
#include "core/text.h"

#define STORE_AGAIN_MS 1000

/* ---- moves ---- */

static void on_moved(struct cw_store_op *op)
{
	struct attempt *attempt = op->context;
	struct outbound *outbound = attempt->outbound;

	(void)pthread_mutex_lock(&outbound->lock);
	attempt->next_done = outbound->moved;
	outbound->moved = attempt;
	(void)pthread_mutex_unlock(&outbound->lock);
	(void)curl_multi_wakeup(outbound->multi); /* fails only when it is already woken */
}

/* If the store's queue or the disk is full, tries again a little later: a request's result must not be lost. */
static void submit(struct attempt *attempt)
{
	attempt->retry_at_ms = 0;
	if (cw_store_submit(attempt->outbound->store, &attempt->op) != CW_OK) {
		attempt->retry_at_ms = cw_clock_monotonic_ms() + STORE_AGAIN_MS;
	}
}

static void submit_move(struct attempt *attempt, const struct cw_store_outbound_move *move)
{
	attempt->op = (struct cw_store_op){
		.type = CW_STORE_OUTBOUND_MOVE, .on_done = on_moved, .context = attempt, .outbound_move = *move
	};
	attempt->op.outbound_move.id = attempt->id;
	submit(attempt);
}

void attempt_resubmit(struct attempt *attempt, int64_t now_ms)
{
	if (attempt->retry_at_ms && now_ms >= attempt->retry_at_ms) {
		submit(attempt);
	}
}

/* ---- beginning ---- */

static struct attempt *make(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (!attempt) {
		return NULL;
	}
	*attempt = (struct attempt){ .outbound = outbound,
				     .sender = sender,
				     .id = due->id,
				     .conversation = due->conversation,
				     .tries = due->tries,
				     .next = outbound->attempts };
	memcpy(attempt->tag, due->tag, sizeof(attempt->tag));
	outbound->attempts = attempt;
	outbound->n_attempts++;
	return attempt;
}

bool attempt_move(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due,
		  enum cw_outbound_state next, int64_t due_at_ms, const char *title)
{
	struct attempt *attempt = make(outbound, sender, due);

	if (attempt) {
		submit_move(attempt,
			    &(struct cw_store_outbound_move){ .next = next, .due_at_ms = due_at_ms, .title = title });
	}
	return attempt != NULL;
}

bool attempt_begin(struct outbound *outbound, struct sender *sender, const struct cw_outbound *due, const char *quoted)
{
	const char *why = NULL;
	char *request = graph_render(due, quoted, &why);

	if (!request && why) {
		return attempt_move(outbound, sender, due, CW_OUTBOUND_FAILED, 0, why);
	}
	struct attempt *attempt = request ? make(outbound, sender, due) : NULL;

	if (!attempt) {
		free(request);
		return false;
	}
	attempt->request = request;
	submit_move(attempt, &(struct cw_store_outbound_move){ .next = CW_OUTBOUND_SENDING });
	return true;
}

void attempt_destroy(struct attempt *attempt)
{
	if (attempt->is_on_the_wire) {
		(void)curl_multi_remove_handle(attempt->outbound->multi, attempt->call.easy);
		attempt->outbound->under_way--;
	}
	graph_call_finish(&attempt->call);
	graph_answer_finish(&attempt->answer);
	free(attempt->request);
	free(attempt);
}

static void forget(struct attempt *attempt)
{
	struct outbound *outbound = attempt->outbound;
	struct attempt **link = &outbound->attempts;

	while (*link != attempt) {
		link = &(*link)->next;
	}
	*link = attempt->next;
	outbound->n_attempts--;
	outbound->has_left = true;
	attempt_destroy(attempt);
}

/* ---- the request ---- */

static void retry_unsent(struct attempt *attempt, const char *title)
{
	int64_t due_at_ms = cw_clock_now_ms() + pace_retry_ms(attempt->tries);

	submit_move(attempt, &(struct cw_store_outbound_move){
				     .next = CW_OUTBOUND_RETRYING, .due_at_ms = due_at_ms, .title = title });
}

static void request(struct attempt *attempt)
{
	struct outbound *outbound = attempt->outbound;
	char token[TOKEN_MAX + 1];
	char *body = attempt->request;

	attempt->tries++; /* as the store counted it */
	attempt->request = NULL;
	if (!tokens_read(outbound->options->tokens_dir, attempt->sender->phone_number_id, token)) {
		free(body);
		retry_unsent(attempt, "the number has no access token");
		pauses_want(&outbound->pauses, outbound->store, attempt->sender->phone_number_id, CW_GRAPH_CODE_TOKEN,
			    TOKENS_NONE);
		return;
	}
	bool is_ready = graph_call_message(&attempt->call, outbound->options, attempt->sender->phone_number_id, token,
					   body, attempt) == CW_OK;

	explicit_bzero(token, sizeof(token));
	if (!is_ready || curl_multi_add_handle(outbound->multi, attempt->call.easy) != CURLM_OK) {
		graph_call_finish(&attempt->call);
		retry_unsent(attempt, "out of memory");
		return;
	}
	attempt->is_on_the_wire = true;
	outbound->under_way++;
	outbound->requests++;
}

void attempt_moved(struct attempt *attempt)
{
	const struct cw_store_outbound_move *move = &attempt->op.outbound_move;
	enum cw_status status = attempt->op.status;
	bool is_claim = attempt->request != NULL;
	bool is_settled = status == CW_OK || status == CW_DENIED || status == CW_NOT_FOUND; /* or someone was faster */

	if (status == CW_OK && is_claim && move->now == CW_OUTBOUND_SENDING) {
		request(attempt);
	} else if (is_settled || (is_claim && status != CW_FULL)) {
		forget(attempt); /* stored; or a failed claim, for which nothing was sent: it will be found due again */
	} else {
		attempt->retry_at_ms = cw_clock_monotonic_ms() + STORE_AGAIN_MS; /* the result is not stored yet */
	}
}

/* ---- the result ---- */

/* Of the row that decides; the store knows only the code. */
static const char *explanation_of(const struct graph_answer *answer)
{
	return answer->verdict == GRAPH_ERROR ? cw_graph_error_find(&answer->said)->explanation : NULL;
}

static void retry(struct attempt *attempt, int64_t wait_ms)
{
	const struct graph_answer *answer = &attempt->answer;

	attempt->outbound->retried++;
	submit_move(attempt, &(struct cw_store_outbound_move){ .next = CW_OUTBOUND_RETRYING,
							       .due_at_ms = cw_clock_now_ms() + wait_ms,
							       .code = answer->said.code,
							       .explanation = explanation_of(answer),
							       .title = answer->title,
							       .details = answer->details });
}

static void fail(struct attempt *attempt)
{
	const struct graph_answer *answer = &attempt->answer;

	attempt->outbound->failed++;
	submit_move(attempt, &(struct cw_store_outbound_move){ .next = CW_OUTBOUND_FAILED,
							       .code = answer->said.code,
							       .explanation = explanation_of(answer),
							       .title = answer->title,
							       .details = answer->details });
}

static void take_acceptance(struct attempt *attempt)
{
	const struct graph_answer *answer = &attempt->answer;

	attempt->outbound->accepted++;
	pace_succeed(attempt->sender->pace);
	submit_move(attempt, &(struct cw_store_outbound_move){
				     .next = CW_OUTBOUND_ACCEPTED, .wamid = answer->wamid, .wa_id = answer->wa_id });
	outbound_replied(attempt->outbound, attempt);
}

/* Nobody knows whether WhatsApp has the message. */
static void doubt(struct attempt *attempt)
{
	struct outbound *outbound = attempt->outbound;

	cw_log_warn("conv=%s it is unknown whether WhatsApp accepted a message: %s", attempt->tag,
		    attempt->answer.title ? attempt->answer.title : "an error without a text");
	outbound->unknown++;
	pace_throttle(attempt->sender->pace, cw_clock_monotonic_ms());
	submit_move(attempt, &(struct cw_store_outbound_move){ .next = CW_OUTBOUND_UNKNOWN,
							       .due_at_ms = cw_clock_now_ms() +
									    outbound->options->unknown_hold_ms });
}

static void follow_table(struct attempt *attempt)
{
	const struct cw_graph_error *row = cw_graph_error_find(&attempt->answer.said);
	int64_t now_ms = cw_clock_monotonic_ms();

	cw_log_warn("conv=%s WhatsApp answered error %d (%s)", attempt->tag, attempt->answer.said.code,
		    cw_graph_action_text(row->action));
	switch (row->action) {
	case CW_GRAPH_RETRY:
		if (row->max_tries > 0 && attempt->tries >= row->max_tries) {
			fail(attempt);
		} else {
			retry(attempt, pace_retry_ms(attempt->tries));
		}
		break;
	case CW_GRAPH_THROTTLE:
		pace_throttle(attempt->sender->pace, now_ms);
		retry(attempt, 0);
		break;
	case CW_GRAPH_RECIPIENT:
		retry(attempt,
		      pace_recipient_pause(attempt->sender->pace, attempt->conversation, attempt->tries - 1, now_ms));
		break;
	case CW_GRAPH_STOP:
		pauses_want(&attempt->outbound->pauses, attempt->outbound->store, attempt->sender->phone_number_id,
			    attempt->answer.said.code, row->explanation);
		retry(attempt, 0);
		break;
	case CW_GRAPH_UNKNOWN:
		doubt(attempt);
		break;
	case CW_GRAPH_PERMANENT:
	case CW_GRAPH_ACTION_COUNT:
		fail(attempt);
		break;
	}
}

void attempt_answered(struct attempt *attempt)
{
	struct outbound *outbound = attempt->outbound;

	attempt->is_on_the_wire = false;
	outbound->under_way--;
	graph_judge(&attempt->call, &attempt->answer);
	switch (attempt->answer.verdict) {
	case GRAPH_ACCEPTED:
		take_acceptance(attempt);
		break;
	case GRAPH_ERROR:
		follow_table(attempt);
		break;
	case GRAPH_UNREACHED:
		pace_throttle(attempt->sender->pace, cw_clock_monotonic_ms());
		retry(attempt, 0);
		break;
	case GRAPH_AMBIGUOUS:
		doubt(attempt);
		break;
	}
	graph_call_finish(&attempt->call);
}
