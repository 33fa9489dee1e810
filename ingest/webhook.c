/* SPDX-License-Identifier: MIT */
#include "ingest/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"

/* The User-Agent of our own commands: `doctor` and `simulate` are not WhatsApp. */
#define OUR_AGENT "convwire/"

/* A POST whose body is still arriving. */
struct arrival {
	unsigned char claimed[CW_HMAC_BYTES];
	int64_t arrived_us;
};

/* One POST while the store processes it. */
struct delivery {
	struct cw_store_op op;
	struct cw_http_request *request;
	struct webhook_gate *gate;
	struct cw_webhook webhook;
};

void webhook_verify(struct cw_http_request *request, void *context)
{
	struct webhook_gate *gate = context;
	const char *mode = cw_http_query(request, "hub.mode");
	const char *token = cw_http_query(request, "hub.verify_token");
	const char *challenge = cw_http_query(request, "hub.challenge");

	if (!mode || strcmp(mode, "subscribe") != 0 || !token || !challenge ||
	    !secrets_verify_token_is(gate->secrets, token)) {
		cw_http_problem(request, 403, "not_verified", "hub.mode or hub.verify_token is wrong.");
		return;
	}
	cw_http_answer(request, 200, "text/plain", challenge);
}

static void refuse_signature(struct cw_http_request *request, struct webhook_gate *gate)
{
	atomic_fetch_add(&gate->refused_signatures, 1);
	cw_http_problem(request, 401, "bad_signature",
			"X-Hub-Signature-256 is missing, malformed or made with a secret that this server does not have.");
}

static void refuse_busy(struct cw_http_request *request, struct webhook_gate *gate)
{
	atomic_fetch_add(&gate->refused_busy, 1);
	cw_http_add_header(request, "Retry-After", "2");
	cw_http_problem(request, 503, "too_busy", "The update cannot be stored now; send it again later.");
}

void webhook_admit(struct cw_http_request *request, void *context)
{
	struct webhook_gate *gate = context;
	struct arrival *arrival = malloc(sizeof(*arrival));

	if (!arrival) {
		refuse_busy(request, gate);
		return;
	}
	arrival->arrived_us = cw_clock_now_us();
	if (cw_signature_parse(cw_http_header(request, "X-Hub-Signature-256"), arrival->claimed) != CW_OK) {
		refuse_signature(request, gate);
	}
	cw_http_set_user(request, arrival, free);
}

static void on_stored(struct cw_store_op *op)
{
	struct delivery *delivery = op->context;

	if (op->status == CW_OK) {
		cw_http_answer(delivery->request, 200, "text/plain", "");
	} else {
		refuse_busy(delivery->request, delivery->gate);
	}
	cw_webhook_finish(&delivery->webhook);
	free(delivery);
}

/* A body that cannot be parsed is kept unchanged; the log says so, without its content. false: out of memory. */
static bool describe(struct delivery *delivery, const char *body, size_t len)
{
	struct cw_error error;
	enum cw_status status = cw_webhook_parse(body, len, &delivery->webhook, &error);

	delivery->op.bytes = sizeof(*delivery) + len;
	if (status == CW_OK) {
		delivery->op.webhook.webhook = &delivery->webhook;
	}
	if (status == CW_OK || status == CW_NOMEM) {
		return status == CW_OK;
	}
	delivery->op.webhook.raw = body;
	delivery->op.webhook.raw_len = len;
	delivery->op.webhook.reason = "not valid webhook JSON";
	cw_log_warn("a signed webhook cannot be parsed, keeping it raw: %s bytes=%zu", error.text, len);
	return true;
}

static void note_foreign(struct cw_http_request *request, struct webhook_gate *gate)
{
	const char *agent = cw_http_header(request, "User-Agent");

	if (!agent || strncmp(agent, OUR_AGENT, strlen(OUR_AGENT)) != 0) {
		atomic_store(&gate->newest_at_ms, cw_clock_now_ms());
	}
}

void webhook_receive(struct cw_http_request *request, void *context)
{
	struct webhook_gate *gate = context;
	size_t len = 0;
	const char *body = cw_http_body(request, &len);
	const struct arrival *arrival = cw_http_user(request);
	const char *signer = secrets_find_signer(gate->secrets, body, len, arrival->claimed);

	if (!signer) {
		refuse_signature(request, gate);
		return;
	}
	note_foreign(request, gate);
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	if (!delivery) {
		refuse_busy(request, gate);
		return;
	}
	delivery->request = request;
	delivery->gate = gate;
	delivery->op.type = CW_STORE_WEBHOOK;
	delivery->op.on_done = on_stored;
	delivery->op.context = delivery;
	delivery->op.webhook.secret = signer;
	bool is_described = describe(delivery, body, len);

	delivery->op.webhook.hops.arrived_us = arrival->arrived_us;
	delivery->op.webhook.hops.verified_us = cw_clock_now_us();
	if (is_described) {
		cw_http_defer(request);
	}
	if (!is_described || cw_store_submit(gate->store, &delivery->op) != CW_OK) {
		refuse_busy(request, gate);
		cw_webhook_finish(&delivery->webhook);
		free(delivery);
	}
}
