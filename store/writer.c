/* SPDX-License-Identifier: MIT */
/*
 * The one thread that writes. It takes what is queued, without ever waiting for a fuller batch, applies it
 * in one transaction, then calls each operation's on_done. Group commit makes synchronous=FULL affordable:
 * one fsync covers everything that was queued during the previous one.
 *
 * If an operation makes the batch fail, the operations are applied again one by one, so that only the bad
 * one fails. A full disk fails the batch and is probed again every second. An I/O error up to COMMIT ends
 * the process: after a failed fsync the kernel may mark pages clean that never reached the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "store/retention.h"
#include "store/search.h"
#include "store/store_private.h"
#include "store/tx.h"

#define MAX_BATCH_OPS 512
#define IDLE_MS 1000
/* While the writer is busy, the search index lags by at most this much, except in a flood; retention is as slow. */
#define INDEX_EVERY_MS 200
#define TRIM_EVERY_MS 1000
/* 16 MB of WAL: the longest checkpoint stays in the tens of milliseconds (docs/benchmarks.md). */
#define CHECKPOINT_PAGES 16000

static void *run_writer(void *context);

/* ---- opening ---- */

enum cw_status store_lock(const char *dir, int *ret_fd, struct cw_error *reterr)
{
	char path[PATH_MAX];

	if (!cw_text_format(path, sizeof(path), "%s/run.lock", dir)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		return cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd); /* nothing was written */
		return cw_error_set(reterr, CW_BUSY, "%s: another Convwire process owns this directory", path);
	}
	*ret_fd = fd;
	return CW_OK;
}

static int64_t read_next_event_id(struct cw_store *store)
{
	int64_t cursor = db_meta_int(&store->db, "publisher_cursor");
	sqlite3_stmt *statement = db_bind(&store->db, SQL_EVENT_MAX_ID, "");
	int64_t newest = db_step(&store->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return (newest > cursor ? newest : cursor) + 1;
}

static void free_store(struct cw_store *store)
{
	db_close(&store->db);
	if (store->lock_fd >= 0) {
		(void)close(store->lock_fd); /* releases the lock */
	}
	(void)pthread_mutex_destroy(&store->queue_lock);
	(void)pthread_cond_destroy(&store->queue_changed);
	(void)pthread_mutex_destroy(&store->reader_lock);
	(void)pthread_cond_destroy(&store->reader_returned);
	free(store->path);
	free(store);
}

static struct cw_store *make_store(const struct cw_store_options *options)
{
	struct cw_store *store = calloc(1, sizeof(*store));
	pthread_condattr_t monotonic;

	if (!store) {
		return NULL;
	}
	store->options = *options;
	store->lock_fd = -1;
	store->may_replay = true;
	store->may_index = true;
	store->checkpoint_at_pages = CHECKPOINT_PAGES;
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&store->queue_lock, NULL);
	(void)pthread_cond_init(&store->queue_changed, &monotonic);
	(void)pthread_mutex_init(&store->reader_lock, NULL);
	(void)pthread_cond_init(&store->reader_returned, NULL);
	(void)pthread_condattr_destroy(&monotonic);
	size_t size = strlen(options->dir) + sizeof("/convwire.db");

	store->path = malloc(size);
	if (!store->path || !cw_text_format(store->path, size, "%s/convwire.db", options->dir)) {
		free_store(store);
		return NULL;
	}
	return store;
}

enum cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **ret_store, struct cw_error *reterr)
{
	struct cw_store *store = make_store(options);

	if (!store) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	enum cw_status status = store_lock(options->dir, &store->lock_fd, reterr);

