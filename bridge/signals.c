/* SPDX-License-Identifier: MIT */
#include "bridge/signals.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/tokens.h"

void signals_init(struct signals *signals, const struct bridge_options *options)
{
	*signals = (struct signals){ .options = options };
	(void)pthread_mutex_init(&signals->lock, NULL); /* glibc's cannot fail */
}

void signals_finish(struct signals *signals, CURLM *multi)
{
	for (size_t i = 0; i < SIGNALS_MAX_UNDER_WAY; i++) {
		struct graph_call *call = signals->under_way[i];

		if (call) {
			(void)curl_multi_remove_handle(multi, call->easy);
			signals_ended(signals, call);
		}
	}
	(void)pthread_mutex_destroy(&signals->lock);
}

/* With the lock held, and at least one waiting. */
static struct cw_signal take_oldest(struct signals *signals)
{
	struct cw_signal oldest = signals->waiting[0];

	signals->n_waiting--;
	memmove(signals->waiting, signals->waiting + 1, signals->n_waiting * sizeof(oldest));
	return oldest;
}

void signals_put(struct signals *signals, const struct cw_signal *signal)
{
	(void)pthread_mutex_lock(&signals->lock);
	if (signals->n_waiting == SIGNALS_MAX_WAITING) {
		(void)take_oldest(signals);
	}
	signals->waiting[signals->n_waiting++] = *signal;
	(void)pthread_mutex_unlock(&signals->lock);
}

/* Starts the call; NULL when that is not possible. */
static struct graph_call *begin(const struct signals *signals, CURLM *multi, const struct cw_signal *signal)
{
	struct graph_call *call = calloc(1, sizeof(*call));
	char token[TOKEN_MAX + 1];

	if (!call || !tokens_read(signals->options->tokens_dir, signal->phone_number_id, token)) {
		free(call);
		return NULL;
	}
	enum cw_status status = graph_call_message(call, signals->options, signal->phone_number_id, token,
						   graph_render_signal(signal), NULL);

	explicit_bzero(token, sizeof(token));
	if (status != CW_OK || curl_multi_add_handle(multi, call->easy) != CURLM_OK) {
		graph_call_finish(call);
		free(call);
		return NULL;
	}
	return call;
}

void signals_send(struct signals *signals, CURLM *multi)
{
	for (size_t i = 0; i < SIGNALS_MAX_UNDER_WAY; i++) {
		if (signals->under_way[i]) {
			continue;
		}
		struct cw_signal signal;

		(void)pthread_mutex_lock(&signals->lock);
		bool has_one = signals->n_waiting > 0;

		if (has_one) {
			signal = take_oldest(signals);
		}
		(void)pthread_mutex_unlock(&signals->lock);
		if (!has_one) {
			return;
		}
		signals->under_way[i] = begin(signals, multi, &signal);
	}
}

void signals_ended(struct signals *signals, struct graph_call *call)
{
	for (size_t i = 0; i < SIGNALS_MAX_UNDER_WAY; i++) {
		if (signals->under_way[i] == call) {
			signals->under_way[i] = NULL;
		}
	}
	graph_call_finish(call);
	free(call);
}
