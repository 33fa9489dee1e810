/* SPDX-License-Identifier: MIT */
#include "ingest/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

/* One POST on its way through the store. */
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
		cw_http_problem(request, 403, "not_verified", "hub.mode or hub.verify_token is not right.");
		return;
	}
	cw_http_answer(request, 200, "text/plain", challenge);
}

static void refuse_signature(struct cw_http_request *request, struct webhook_gate *gate)
{
	atomic_fetch_add(&gate->refused_signatures, 1);
	cw_http_problem(request, 401, "bad_signature",
			"X-Hub-Signature-256 is missing, malformed or made with a secret that is not known here.");
}

static void refuse_busy(struct cw_http_request *request, struct webhook_gate *gate)
{
	atomic_fetch_add(&gate->refused_busy, 1);
	cw_http_add_header(request, "Retry-After", "2");
	cw_http_problem(request, 503, "too_busy", "The update cannot be stored now; it will be taken when sent again.");
}

void webhook_admit(struct cw_http_request *request, void *context)
{
	struct webhook_gate *gate = context;
	unsigned char *claimed = malloc(CW_HMAC_BYTES);

	if (!claimed) {
		refuse_busy(request, gate);
	} else if (cw_signature_parse(cw_http_header(request, "X-Hub-Signature-256"), claimed) != CW_OK) {
		refuse_signature(request, gate);
	}
	cw_http_set_user(request, claimed, free);
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

/* A body that cannot be understood is kept as it came; the log says so without its content. */
static void describe(struct delivery *delivery, const char *body, size_t len)
{
	struct cw_error error;

	delivery->op.bytes = sizeof(*delivery) + len;
	if (cw_webhook_parse(body, len, &delivery->webhook, &error) == CW_OK) {
		delivery->op.webhook.webhook = &delivery->webhook;
		return;
	}
	delivery->op.webhook.raw = body;
	delivery->op.webhook.raw_len = len;
	delivery->op.webhook.reason = "not a webhook's JSON";
	cw_log_warn("a signed webhook cannot be understood, keeping it raw: %s bytes=%zu", error.text, len);
}

void webhook_receive(struct cw_http_request *request, void *context)
{
	struct webhook_gate *gate = context;
	size_t len = 0;
	const char *body = cw_http_body(request, &len);
	const char *signer = secrets_find_signer(gate->secrets, body, len, cw_http_user(request));

	if (!signer) {
		refuse_signature(request, gate);
		return;
	}
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
	describe(delivery, body, len);
	cw_http_defer(request);
	if (cw_store_submit(gate->store, &delivery->op) != CW_OK) {
		refuse_busy(request, gate);
		cw_webhook_finish(&delivery->webhook);
		free(delivery);
	}
}