	if (status == CW_OK) {
		status = db_open(&store->db, store->path, true, reterr);
		store->db.on_fault = options->on_fault;
		store->db.on_fault_context = options->on_fault_context;
	}
	if (status == CW_OK) {
		store->next_event_id = read_next_event_id(store);
		status = db_status(&store->db, reterr);
	}
	if (status == CW_OK && pthread_create(&store->thread, NULL, run_writer, store) != 0) {
		status = cw_error_set(reterr, CW_NOMEM, "cannot start the database writer's thread");
	}
	if (status != CW_OK) {
		free_store(store);
		return status;
	}
	*ret_store = store;
	return CW_OK;
}

void cw_store_stop_writing(struct cw_store *store)
{
	if (!store || store->is_joined) {
		return;
	}
	(void)pthread_mutex_lock(&store->queue_lock);
	store->is_stopping = true;
	(void)pthread_cond_signal(&store->queue_changed);
	(void)pthread_mutex_unlock(&store->queue_lock);
	(void)pthread_join(store->thread, NULL);
	store->is_joined = true;
}

void cw_store_close(struct cw_store *store)
{
	if (!store) {
		return;
	}
	cw_store_stop_writing(store);
	for (size_t i = 0; i < N_READERS; i++) {
		db_close(&store->readers[i].db);
	}
	free_store(store);
}

/* ---- the queue ---- */

static int64_t queue_age_ms(const struct cw_store *store)
{
	return store->first ? cw_clock_monotonic_ms() - store->first->queued_at_ms : 0;
}

enum cw_status cw_store_submit(struct cw_store *store, struct cw_store_op *op)
{
	enum cw_status status = CW_OK;

	op->next = NULL;
	op->queued_at_ms = cw_clock_monotonic_ms();
	(void)pthread_mutex_lock(&store->queue_lock);
	if (store->stats.is_full) {
		status = CW_FULL;
	} else if (store->is_stopping || store->stats.queue_bytes + (int64_t)op->bytes > store->options.max_queue_bytes ||
		   queue_age_ms(store) > store->options.max_queue_age_ms) {
		status = CW_BUSY;
	} else {
		if (store->last) {
			store->last->next = op;
		} else {
			store->first = op;
			(void)pthread_cond_signal(&store->queue_changed);
		}
		store->last = op;
		store->stats.queue_ops++;
		store->stats.queue_bytes += (int64_t)op->bytes;
	}
	(void)pthread_mutex_unlock(&store->queue_lock);
	return status;
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
};

static void wake_waiter(struct cw_store_op *op)
{
	struct waiter *waiter = op->context;

	(void)pthread_mutex_lock(&waiter->lock);
	waiter->is_done = true;
	(void)pthread_cond_signal(&waiter->done);
	(void)pthread_mutex_unlock(&waiter->lock);
}

enum cw_status cw_store_run(struct cw_store *store, struct cw_store_op *op)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER };

	op->context = &waiter;
	op->on_done = wake_waiter;
	enum cw_status status = cw_store_submit(store, op);

	if (status != CW_OK) {
		return cw_error_set(&op->error, status,
				    status == CW_FULL ?
					    "the disk is full; free some space, then work resumes automatically" :
					    "the database is overloaded; try again");
	}
	(void)pthread_mutex_lock(&waiter.lock);
	while (!waiter.is_done) {
		(void)pthread_cond_wait(&waiter.done, &waiter.lock);
	}
	(void)pthread_mutex_unlock(&waiter.lock);
	return op->status;
}

/* ---- a batch ---- */

