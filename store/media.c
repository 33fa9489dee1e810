/* SPDX-License-Identifier: MIT */
#include "store/media.h"

#include <string.h>

#include <openssl/evp.h>

#include "core/text.h"
#include "core/unicode.h"
#include "store/lane.h"

/* WhatsApp keeps an uploaded file for 30 days ("Media", Upload media); one day is reserved for sending the message. */
#define UPLOAD_KEPT_MS (29LL * 24 * 60 * 60 * 1000)

/* A longer one is no extension. */
#define MAX_EXTENSION 16

/* ---- rows ---- */

static void copy_column(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const char *text = db_text(statement, column);

	if (!cw_text_copy(out, size, text ? text : "")) {
		out[0] = '\0'; /* cannot happen: nothing that long is stored */
	}
}

static bool read_media(struct tx *tx, sqlite3_stmt *statement, struct media_row *row)
{
	if (!db_step(tx->db, statement)) {
		return false;
	}
	*row = (struct media_row){
		.id = db_int(statement, COLUMN_MEDIA_ID),
		.account = db_int(statement, COLUMN_MEDIA_ACCOUNT),
		.conversation = db_int(statement, COLUMN_MEDIA_CONVERSATION),
		.message = db_int(statement, COLUMN_MEDIA_MESSAGE),
		.size_bytes = db_int(statement, COLUMN_MEDIA_SIZE),
		.is_inbound = db_text(statement, COLUMN_MEDIA_SOURCE) != NULL,
		.is_uploaded = db_text(statement, COLUMN_MEDIA_UPLOADED_AS) != NULL,
		.uploaded_at_ms = db_int(statement, COLUMN_MEDIA_UPLOADED_AT),
	};
	db_uuid(statement, COLUMN_MEDIA_UID, row->uid);
	copy_column(statement, COLUMN_MEDIA_STATE, row->state, sizeof(row->state));
	copy_column(statement, COLUMN_MEDIA_MIME_TYPE, row->mime_type, sizeof(row->mime_type));
	copy_column(statement, COLUMN_MEDIA_FILENAME, row->filename, sizeof(row->filename));
	copy_column(statement, COLUMN_MEDIA_ERROR, row->error, sizeof(row->error));
	db_end(statement);
	return true;
}

static bool load_media(struct tx *tx, int64_t id, struct media_row *row)
{
	return read_media(tx, db_bind(tx->db, SQL_MEDIA_BY_ID, "i", id), row);
}

bool media_find(struct tx *tx, const char *uid, struct media_row *row)
{
	unsigned char bytes[CW_CLOCK_UUID_BYTES];

	return cw_clock_uuid_parse(uid, bytes) == CW_OK &&
	       read_media(tx, db_bind(tx->db, SQL_MEDIA_BY_UID, "b", bytes), row);
}

json_t *media_shown(const struct media_row *row)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:s*, s:s*}", "id", row->uid, "state", row->state, "mime_type",
			 row->mime_type, "size", (json_int_t)row->size_bytes, "filename",
			 row->filename[0] ? row->filename : NULL, "error", row->error[0] ? row->error : NULL);
}

/* ---- incoming files ---- */

/* Base64 in webhooks, with padding; hexadecimal in the Graph API's answers and in histories. */
static bool read_sha256(const char *text, unsigned char out[CW_SHA256_BYTES])
{
	unsigned char bytes[CW_SHA256_BYTES + 4];
	size_t len = text ? strlen(text) : 0;

	if (len == 2 * CW_SHA256_BYTES) {
		return cw_text_unhex(text, len, out, CW_SHA256_BYTES);
	}
	if (len != 44 || text[43] != '=' || EVP_DecodeBlock(bytes, (const unsigned char *)text, 44) != 33) {
		return false;
	}
	memcpy(out, bytes, CW_SHA256_BYTES);
	return true;
}

