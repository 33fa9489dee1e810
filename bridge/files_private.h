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

/* Shared by files.c (the thread, and which files are due) and transfer.c (the steps of one file). */

enum transfer_step {
	TRANSFER_ASK,    /* GET /<media id>, which returns the URL */
	TRANSFER_FETCH,  /* GET <url> */
	TRANSFER_UPLOAD, /* POST /<phone_number_id>/media */
	TRANSFER_STORE   /* storing the outcome */
};

/* One file, from when it is found due until its outcome is stored. */
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
	char source[CW_MEDIA_SOURCE_MAX + 1]; /* WhatsApp's id of the file to fetch */
	char mime_type[CW_MIME_MAX + 1];
	char tag[CW_TAG_MAX + 1];
	char filename[256];
	char token[TOKEN_MAX + 1];
	char uploaded_as[128];
	struct graph_call call;
	curl_mime *form;
	FILE *upload;
	struct cw_media_store_writer *writer;
	struct cw_error error; /* the writer's */
	char why[400];
	bool is_on_the_wire;
	struct cw_store_op op;      /* the move under way; its strings are why, mime_type and uploaded_as */
	int64_t retry_at_ms;        /* monotonic: when to resubmit a move that the store refused; 0: not */
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

	pthread_mutex_t lock; /* guards the next three */
	bool is_stopping, is_woken;
	struct transfer *stored; /* whose moves are committed, or failed */

	/* The thread's own. */
	struct transfer *transfers;
	int n_transfers;
	int64_t look_at_ms; /* monotonic */

	_Atomic int64_t fetched, uploaded, failed;
	atomic_bool is_disk_full; /* while true, nothing is fetched */
};

/* ---- transfer.c: the thread ---- */

/* Begins the transfer; an immediate failure is stored like any other outcome. */
void transfer_begin(struct transfer *transfer);
/* Call when its HTTP call has ended: goes to the next step. */
void transfer_answered(struct transfer *transfer);
/* Call when its move was committed or failed. true: the transfer is over; destroy it. */
bool transfer_stored(struct transfer *transfer);
/* Resubmits its move when that is due. */
void transfer_resubmit(struct transfer *transfer, int64_t now_ms);
void transfer_destroy(struct transfer *transfer);

#endif