static enum cw_status apply_op(struct tx *tx, struct cw_store_op *op)
{
	switch (op->type) {
	case CW_STORE_WEBHOOK:
		return apply_webhook(tx, op);
	case CW_STORE_ACCOUNT_ADD:
		return apply_account_add(tx, op);
	case CW_STORE_NUMBER_ADD:
		return apply_number_add(tx, op);
	case CW_STORE_ALIAS_ADD:
		return apply_alias_add(tx, op);
	case CW_STORE_CURSOR:
		return apply_cursor(tx, op);
	case CW_STORE_ASSIGN:
		return apply_assign(tx, op);
	case CW_STORE_REVOKE:
		return apply_revoke(tx, op);
	case CW_STORE_LIMITED_SEEN:
		return apply_limited_seen(tx, op);
	case CW_STORE_COMMAND:
		return apply_command(tx, op);
	case CW_STORE_OUTBOUND_MOVE:
		return apply_outbound_move(tx, op);
	case CW_STORE_OUTBOUND_RECOVER:
		return apply_outbound_recover(tx, op);
	case CW_STORE_NUMBER_PAUSE:
		return apply_number_pause(tx, op);
	case CW_STORE_MINT:
		return apply_mint(tx, op);
	case CW_STORE_MEDIA_ADD:
		return apply_media_add(tx, op);
	case CW_STORE_MEDIA_MOVE:
		return apply_media_move(tx, op);
	case CW_STORE_TEMPLATES:
		return apply_templates(tx, op);
	case CW_STORE_AGENT_ADD:
		return apply_agent_add(tx, op);
	case CW_STORE_AGENT_CHANGE:
		return apply_agent_change(tx, op);
	case CW_STORE_SESSION_BEGIN:
		return apply_session_begin(tx, op);
	case CW_STORE_SESSION_USE:
		return apply_session_use(tx, op);
	case CW_STORE_SESSION_END:
		return apply_session_end(tx, op);
	case CW_STORE_RESTORED:
		return apply_restored(tx, op);
	}
	return cw_error_set(&op->error, CW_INVALID, "unknown store operation");
}

static void add_counts(struct cw_store *store, const struct cw_store_stats *counts, int64_t n_ops)
{
	struct cw_store_stats *stats = &store->stats;

	(void)pthread_mutex_lock(&store->queue_lock);
	stats->webhooks += counts->webhooks;
	stats->messages += counts->messages;
	stats->duplicates += counts->duplicates;
	stats->statuses += counts->statuses;
	stats->events += counts->events;
	stats->refused_changes += counts->refused_changes;
	stats->raw_changes += counts->raw_changes;
	stats->waiting_changes += counts->waiting_changes;
	stats->repaired += counts->repaired;
	stats->commits++;
	stats->batch_max = n_ops > stats->batch_max ? n_ops : stats->batch_max;
	stats->is_full = false;
	(void)pthread_mutex_unlock(&store->queue_lock);
}

static void start_tx(struct cw_store *store, struct tx *tx)
{
	*tx = (struct tx){
		.db = &store->db,
		.options = &store->options,
		.now_ms = cw_clock_now_ms(),
		.next_event_id = store->next_event_id,
	};
	db_begin(&store->db, SQL_BEGIN_WRITE);
}

static void tell_bridge(struct cw_store *store, const struct tx *tx)
{
	void *context = store->options.on_outbound_context;

	for (size_t i = 0; store->options.on_signal && i < tx->n_signals; i++) {
		store->options.on_signal(context, &tx->signals[i]);
	}
	if (store->options.on_outbound && tx->wakes_bridge) {
		store->options.on_outbound(context);
	}
}

static void note_committed(struct tx *tx)
{
	int64_t now_us = cw_clock_now_us();

	for (size_t i = 0; i < tx->n_events; i++) {
		tx->events[i].hops.committed_us = now_us;
	}
}

/* COMMIT and what follows it, or ROLLBACK. */
static enum cw_status end_tx(struct cw_store *store, struct tx *tx, int64_t n_ops, struct cw_error *reterr)
{
	tx_save_accounts(tx);
	if (cw_memory_ran_out()) {
		db_fail(&store->db, SQLITE_NOMEM); /* a row may have been written incompletely */
	}
	db_run(&store->db, SQL_COMMIT, "");
	enum cw_status status = db_status(&store->db, reterr);

