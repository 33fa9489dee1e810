/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <pthread.h>

#include "store/sqlite.h"
#include "store/store.h"

/* What writer.c and read.c share. */
#define N_READERS 4

struct cw_reader {
	struct cw_store *store;
	struct db db;
	bool is_out;
};

/* Why account_find found nothing: the connection's error, or CW_NOT_FOUND. */
enum cw_status reader_no_account(struct cw_reader *reader, const char *name, struct cw_error *reterr);
/* The same for conversation_find. */
enum cw_status reader_no_conversation(struct cw_reader *reader, struct cw_error *reterr);

/* Locks a directory for this process: *ret_fd holds the lock until it is closed. CW_BUSY, CW_IO. */
enum cw_status store_lock(const char *dir, int *ret_fd, struct cw_error *reterr);

struct cw_store {
	struct cw_store_options options;
	char *path; /* of the database */
	int lock_fd;

	/* The writer's own. */
	struct db db;
	int64_t next_event_id;
	int64_t wal_pages; /* not yet checkpointed */
	int64_t checkpoint_at_pages;
	bool may_replay;
	bool may_index;        /* the search index may be behind the log */
	int64_t next_index_ms; /* monotonic, like next_trim_ms */
	int64_t next_trim_ms;
	pthread_t thread;
	bool is_joined;

	/* queue_lock guards these. */
	pthread_mutex_t queue_lock;
	pthread_cond_t queue_changed;
	struct cw_store_op *first, *last;
	struct cw_store_stats stats;
	bool is_stopping;

	/* reader_lock guards these. */
	pthread_mutex_t reader_lock;
	pthread_cond_t reader_returned;
	struct cw_reader readers[N_READERS]; /* opened on first use */
};

#endif
