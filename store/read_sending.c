/* SPDX-License-Identifier: MIT */
/* Reading for the bridge, attempts that are due and files to transfer, and for people who ask about them. */
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "store/rows.h"
#include "store/store_private.h"

static void copy_column(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const char *text = db_text(statement, column);

	if (!cw_text_copy(out, size, text ? text : "")) {
		out[0] = '\0'; /* cannot happen: nothing that long is stored */
	}
}

/* ---- attempts ---- */

/* Reads OUTBOUND_JOB_COLUMNS; false for a row that cannot be used. Strings are valid until the next step. */
static bool read_job(struct db *db, sqlite3_stmt *statement, struct cw_outbound *outbound)
{
	*outbound = (struct cw_outbound){
		.id = db_int(statement, COLUMN_JOB_ID),
		.attempt = (int)db_int(statement, COLUMN_JOB_ATTEMPT),
		.tries = (int)db_int(statement, COLUMN_JOB_TRIES),
		.queued_at_ms = db_int(statement, COLUMN_JOB_QUEUED_AT),
		.due_at_ms = db_int(statement, COLUMN_JOB_DUE_AT),
		.window_ends_at_ms = db_int(statement, COLUMN_JOB_WINDOW_ENDS_AT),
		.conversation = db_int(statement, COLUMN_JOB_CONVERSATION),
		.body = db_text(statement, COLUMN_JOB_BODY),
		.wa_id = db_text(statement, COLUMN_JOB_WA_ID),
		.user_id = db_text(statement, COLUMN_JOB_USER_ID),
		.group_id = db_text(statement, COLUMN_JOB_GROUP_ID),
		.target_wamid = db_text(statement, COLUMN_JOB_TARGET_WAMID) ?
					db_text(statement, COLUMN_JOB_TARGET_WAMID) :
					db_text(statement, COLUMN_JOB_BARE_TARGET_WAMID),
		.uploaded_as = db_text(statement, COLUMN_JOB_UPLOADED_AS),
		.account = db_text(statement, COLUMN_JOB_ACCOUNT_NAME),
		.phone_number_id = db_text(statement, COLUMN_JOB_PHONE_NUMBER_ID),
		.code = (int)db_int(statement, COLUMN_JOB_CODE),
		.conversation_id = db_text(statement, COLUMN_JOB_CONVERSATION_NAME),
	};
	db_uuid(statement, COLUMN_JOB_MESSAGE_UID, outbound->message);
	copy_column(statement, COLUMN_JOB_TAG, outbound->tag, sizeof(outbound->tag));
	bool is_sound = cw_outbound_state_parse(db_text(statement, COLUMN_JOB_STATE), &outbound->state) == CW_OK &&
			cw_message_kind_parse(db_text(statement, COLUMN_JOB_KIND), &outbound->kind) == CW_OK &&
			outbound->body && outbound->account && outbound->phone_number_id && outbound->conversation_id;

	if (!is_sound && !cw_memory_ran_out()) {
		db_report(db, "attempt %lld to send has an unknown state or kind, or lacks a text",
			  (long long)outbound->id);
	}
	if (cw_message_status_reported(db_text(statement, COLUMN_JOB_REPORTED), &outbound->reported) != CW_OK) {
		outbound->reported = CW_STATUS_NONE;
	}
	return is_sound;
}