	if (status == CW_OK) {
		store->next_event_id = tx->next_event_id;
		add_counts(store, &tx->counts, n_ops);
		store->may_index = store->may_index || tx->n_events > 0;
		if (tx->n_events > 0 && store->options.on_events) {
			note_committed(tx);
			store->options.on_events(store->options.on_events_context, tx->events, tx->n_events);
			tx->events = NULL; /* now owned by the receiver */
			tx->n_events = 0;
		}
		tell_bridge(store, tx);
	} else {
		db_begin(&store->db, SQL_ROLLBACK); /* after some errors SQLite has already rolled back; that is fine */
		store->db.failed = SQLITE_OK;
	}
	tx_finish(tx);
	return status;
}

static void finish_op(struct cw_store_op *op, enum cw_status status, const struct cw_error *error)
{
	if (status != CW_OK) {
		op->status = status;
		op->error = *error;
	}
	if (op->on_done) {
		op->on_done(op);
	}
}

static enum cw_status try_batch(struct cw_store *store, struct cw_store_op *batch, int64_t n_ops, struct cw_error *reterr)
{
	struct tx tx;

	start_tx(store, &tx);
	struct cw_store_op *op = batch;

	for (int64_t i = 0; op && i < n_ops; op = op->next, i++) {
		op->error = (struct cw_error){ .status = CW_OK };
		tx.hops = op->type == CW_STORE_WEBHOOK ? op->webhook.hops : (struct cw_hops){ .arrived_us = 0 };
		op->status = apply_op(&tx, op);
		if (store->db.failed != SQLITE_OK) {
			break;
		}
	}
	return end_tx(store, &tx, n_ops, reterr);
}

static void set_full(struct cw_store *store, bool is_full)
{
	(void)pthread_mutex_lock(&store->queue_lock);
	store->stats.is_full = is_full;
	(void)pthread_mutex_unlock(&store->queue_lock);
}

static void break_down(struct cw_store *store, const struct cw_error *error)
{
	if (!store->options.on_broken) {
		abort();
	}
	store->options.on_broken(store->options.on_broken_context, error->text);
}

/*
 * If a webhook cannot be stored even alone, and not because of the disk, Meta would resend it for seven days.
 * Instead, its whole body is kept raw, and it is acknowledged.
 */
static enum cw_status keep_whole(struct cw_store *store, const struct cw_store_op *op, struct cw_error *reterr)
{
	char *text = json_dumps(op->webhook.webhook->root, JSON_COMPACT);
	struct cw_store_op raw = *op;

	raw.webhook.webhook = NULL;
	raw.webhook.raw = text;
	raw.webhook.raw_len = text ? strlen(text) : 0;
	raw.webhook.reason = "cannot be stored";
	enum cw_status status = text ? try_batch(store, &raw, 1, reterr) : CW_NOMEM;

	free(text);
	return status;
}

static void write_one(struct cw_store *store, struct cw_store_op *op)
{
	struct cw_error error;
	enum cw_status status = try_batch(store, op, 1, &error);

	if (status == CW_INVALID && op->type == CW_STORE_WEBHOOK && op->webhook.webhook) {
		status = keep_whole(store, op, &error);
		op->status = status;
	}

	if (status == CW_FULL) {
		set_full(store, true);
	}
	finish_op(op, status, &error);
	if (status == CW_IO) {
		break_down(store, &error);
	}
}

static void write_batch(struct cw_store *store, struct cw_store_op *batch, int64_t n_ops)
{
	struct cw_error error;
	enum cw_status status = try_batch(store, batch, n_ops, &error);
	bool must_split = status != CW_OK && status != CW_FULL && status != CW_IO;

	if (status == CW_FULL) {
		set_full(store, true);
	}
	for (struct cw_store_op *op = batch, *next; op; op = next) {
		next = op->next; /* the submitter may free it in on_done */
		store->may_replay = store->may_replay || op->type == CW_STORE_NUMBER_ADD;
		if (must_split) {
			write_one(store, op);
		} else {
			finish_op(op, status, &error);
		}
	}
	if (status == CW_IO) {
		break_down(store, &error);
	}
}

