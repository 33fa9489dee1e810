/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_FILES_PRIVATE_H
#define BRIDGE_FILES_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bridge/files.h"
#include "bridge/graph.h"
#include "bridge/pause.h"
#include "bridge/tokens.h"
#include "core/media_store.h"

/* What files.c (the thread, and what is due) and transfer.c (one file's way) share. */

enum transfer_step {
	TRANSFER_ASK,    /* GET /<media id>: where is it? */
	TRANSFER_FETCH,  /* GET <url> */
	TRANSFER_UPLOAD, /* POST /<phone_number_id>/media */
	TRANSFER_STORE   /* what came of it */
};

/* One file, from when it was found due until what came of it is stored. */
struct transfer {
	struct files *files;
	enum transfer_step step;
	bool is_upload;
	int64_t id;
	int tries;
	int64_t created_at_ms, size_bytes;
	bool has_sha256;
	unsigned char sha256[CW_SHA256_BYTES];
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	char source[CW_MEDIA_SOURCE_MAX + 1]; /* WhatsApp's id of what is fetched */
	char mime_type[CW_MIME_MAX + 1];
	char tag[CW_TAG_MAX + 1];
	char filename[256];
	char token[TOKEN_MAX + 1];
	char uploaded_as[128];
	struct graph_call call;
	curl_mime *form;
	FILE *upload;
	struct cw_media_store_writer *writer;
	struct cw_error error; /* of the writer */
	char why[400];
	bool is_on_the_wire;
	struct cw_store_op op;      /* the move under way; its texts are in why, mime_type and uploaded_as */
	int64_t retry_at_ms;        /* monotonic: the store took nothing; 0 */
	struct transfer *next;      /* files::transfers */
	struct transfer *next_done; /* files::stored */
};

struct files {
	const struct bridge_options *options;
	struct cw_store *store;
	pthread_t thread;
	bool has_thread;
	CURLM *multi;
	struct pauses pauses; /* the thread's own */

	pthread_mutex_t lock; /* guards what follows */
	bool is_stopping, is_woken;
	struct transfer *stored; /* their moves are committed, or failed */

	/* The thread's own. */
	struct transfer *transfers;
	int n_transfers;
	int64_t look_at_ms; /* monotonic */

	_Atomic int64_t fetched, uploaded, failed;
	atomic_bool is_disk_full; /* nothing is fetched meanwhile */
};

/* ---- transfer.c: the thread ---- */

/* Begins it; what goes wrong at once is stored as any other outcome. */
void transfer_begin(struct transfer *transfer);
/* Its call has ended: the next step. */
void transfer_answered(struct transfer *transfer);
/* Its move is committed, or not. true: it is over, and to be destroyed. */
bool transfer_stored(struct transfer *transfer);
/* Submits its move again, when it is time. */
void transfer_resubmit(struct transfer *transfer, int64_t now_ms);
void transfer_destroy(struct transfer *transfer);

#endif
