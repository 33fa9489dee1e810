/* SPDX-License-Identifier: MIT */
#ifndef API_SIGNIN_PRIVATE_H
#define API_SIGNIN_PRIVATE_H

#include <pthread.h>

#include "api/brake.h"
#include "api/signin.h"

/* What signin.c (the thread that checks passwords) and session.c (cookies and tokens) share. */

struct signin {
	struct signin_options options;
	struct cw_store *store;
	struct cw_revocations *revocations;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	struct asked *first, *last; /* waiting */
	int n_waiting;
	bool is_stopping;
	struct brake *by_address;
	struct brake *by_login; /* the thread's own */
};

/* Begins a session of an agent whose password was right, and answers. Blocks; not on a listener's thread. */
void session_open(struct signin *signin, struct cw_http_request *request, struct cw_agent *agent);

#endif
