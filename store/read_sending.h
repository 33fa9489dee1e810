/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_SENDING_H
#define STORE_READ_SENDING_H

#include "store/sending.h"

/* Reading about sending and files, for the bridge and for people: part of store/store.h. */
struct cw_reader;

/* An attempt, with everything its request needs. Strings are valid during the call. */
struct cw_outbound {
	int64_t id;
	enum cw_outbound_state state;
	int attempt;
	int tries;
	int64_t queued_at_ms, due_at_ms, window_ends_at_ms;
	char message[CW_CLOCK_UUID_TEXT];
	char tag[CW_TAG_MAX + 1];
	int64_t conversation; /* row id; identifies the lane */
	enum cw_message_kind kind;
	const char *body;                       /* of the message, JSON */
	const char *wa_id, *user_id, *group_id; /* the customer's newest live identities; NULL: none */
	const char *target_wamid;               /* of a reaction's target; NULL */
	const char *uploaded_as;                /* the file's id at WhatsApp; NULL: it has none */
	enum cw_message_status reported;
	const char *account, *phone_number_id;
	int code; /* of the last failure, for lists; 0 */
	const char *conversation_id;
};
typedef bool (*cw_outbound_fn)(void *context, const struct cw_outbound *outbound);

/* A file to fetch from WhatsApp (source: its id there) or to upload (source NULL). Strings are valid in the call. */
struct cw_media_job {
	int64_t id;
	bool is_upload;
	const char *phone_number_id, *source, *mime_type, *filename, *tag;
	unsigned char sha256[CW_SHA256_BYTES];
	bool has_sha256;
	int tries;
	int64_t size_bytes, created_at_ms;
};
typedef bool (*cw_media_job_fn)(void *context, const struct cw_media_job *job);

/* A file as served over HTTP. */
struct cw_media {
	char conversation[CW_CONVERSATION_ID_MAX + 1];
	char assignee[CW_SUBJECT_MAX + 1];
	char account[CW_ACCOUNT_MAX + 1];
	char mime_type[CW_MIME_MAX + 1];
	char filename[256]; /* "": none */
	char state[8];
	int64_t size_bytes;
	unsigned char sha256[CW_SHA256_BYTES];
};

/*
 * Attempts due at a number, in sending order: queued, retrying, or unknown for so long that their lane may continue.
 * *ret_next_due_ms: when the next one is due; CW_STORE_NEVER: none.
 */
CW_MUST_CHECK enum cw_status cw_store_next_outbound(struct cw_reader *reader, const char *phone_number_id,
						    int64_t now_ms, int64_t limit, cw_outbound_fn on_outbound,
						    void *context, int64_t *ret_next_due_ms, struct cw_error *reterr);

/* Attempts about which WhatsApp has since reported something that their state does not say. */
CW_MUST_CHECK enum cw_status cw_store_settled_outbound(struct cw_reader *reader, int64_t limit,
						       cw_outbound_fn on_outbound, void *context,
						       struct cw_error *reterr);

/* For people: unfinished attempts by id, those after after_id; and the newest failed ones. */
CW_MUST_CHECK enum cw_status cw_store_list_outbound(struct cw_reader *reader, int64_t after_id, int64_t limit,
						    cw_outbound_fn on_outbound, void *context, struct cw_error *reterr);
CW_MUST_CHECK enum cw_status cw_store_list_failed(struct cw_reader *reader, int64_t limit, cw_outbound_fn on_outbound,
						  void *context, struct cw_error *reterr);

struct cw_outbound_counts {
	int64_t n[CW_OUTBOUND_STATE_COUNT]; /* the final states are not counted */
	int64_t oldest_queued_at_ms;        /* of queued and retrying; 0: none */
	int64_t n_media, oldest_media_at_ms;
};
CW_MUST_CHECK enum cw_status cw_store_outbound_counts(struct cw_reader *reader, struct cw_outbound_counts *ret_counts,
						      struct cw_error *reterr);

/* The wamid of the customer's newest message in a conversation (row id). CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_customer_wamid(struct cw_reader *reader, int64_t conversation,
						     char ret_wamid[CW_WAMID_MAX + 1], struct cw_error *reterr);

/* WhatsApp's id of a message, by our id. CW_NOT_FOUND also while it has none. */
CW_MUST_CHECK enum cw_status cw_store_wamid_of(struct cw_reader *reader, const char *message,
					       char ret_wamid[CW_WAMID_MAX + 1], struct cw_error *reterr);

/* A message's account and conversation, by the message's id on the wire. CW_NOT_FOUND. */
struct cw_message_place {
	char account[CW_ACCOUNT_MAX + 1];
	char conversation[CW_CONVERSATION_ID_MAX + 1];
};
CW_MUST_CHECK enum cw_status cw_store_message_place(struct cw_reader *reader, const char *message,
						    struct cw_message_place *ret_place, struct cw_error *reterr);

/* Files due to be fetched or uploaded; *ret_next_due_ms as above. */
CW_MUST_CHECK enum cw_status cw_store_next_media(struct cw_reader *reader, int64_t now_ms, int64_t limit,
						 cw_media_job_fn on_job, void *context, int64_t *ret_next_due_ms,
						 struct cw_error *reterr);

/* By its id on the wire. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_media(struct cw_reader *reader, const char *id, struct cw_media *ret_media,
					    struct cw_error *reterr);

/* row: {waba_id,name,language,status,category,components,synced_at,quality}, borrowed. Returns whether to continue. */
typedef bool (*cw_template_fn)(void *context, json_t *row);
CW_MUST_CHECK enum cw_status cw_store_list_templates(struct cw_reader *reader, const char *account,
						     cw_template_fn on_template, void *context, struct cw_error *reterr);

/*
 * The WABAs whose templates are to be fetched, the longest waiting first, once for each of their numbers: any of these
 * may have an access token. Strings are borrowed. Returns whether to continue.
 */
typedef bool (*cw_template_due_fn)(void *context, const char *account, const char *waba_id, const char *phone_number_id);
CW_MUST_CHECK enum cw_status cw_store_due_templates(struct cw_reader *reader, cw_template_due_fn on_due, void *context,
						    struct cw_error *reterr);

#endif
