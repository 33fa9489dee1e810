/* SPDX-License-Identifier: MIT */
#include "bridge/files.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/files_private.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"

#define MAX_UNDER_WAY 8
#define IDLE_MS 5000
#define TROUBLE_MS 1000

static void *run(void *context);

/* ---- lifetime ---- */

struct files *files_create(const struct bridge_options *options)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files) {
		return NULL;
	}
	files->options = options;
	files->multi = graph_multi();
	(void)pthread_mutex_init(&files->lock, NULL); /* glibc's cannot fail */
	if (!files->multi) {
		files_destroy(files);
		return NULL;
	}
	return files;
}

enum cw_status files_start(struct files *files, struct cw_store *store, struct cw_error *reterr)
{
	files->store = store;
	if (pthread_create(&files->thread, NULL, run, files) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "cannot start the thread for files");
	}
	files->has_thread = true;
	return CW_OK;
}

void files_stop(struct files *files)
{
	if (!files || !files->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&files->lock);
	files->is_stopping = true;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi);
	(void)pthread_join(files->thread, NULL);
	files->has_thread = false;
}

void files_destroy(struct files *files)
{
	if (!files) {
		return;
	}
	files_stop(files);
	for (struct transfer *transfer = files->transfers, *next; transfer; transfer = next) {
		next = transfer->next;
		transfer_destroy(transfer);
	}
	pauses_finish(&files->pauses);
	(void)curl_multi_cleanup(files->multi);
	(void)pthread_mutex_destroy(&files->lock);
	free(files);
}

void files_wake(struct files *files)
{
	(void)pthread_mutex_lock(&files->lock);
	files->is_woken = true;
	(void)pthread_mutex_unlock(&files->lock);
	(void)curl_multi_wakeup(files->multi);
}

void files_stats(struct files *files, struct bridge_stats *stats)
{
	stats->media_fetched = files->fetched;
	stats->media_uploaded = files->uploaded;
	stats->media_failed = files->failed;
	stats->media_disk_full = files->is_disk_full;
}

/* ---- what is due ---- */

static void copy_text(char *out, size_t size, const char *text)
{
	if (!cw_text_copy(out, size, text ? text : "")) {
		out[0] = '\0'; /* cannot happen: the store keeps nothing that long */
	}
}

static bool on_due(void *context, const struct cw_media_job *due)
{
	struct files *files = context;

	for (const struct transfer *transfer = files->transfers; transfer; transfer = transfer->next) {
		if (transfer->id == due->id) {
			return true;
		}
	}
	struct transfer *transfer = files->n_transfers < MAX_UNDER_WAY ? calloc(1, sizeof(*transfer)) : NULL;

	if (!transfer) {
		return false;
	}
	*transfer = (struct transfer){ .files = files,
				       .is_upload = due->is_upload,
				       .id = due->id,
				       .tries = due->tries,
				       .created_at_ms = due->created_at_ms,
				       .size_bytes = due->size_bytes,
				       .has_sha256 = due->has_sha256,
				       .next = files->transfers };
	memcpy(transfer->sha256, due->sha256, sizeof(transfer->sha256));
	copy_text(transfer->phone_number_id, sizeof(transfer->phone_number_id), due->phone_number_id);
	copy_text(transfer->source, sizeof(transfer->source), due->source);
	copy_text(transfer->mime_type, sizeof(transfer->mime_type), due->mime_type);
	copy_text(transfer->filename, sizeof(transfer->filename), due->filename);
	copy_text(transfer->tag, sizeof(transfer->tag), due->tag);
	files->transfers = transfer;
	files->n_transfers++;
	return true;
}

/* Free space is reserved for messages. Agents' files are already on disk, so they are still uploaded. */
static void look_at_disk(struct files *files)
{
	bool is_full = cw_media_store_is_nearly_full(files->options->media_dir, files->options->media_min_free_bytes);

	if (is_full != files->is_disk_full) {
		files->is_disk_full = is_full;
		if (is_full) {
			cw_log_error("the disk is nearly full: customers' files are not fetched until some space is free");
		} else {
			cw_log_info("fetching customers' files again");
		}
	}
}