/* Up to `limit` rows that can be used; the others stop nobody, so the statement itself has no limit. */
static enum cw_status give_jobs(struct cw_reader *reader, sqlite3_stmt *statement, int64_t limit,
				cw_outbound_fn on_outbound, void *context, struct cw_error *reterr)
{
	for (int64_t n = 0; n < limit && db_step(&reader->db, statement);) {
		struct cw_outbound outbound;

		bool is_sound = read_job(&reader->db, statement, &outbound);

		n += is_sound;
		if (cw_memory_ran_out() || (is_sound && !on_outbound(context, &outbound))) {
			break;
		}
	}
	db_end(statement);
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_next_outbound(struct cw_reader *reader, const char *phone_number_id, int64_t now_ms,
				      int64_t limit, cw_outbound_fn on_outbound, void *context,
				      int64_t *ret_next_due_ms, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_OUTBOUND_NEXT, "ti", phone_number_id, now_ms);
	enum cw_status status = give_jobs(reader, statement, limit, on_outbound, context, reterr);

	if (status != CW_OK) {
		return status;
	}
	statement = db_bind(&reader->db, SQL_OUTBOUND_NEXT_DUE, "ti", phone_number_id, now_ms);
	*ret_next_due_ms = db_step(&reader->db, statement) ? db_int(statement, 0) : CW_STORE_NEVER;
	db_end(statement);
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_settled_outbound(struct cw_reader *reader, int64_t limit, cw_outbound_fn on_outbound,
					 void *context, struct cw_error *reterr)
{
	return give_jobs(reader, db_bind(&reader->db, SQL_OUTBOUND_SETTLED, ""), limit, on_outbound, context, reterr);
}

enum cw_status cw_store_list_outbound(struct cw_reader *reader, int64_t after_id, int64_t limit,
				      cw_outbound_fn on_outbound, void *context, struct cw_error *reterr)
{
	return give_jobs(reader, db_bind(&reader->db, SQL_OUTBOUND_LIST, "i", after_id), limit, on_outbound, context,
			 reterr);
}

enum cw_status cw_store_list_failed(struct cw_reader *reader, int64_t limit, cw_outbound_fn on_outbound, void *context,
				    struct cw_error *reterr)
{
	return give_jobs(reader, db_bind(&reader->db, SQL_OUTBOUND_LIST_FAILED, ""), limit, on_outbound, context, reterr);
}

enum cw_status cw_store_outbound_counts(struct cw_reader *reader, struct cw_outbound_counts *ret_counts,
					struct cw_error *reterr)
{
	struct cw_outbound_counts counts = { .oldest_queued_at_ms = 0 };

	for (int state = 0; state < CW_OUTBOUND_STATE_COUNT; state++) {
		sqlite3_stmt *statement = db_bind(&reader->db, SQL_OUTBOUND_COUNT, "t",
						  cw_outbound_state_text((enum cw_outbound_state)state));
		int64_t oldest = 0;

		if (db_step(&reader->db, statement)) {
			counts.n[state] = db_int(statement, 0);
			oldest = db_int(statement, 1);
		}
		db_end(statement);
		if (oldest && (state == CW_OUTBOUND_QUEUED || state == CW_OUTBOUND_RETRYING) &&
		    (!counts.oldest_queued_at_ms || oldest < counts.oldest_queued_at_ms)) {
			counts.oldest_queued_at_ms = oldest;
		}
	}
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_MEDIA_COUNT_DUE, "");

	if (db_step(&reader->db, statement)) {
		counts.n_media = db_int(statement, 0);
		counts.oldest_media_at_ms = db_int(statement, 1);
	}
	db_end(statement);
	*ret_counts = counts;
	return db_status(&reader->db, reterr);
}

static enum cw_status give_wamid(struct cw_reader *reader, sqlite3_stmt *statement, char ret_wamid[CW_WAMID_MAX + 1],
				 struct cw_error *reterr)
{
	bool is_found = db_step(&reader->db, statement);

	if (is_found) {
		copy_column(statement, 0, ret_wamid, CW_WAMID_MAX + 1);
		db_end(statement);
	}
	enum cw_status status = db_status(&reader->db, reterr);

	return status == CW_OK && !is_found ? cw_error_set(reterr, CW_NOT_FOUND, "no message from the customer") : status;
}

enum cw_status cw_store_customer_wamid(struct cw_reader *reader, int64_t conversation, char ret_wamid[CW_WAMID_MAX + 1],
				       struct cw_error *reterr)
{
	return give_wamid(reader, db_bind(&reader->db, SQL_LAST_CUSTOMER_WAMID, "ii", conversation, INT64_MAX),
			  ret_wamid, reterr);
}

enum cw_status cw_store_wamid_of(struct cw_reader *reader, const char *message, char ret_wamid[CW_WAMID_MAX + 1],
				 struct cw_error *reterr)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];

	if (cw_clock_uuid_parse(message, uid) != CW_OK) {
		return cw_error_set(reterr, CW_NOT_FOUND, "no message has this id");
	}
	return give_wamid(reader, db_bind(&reader->db, SQL_WAMID_OF, "b", uid), ret_wamid, reterr);
}

enum cw_status cw_store_message_place(struct cw_reader *reader, const char *message, struct cw_message_place *ret_place,
				      struct cw_error *reterr)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	bool is_id = cw_clock_uuid_parse(message, uid) == CW_OK;
	sqlite3_stmt *statement = is_id ? db_bind(&reader->db, SQL_MESSAGE_PLACE, "b", uid) : NULL;
	bool is_found = db_step(&reader->db, statement);

	if (is_found) {
		copy_column(statement, 0, ret_place->account, sizeof(ret_place->account));
		copy_column(statement, 1, ret_place->conversation, sizeof(ret_place->conversation));
		db_end(statement);
	}
	enum cw_status status = db_status(&reader->db, reterr);

	return status == CW_OK && !is_found ? cw_error_set(reterr, CW_NOT_FOUND, "no message %.40s", message) : status;
}

/* ---- files ---- */

static bool read_sha256(sqlite3_stmt *statement, int column, unsigned char out[CW_SHA256_BYTES])
{
	const void *sha256 = sqlite3_column_blob(statement, column);

	if (!sha256 || sqlite3_column_bytes(statement, column) != CW_SHA256_BYTES) {
		return false;
	}
	memcpy(out, sha256, CW_SHA256_BYTES);
	return true;
}