/* ---- the loop ---- */

/* Takes what is queued now, at most MAX_BATCH_OPS. queue_lock must be held. */
static struct cw_store_op *take_batch(struct cw_store *store, int64_t *ret_n_ops)
{
	struct cw_store_op *batch = store->first;
	struct cw_store_op *end = batch;
	int64_t n = batch ? 1 : 0;

	store->stats.queue_bytes -= batch ? (int64_t)batch->bytes : 0;
	while (end && end->next && n < MAX_BATCH_OPS) {
		end = end->next;
		store->stats.queue_bytes -= (int64_t)end->bytes;
		n++;
	}
	if (end) {
		store->first = end->next;
		store->last = store->first ? store->last : NULL;
		end->next = NULL;
		store->stats.queue_ops -= n;
	}
	*ret_n_ops = n;
	return batch;
}

static void wait_for_work(struct cw_store *store, bool may_index)
{
	struct timespec until;
	int64_t until_ms = may_index ? store->next_index_ms : cw_clock_monotonic_ms() + IDLE_MS;

	until.tv_sec = until_ms / 1000;
	until.tv_nsec = until_ms % 1000 * 1000000;
	(void)pthread_cond_timedwait(&store->queue_changed, &store->queue_lock, &until);
}

/* SQLite calls this after each commit with the length of the WAL. */
static int on_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
	struct cw_store *store = context;

	(void)handle;
	(void)name;
	store->wal_pages = pages;
	return SQLITE_OK;
}

static void checkpoint(struct cw_store *store)
{
	int in_wal = 0;
	int done = 0;
	int64_t started_ms = cw_clock_monotonic_ms();
	int code = sqlite3_wal_checkpoint_v2(store->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &done);
	int64_t took_ms = cw_clock_monotonic_ms() - started_ms;

	/* A full disk shows up again at the next commit; after an I/O error the file may be half written. */
	bool is_memory = sqlite3_extended_errcode(store->db.handle) == SQLITE_IOERR_NOMEM; /* the next one may do better */

	if (!is_memory && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CORRUPT)) {
		struct cw_error error;

		(void)cw_error_set(&error, CW_IO, "checkpoint: %s", sqlite3_errmsg(store->db.handle));
		break_down(store, &error);
	}
	bool is_whole = code == SQLITE_OK && done == in_wal;

	/* A reader's snapshot may keep the WAL from being reused: then wait for more pages before trying again. */
	store->checkpoint_at_pages = is_whole ? CHECKPOINT_PAGES : in_wal + CHECKPOINT_PAGES / 4;
	store->wal_pages = is_whole ? 0 : in_wal;
	(void)pthread_mutex_lock(&store->queue_lock);
	store->stats.checkpoints++;
	if (took_ms > store->stats.checkpoint_max_ms) {
		store->stats.checkpoint_max_ms = took_ms;
	}
	(void)pthread_mutex_unlock(&store->queue_lock);
}

/* Runs a transaction of the writer's own. */
static enum cw_status try_slice(struct cw_store *store, bool (*apply)(struct tx *tx), bool *ret_is_more)
{
	struct tx tx;
	struct cw_error error;

	start_tx(store, &tx);
	*ret_is_more = apply(&tx);
	enum cw_status status = end_tx(store, &tx, 0, &error);

	if (status == CW_FULL) {
		set_full(store, true);
	} else if (status == CW_IO) {
		break_down(store, &error);
	}
	return status;
}

/* A change that cannot be replayed even alone is kept raw, so that those behind it can continue. */
static bool replay_slice(struct cw_store *store)
{
	bool is_more = true;

	if (try_slice(store, apply_replay_slice, &is_more) == CW_INVALID &&
	    try_slice(store, apply_replay_one, &is_more) == CW_INVALID) {
		(void)try_slice(store, apply_replay_skip, &is_more); /* its status was handled */
	}
	return is_more;
}