/* Cuts a name that is too long at a character, but keeps its extension. */
static void copy_filename(char *out, size_t size, const char *name)
{
	const char *extension = strrchr(name, '.');
	size_t extension_len = extension ? strlen(extension) : 0;

	if (strlen(name) < size || extension_len > MAX_EXTENSION) {
		extension_len = 0;
	}
	size_t len = cw_unicode_cut(name, size - 1 - extension_len);

	memcpy(out, name, len);
	memcpy(out + len, extension_len ? extension : "", extension_len + 1);
}

int64_t media_note(struct tx *tx, const struct number_row *number, const struct conversation_row *row,
		   const struct cw_webhook_item *item, struct draft *draft)
{
	const json_t *content = json_object_get(item->body, "content");
	const char *source = json_string_value(json_object_get(content, "id"));
	const char *mime_type = json_string_value(json_object_get(content, "mime_type"));
	const char *filename = json_string_value(json_object_get(content, "filename"));
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	unsigned char sha256[CW_SHA256_BYTES];
	struct media_row shown = { .state = "pending" };

	if (!cw_message_kind_is_media(item->kind) || !source ||
	    !cw_text_is_made_of(source, strlen(source), CW_MEDIA_SOURCE_MAX, CW_TEXT_ID "_")) {
		return 0;
	}
	bool has_sha256 = read_sha256(json_string_value(json_object_get(content, "sha256")), sha256);

	if (cw_clock_uuid7(tx->now_ms, uid) != CW_OK) {
		db_fail(tx->db, SQLITE_IOERR);
		return 0;
	}
	cw_clock_uuid_text(uid, shown.uid);
	if (!cw_text_copy(shown.mime_type, sizeof(shown.mime_type), mime_type ? mime_type : "")) {
		shown.mime_type[0] = '\0'; /* no valid type is that long */
	}
	copy_filename(shown.filename, sizeof(shown.filename), filename ? filename : "");
	db_run(tx->db, SQL_MEDIA_INSERT, "biiItttiBtiii", uid, number->account, row->id, (int64_t)0, "pending",
	       shown.mime_type, shown.filename[0] ? shown.filename : NULL, (int64_t)0, has_sha256 ? sha256 : NULL,
	       has_sha256 ? CW_SHA256_BYTES : 0, source, number->id, tx->now_ms, tx->now_ms);
	int64_t id = sqlite3_last_insert_rowid(tx->db->handle);
	json_t *media = media_shown(&shown);

	draft_set(tx, draft, "media", media);
	json_decref(media);
	tx->wakes_bridge = true;
	return id;
}

void media_belongs_to(struct tx *tx, int64_t media, int64_t message)
{
	if (media) {
		db_run(tx->db, SQL_MEDIA_SET_MESSAGE, "ii", media, message);
	}
}

/* Updates the message with its file's current state. */
static void tell(struct tx *tx, int64_t id)
{
	struct media_row row;
	struct message_row message;
	struct draft draft;

	if (!load_media(tx, id, &row) || !row.message || !message_load(tx->db, row.message, &message)) {
		return;
	}
	if (draft_open(tx, &message.message, &draft)) {
		json_t *media = media_shown(&row);

		draft_set(tx, &draft, "media", media);
		json_decref(media);
		message_publish_change(tx, CW_EVENT_MEDIA, &message, &draft);
		draft_close(&draft);
	}
	message_row_finish(&message);
}

bool media_fetch_again(struct tx *tx, struct message_row *message)
{
	struct media_row row;

	if (!read_media(tx, db_bind(tx->db, SQL_MEDIA_OF_MESSAGE, "i", message->id), &row) ||
	    strcmp(row.state, "failed") != 0) {
		return false;
	}
	db_run(tx->db, SQL_MEDIA_WANT, "iti", row.id, "pending", tx->now_ms);
	tell(tx, row.id);
	tx->wakes_bridge = true;
	return true;
}

/* ---- outgoing files ---- */