/* Reads MEDIA_COLUMNS, the number and the tag. */
static void read_media_job(sqlite3_stmt *statement, struct cw_media_job *job)
{
	*job = (struct cw_media_job){
		.id = db_int(statement, COLUMN_MEDIA_ID),
		.is_upload = db_text(statement, COLUMN_MEDIA_SOURCE) == NULL,
		.mime_type = db_text(statement, COLUMN_MEDIA_MIME_TYPE),
		.filename = db_text(statement, COLUMN_MEDIA_FILENAME),
		.size_bytes = db_int(statement, COLUMN_MEDIA_SIZE),
		.source = db_text(statement, COLUMN_MEDIA_SOURCE),
		.tries = (int)db_int(statement, COLUMN_MEDIA_TRIES),
		.created_at_ms = db_int(statement, COLUMN_MEDIA_CREATED_AT),
		.phone_number_id = db_text(statement, N_MEDIA_COLUMNS),
		.tag = db_text(statement, N_MEDIA_COLUMNS + 1),
	};
	job->has_sha256 = read_sha256(statement, COLUMN_MEDIA_SHA256, job->sha256);
}

enum cw_status cw_store_next_media(struct cw_reader *reader, int64_t now_ms, int64_t limit, cw_media_job_fn on_job,
				   void *context, int64_t *ret_next_due_ms, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_MEDIA_NEXT, "ii", now_ms, limit);

	while (db_step(&reader->db, statement)) {
		struct cw_media_job job;

		read_media_job(statement, &job);
		if (!on_job(context, &job)) {
			db_end(statement);
			break;
		}
	}
	statement = db_bind(&reader->db, SQL_MEDIA_NEXT_DUE, "i", now_ms);
	*ret_next_due_ms = db_step(&reader->db, statement) ? db_int(statement, 0) : CW_STORE_NEVER;
	db_end(statement);
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_media(struct cw_reader *reader, const char *id, struct cw_media *ret_media,
			      struct cw_error *reterr)
{
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	struct conversation_row row;
	struct account_row account;
	struct cw_media media = { .size_bytes = 0 };
	int64_t conversation = 0;

	if (cw_clock_uuid_parse(id, uid) == CW_OK) {
		sqlite3_stmt *statement = db_bind(&reader->db, SQL_MEDIA_BY_UID, "b", uid);

		if (db_step(&reader->db, statement)) {
			conversation = db_int(statement, COLUMN_MEDIA_CONVERSATION);
			copy_column(statement, COLUMN_MEDIA_STATE, media.state, sizeof(media.state));
			copy_column(statement, COLUMN_MEDIA_MIME_TYPE, media.mime_type, sizeof(media.mime_type));
			copy_column(statement, COLUMN_MEDIA_FILENAME, media.filename, sizeof(media.filename));
			media.size_bytes = db_int(statement, COLUMN_MEDIA_SIZE);
			(void)read_sha256(statement, COLUMN_MEDIA_SHA256, media.sha256); /* present once the file is ready */
			db_end(statement);
		}
	}
	if (!conversation || !conversation_load(&reader->db, conversation, &row)) {
		enum cw_status status = db_status(&reader->db, reterr);

		return status != CW_OK ? status : cw_error_set(reterr, CW_NOT_FOUND, "no such file");
	}
	memcpy(media.conversation, row.row.id, sizeof(media.conversation));
	memcpy(media.assignee, row.row.assignee, sizeof(media.assignee));
	if (account_load(&reader->db, row.account, &account)) {
		memcpy(media.account, account.name, sizeof(media.account));
	}
	conversation_row_finish(&row);
	*ret_media = media;
	return db_status(&reader->db, reterr);
}

/* ---- templates ---- */

enum cw_status cw_store_list_templates(struct cw_reader *reader, const char *account, cw_template_fn on_template,
				       void *context, struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_TEMPLATE_LIST, "t", account);

	while (db_step(&reader->db, statement)) {
		json_t *components = json_loads(db_text(statement, 5), JSON_DECODE_ANY, NULL);
		json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o*, s:I, s:s?}", "waba_id", db_text(statement, 0),
					"name", db_text(statement, 1), "language", db_text(statement, 2), "status",
					db_text(statement, 3), "category", db_text(statement, 4), "components",
					components, "synced_at", (json_int_t)db_int(statement, 6), "quality",
					db_text(statement, 7));
		bool goes_on = row && on_template(context, row);

		json_decref(row);
		if (!goes_on) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}

enum cw_status cw_store_due_templates(struct cw_reader *reader, cw_template_due_fn on_due, void *context,
				      struct cw_error *reterr)
{
	sqlite3_stmt *statement = db_bind(&reader->db, SQL_TEMPLATE_DUE_LIST, "");

	while (db_step(&reader->db, statement)) {
		if (!on_due(context, db_text(statement, 0), db_text(statement, 1), db_text(statement, 2))) {
			db_end(statement);
			break;
		}
	}
	return db_status(&reader->db, reterr);
}