static void look(struct files *files)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	int64_t next_due_ms = CW_STORE_NEVER;
	struct transfer *known = files->transfers;
	int64_t now_ms = cw_clock_monotonic_ms();

	files->look_at_ms = now_ms + IDLE_MS;
	look_at_disk(files);
	enum cw_status status = cw_reader_acquire(files->store, &reader, &error);

	if (status == CW_OK) {
		status = cw_store_next_media(reader, cw_clock_now_ms(), 2LL * MAX_UNDER_WAY, on_due, files,
					     &next_due_ms, &error);
		cw_reader_release(reader);
	}
	if (status != CW_OK) {
		cw_log_error("files: %s; retrying", error.text);
		files->look_at_ms = now_ms + TROUBLE_MS;
	} else if (next_due_ms != CW_STORE_NEVER && next_due_ms - cw_clock_now_ms() < IDLE_MS) {
		files->look_at_ms = now_ms + next_due_ms - cw_clock_now_ms();
	}
	for (struct transfer *transfer = files->transfers, *next; transfer != known; transfer = next) {
		next = transfer->next;
		transfer_begin(transfer);
	}
}

/* ---- the loop ---- */

static void forget(struct transfer *transfer)
{
	struct transfer **link = &transfer->files->transfers;

	while (*link != transfer) {
		link = &(*link)->next;
	}
	*link = transfer->next;
	transfer->files->n_transfers--;
	transfer_destroy(transfer);
}

static void take_stored(struct files *files)
{
	(void)pthread_mutex_lock(&files->lock);
	struct transfer *stored = files->stored;

	files->stored = NULL;
	(void)pthread_mutex_unlock(&files->lock);
	for (struct transfer *next = NULL; stored; stored = next) {
		next = stored->next_done;
		if (transfer_stored(stored)) {
			forget(stored);
			files->look_at_ms = 0; /* there is room for another */
		}
	}
}

static void take_answers(struct files *files)
{
	int n_running = 0;
	struct graph_call *call = NULL;

	(void)curl_multi_perform(files->multi, &n_running); /* each transfer reports its own errors */
	while ((call = graph_next_done(files->multi))) {
		transfer_answered(call->owner);
	}
}

static void retry_stores(struct files *files)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	for (struct transfer *transfer = files->transfers; transfer; transfer = transfer->next) {
		transfer_resubmit(transfer, now_ms);
	}
}

static void *run(void *context)
{
	struct files *files = context;
	bool is_stopping = false;
	bool is_woken = true;

	while (!is_stopping) {
		take_stored(files);
		take_answers(files);
		retry_stores(files);
		int64_t pause_at_ms = pauses_retry(&files->pauses, files->store);

		if (is_woken || cw_clock_monotonic_ms() >= files->look_at_ms) {
			look(files);
		}
		int64_t until_ms = pause_at_ms < files->look_at_ms ? pause_at_ms : files->look_at_ms;
		int64_t wait_ms = until_ms - cw_clock_monotonic_ms();

		wait_ms = files->n_transfers > 0 && wait_ms > TROUBLE_MS ? TROUBLE_MS : wait_ms;
		(void)pthread_mutex_lock(&files->lock);
		bool has_work = files->is_woken || files->stored || files->is_stopping;

		(void)pthread_mutex_unlock(&files->lock);
		if (!has_work) {
			(void)curl_multi_poll(files->multi, NULL, 0, wait_ms < 1 ? 1 : (int)wait_ms, NULL);
		}
		(void)pthread_mutex_lock(&files->lock);
		is_stopping = files->is_stopping;
		is_woken = files->is_woken;
		files->is_woken = false;
		(void)pthread_mutex_unlock(&files->lock);
	}
	return NULL;
}