/* While the disk is full, operations are refused; the first write that succeeds ends that. */
static void probe_disk(struct cw_store *store)
{
	struct tx tx;
	struct cw_error error;
	char text[24];

	start_tx(store, &tx);
	if (cw_text_format(text, sizeof(text), "%lld", (long long)tx.now_ms)) {
		db_run(&store->db, SQL_META_SET, "tt", "disk_probe", text);
	}
	if (end_tx(store, &tx, 0, &error) == CW_IO) {
		break_down(store, &error);
	}
}

/*
 * Nobody waits for indexing, so it may lag. It is batched even when the writer is idle: message by message, each would
 * need a commit and add an index segment that must be merged later. A failed slice is tried again later.
 */
static void index_slice(struct cw_store *store, bool is_idle)
{
	bool is_more = true;
	enum cw_status status = try_slice(store, apply_search_slice, &is_more);

	store->may_index = is_more || status != CW_OK;
	store->next_index_ms = cw_clock_monotonic_ms() + (is_idle && is_more && status == CW_OK ? 0 : INDEX_EVERY_MS);
}

static void trim_slice(struct cw_store *store)
{
	bool is_more = false;
	enum cw_status status = try_slice(store, apply_trim_slice, &is_more);

	(void)pthread_mutex_lock(&store->queue_lock);
	store->stats.trims++;
	(void)pthread_mutex_unlock(&store->queue_lock);
	store->next_trim_ms = cw_clock_monotonic_ms() + (is_more && status == CW_OK ? INDEX_EVERY_MS : TRIM_EVERY_MS);
}

static void on_idle(struct cw_store *store, bool is_full)
{
	if (is_full) {
		probe_disk(store);
	}
	if (store->may_replay) {
		store->may_replay = replay_slice(store);
	}
	if (store->wal_pages > 0) {
		checkpoint(store);
	}
}

static void *run_writer(void *context)
{
	struct cw_store *store = context;
	int64_t n_ops = 0;

	(void)sqlite3_wal_hook(store->db.handle, on_wal, store);
	(void)pthread_mutex_lock(&store->queue_lock);
	while (store->first || !store->is_stopping) {
		bool is_full = store->stats.is_full;
		struct cw_store_op *batch = take_batch(store, &n_ops);
		bool may_index = store->may_index && !is_full;
		bool is_idle = !batch && (!store->may_replay || is_full);

		if (is_idle) {
			wait_for_work(store, may_index);
			is_idle = !store->first && !store->is_stopping && !may_index;
		}
		store->stats.wal_pages = store->wal_pages;
		(void)pthread_mutex_unlock(&store->queue_lock);
		if (batch) {
			write_batch(store, batch, n_ops);
		}
		if (is_idle) {
			on_idle(store, is_full);
		} else if (store->may_replay && !is_full) {
			store->may_replay = replay_slice(store);
		}
		if (may_index && cw_clock_monotonic_ms() >= store->next_index_ms) {
			index_slice(store, !batch);
		}
		if (!is_full && cw_clock_monotonic_ms() >= store->next_trim_ms) {
			trim_slice(store);
		}
		if (store->wal_pages >= store->checkpoint_at_pages) {
			checkpoint(store);
		}
		(void)pthread_mutex_lock(&store->queue_lock);
	}
	(void)pthread_mutex_unlock(&store->queue_lock);
	checkpoint(store);
	return NULL;
}

/* ---- counters ---- */

void cw_store_stats(struct cw_store *store, struct cw_store_stats *ret_stats)
{
	(void)pthread_mutex_lock(&store->queue_lock);
	*ret_stats = store->stats;
	ret_stats->queue_age_ms = queue_age_ms(store);
	(void)pthread_mutex_unlock(&store->queue_lock);
}
