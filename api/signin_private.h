/* SPDX-License-Identifier: MIT */
#ifndef API_SIGNIN_PRIVATE_H
#define API_SIGNIN_PRIVATE_H

#include <pthread.h>

#include "api/brake.h"
#include "api/signin.h"

/* Shared by signin.c (the thread that checks passwords) and session.c (cookies and tokens). */

struct signin {
	struct signin_options options;
	struct cw_store *store;
	struct cw_revocations *revocations;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t changed;
	struct asked *first, *last; /* waiting */
	int n_waiting;
	bool is_stopping;
	struct brake *by_address;
	struct brake *by_login; /* used by the thread only */
};

/* Starts a session for an agent whose password was correct, and answers. Blocks; not on a listener's thread. */
void session_open(struct signin *signin, struct cw_http_request *request, struct cw_agent *agent);

#endif