bool media_is_uploaded(struct tx *tx, int64_t media)
{
	struct media_row row;

	return load_media(tx, media, &row) && row.is_uploaded && row.uploaded_at_ms + UPLOAD_KEPT_MS > tx->now_ms;
}

void media_want_upload(struct tx *tx, int64_t media)
{
	if (!media_is_uploaded(tx, media)) {
		db_run(tx->db, SQL_MEDIA_WANT, "iti", media, "ready", tx->now_ms);
		tx->wakes_bridge = true;
	}
}

void media_forget_upload(struct tx *tx, int64_t media)
{
	db_run(tx->db, SQL_MEDIA_FORGET_UPLOAD, "i", media);
	lane_file_awaited(tx, media);
}

enum cw_status apply_media_add(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_media_add *add = &op->media_add;
	struct conversation_row row;
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	int64_t account = tx_find_account(tx, add->account);
	bool is_found = account && conversation_find(tx->db, add->conversation, &row);

	if (!is_found || row.account != account) {
		if (is_found) {
			conversation_row_finish(&row);
		}
		return cw_error_set(&op->error, CW_NOT_FOUND, "no such conversation");
	}
	if (cw_clock_uuid7(tx->now_ms, uid) != CW_OK) {
		db_fail(tx->db, SQLITE_IOERR);
	}
	cw_clock_uuid_text(uid, add->id);
	db_run(tx->db, SQL_MEDIA_INSERT, "biiItttiBtiIi", uid, account, row.id, (int64_t)0, "ready", add->mime_type,
	       add->filename, add->size_bytes, add->sha256, CW_SHA256_BYTES, NULL, row.number, (int64_t)0, tx->now_ms);
	conversation_row_finish(&row);
	return CW_OK;
}

/* ---- outcomes ---- */

static void move_fetched(struct tx *tx, const struct media_row *row, const struct cw_store_media_move *move)
{
	switch (move->outcome) {
	case CW_MEDIA_READY:
		db_run(tx->db, SQL_MEDIA_READY, "itiB", row->id, move->mime_type ? move->mime_type : row->mime_type,
		       move->size_bytes, move->sha256, CW_SHA256_BYTES);
		tell(tx, row->id);
		break;
	case CW_MEDIA_AGAIN:
		db_run(tx->db, SQL_MEDIA_AGAIN, "iit", row->id, move->due_at_ms, move->error);
		if (strcmp(row->error, move->error) != 0) {
			tell(tx, row->id); /* still pending; the reason is announced once, not at each try */
		}
		break;
	case CW_MEDIA_FAILED:
		db_run(tx->db, SQL_MEDIA_FAILED, "itt", row->id, "failed", move->error);
		tell(tx, row->id);
		break;
	case CW_MEDIA_UPLOADED:
		break;
	}
}

static void move_uploaded(struct tx *tx, const struct media_row *row, const struct cw_store_media_move *move)
{
	switch (move->outcome) {
	case CW_MEDIA_UPLOADED:
		db_run(tx->db, SQL_MEDIA_UPLOADED, "iti", row->id, move->uploaded_as, tx->now_ms);
		lane_file_uploaded(tx, row->id);
		break;
	case CW_MEDIA_AGAIN:
		db_run(tx->db, SQL_MEDIA_AGAIN, "iit", row->id, move->due_at_ms, move->error);
		break;
	case CW_MEDIA_FAILED:
		db_run(tx->db, SQL_MEDIA_FAILED, "itt", row->id, "ready", move->error); /* our own copy is intact */
		lane_file_failed(tx, row->id, move->code, move->error);
		break;
	case CW_MEDIA_READY:
		break;
	}
}

enum cw_status apply_media_move(struct tx *tx, struct cw_store_op *op)
{
	struct media_row row;

	if (!load_media(tx, op->media_move.id, &row)) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "no such file");
	}
	if (row.is_inbound) {
		move_fetched(tx, &row, &op->media_move);
	} else {
		move_uploaded(tx, &row, &op->media_move);
	}
	return CW_OK;
}
