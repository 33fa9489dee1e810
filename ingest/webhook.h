/* SPDX-License-Identifier: MIT */
#ifndef INGEST_WEBHOOK_H
#define INGEST_WEBHOOK_H

#include <stdatomic.h>

#include "http/http.h"
#include "ingest/secrets.h"
#include "store/store.h"

/*
 * Meta's webhook: GET proves the callback URL, POST brings updates. Verifies before it parses, answers
 * 200 only after COMMIT, and 200 to everything authentic, understood or not.
 */
struct webhook_gate {
	struct cw_store *store;
	const struct secrets *secrets;
	_Atomic int64_t refused_signatures; /* counter */
	_Atomic int64_t refused_busy;       /* counter */
	_Atomic int64_t newest_at_ms;       /* of a signed one that is not our own commands'; Unix; 0: none yet */
};

#define WEBHOOK_MAX_BODY (3 * 1024 * 1024) /* "Webhooks", Payload size: up to 3 MB */

/* Handlers of the routes; context is a struct webhook_gate. */
void webhook_verify(struct cw_http_request *request, void *gate);
void webhook_admit(struct cw_http_request *request, void *gate);
void webhook_receive(struct cw_http_request *request, void *gate);

#endif
