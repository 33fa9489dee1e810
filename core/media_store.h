/* SPDX-License-Identifier: MIT */
#ifndef CORE_MEDIA_STORE_H
#define CORE_MEDIA_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

/*
 * Files named by their SHA-256: DIR/ab/abcd…. Each is written to a temporary file, synced, then renamed, so that a
 * file that exists is complete, and identical files are stored once. Any thread; a writer belongs to one thread.
 */
#define CW_SHA256_BYTES 32

struct cw_media_store_writer;

/*
 * Begins a file of at most max_bytes. CW_FULL: less than min_free_bytes would be left on the disk. *ret_writer is the
 * caller's, to be ended with commit or abandon.
 */
CW_MUST_CHECK enum cw_status cw_media_store_begin(const char *dir, int64_t max_bytes, int64_t min_free_bytes,
						  struct cw_media_store_writer **ret_writer, struct cw_error *reterr);
/* CW_TOO_LARGE, CW_FULL, CW_IO: then nothing more can be written. */
CW_MUST_CHECK enum cw_status cw_media_store_write(struct cw_media_store_writer *writer, const void *bytes, int64_t len,
						  struct cw_error *reterr);
/* Syncs the file and gives it its final name. Frees the writer in any case. */
CW_MUST_CHECK enum cw_status cw_media_store_commit(struct cw_media_store_writer *writer,
						   unsigned char ret_sha256[CW_SHA256_BYTES], int64_t *ret_size,
						   struct cw_error *reterr);
/* Discards the file. NULL is fine. */
void cw_media_store_abandon(struct cw_media_store_writer *writer);

/* The path of a file. false when it does not fit. */
CW_MUST_CHECK bool cw_media_store_path(const char *dir, const unsigned char sha256[CW_SHA256_BYTES], char *out, int size);

/* Removes unfinished files of an earlier run. Call before any writer begins. */
void cw_media_store_clean(const char *dir);

/* Is less than min_free_bytes free? */
bool cw_media_store_is_nearly_full(const char *dir, int64_t min_free_bytes);

#endif
