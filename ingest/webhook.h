/* SPDX-License-Identifier: MIT */
#ifndef INGEST_WEBHOOK_H
#define INGEST_WEBHOOK_H

#include <stdatomic.h>

#include "http/http.h"
#include "ingest/secrets.h"
#include "store/store.h"

/*
 * Meta's webhook: GET verifies the callback URL, POST delivers updates. Verifies the signature before parsing,
 * answers 200 only after COMMIT, and answers 200 to everything authentic, understood or not.
 */
struct webhook_gate {
	struct cw_store *store;
	const struct secrets *secrets;
	_Atomic int64_t refused_signatures; /* counter */
	_Atomic int64_t refused_busy;       /* counter */
	_Atomic int64_t newest_at_ms;       /* last signed webhook not from our own commands; Unix; 0: none yet */
};

#define WEBHOOK_MAX_BODY (3 * 1024 * 1024) /* "Webhooks", Payload size: up to 3 MB */

/* Route handlers; context is a struct webhook_gate. */
void webhook_verify(struct cw_http_request *request, void *gate);
void webhook_admit(struct cw_http_request *request, void *gate);
void webhook_receive(struct cw_http_request *request, void *gate);

#endif
