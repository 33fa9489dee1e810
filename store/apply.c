/* SPDX-License-Identifier: MIT */
/*
 * Webhooks → accounts and numbers: which account a change belongs to, whether the secret may sign for it,
 * raw changes kept until their number is known, and their replay.
 */
#include <stdlib.h>
#include <string.h>

#include "core/phone.h"
#include "core/text.h"
#include "store/apply_item.h"
#include "store/notice.h"
#include "store/template.h"

/* More events than this in one webhook (a history import) are not published one by one. */
#define MAX_LOUD_EVENTS 200

/* ---- raw changes ---- */

static void keep_raw(struct tx *tx, const char *secret, const struct cw_webhook_change *change, const char *state,
		     const char *reason)
{
	char *text = cw_webhook_keep(change);

	if (!text) {
		db_fail(tx->db, SQLITE_NOMEM);
		return;
	}
	db_run(tx->db, SQL_RAW_INSERT, "itttttB", tx->now_ms, secret, change->waba_id, change->phone_number_id, state,
	       reason, text, (int)strlen(text));
	free(text);
	if (strcmp(state, "waiting") == 0) {
		tx->counts.waiting_changes++;
	} else {
		tx->counts.raw_changes++;
	}
}

/* ---- notices to the account ---- */

static enum cw_event_kind notice_kind(const char *field)
{
	if (strstr(field, "template")) {
		return CW_EVENT_TEMPLATE;
	}
	return strncmp(field, "phone_number", 12) == 0 ? CW_EVENT_NUMBER : CW_EVENT_SETTINGS;
}

/* In Meta's own example, a template's quality update has the field of a status update, and no event. */
static const char *notice_field(const struct cw_webhook_change *change)
{
	bool is_quality = strcmp(change->field, "message_template_status_update") == 0 &&
			  !json_object_get(change->value, "event");

	return is_quality ? "message_template_quality_update" : change->field;
}

/* What the notice is about. A later notice with the same subject replaces it. */
static void notice_subject(const struct cw_webhook_change *change, enum cw_event_kind kind, char *out, size_t size)
{
	static const char *const members[CW_EVENT_KIND_COUNT] = {
		[CW_EVENT_TEMPLATE] = "message_template_id", [CW_EVENT_NUMBER] = "display_phone_number", [CW_EVENT_SETTINGS] = "event"
	};
	json_t *member = json_object_get(change->value, members[kind]);
	const char *text = json_string_value(member);
	bool is_whole = json_is_integer(member) ?
				cw_text_format(out, size, "%lld", (long long)json_integer_value(member)) :
				cw_text_copy(out, size, text ? text : "");

	if (!is_whole) {
		out[0] = '\0';
	}
}

static void apply_notice(struct tx *tx, int64_t account, const struct cw_webhook_change *change)
{
	enum cw_event_kind kind = notice_kind(change->field);
	char subject[128];

	if (kind == CW_EVENT_TEMPLATE) {
		template_note(tx, account, change->waba_id, change->value);
	}
	notice_subject(change, kind, subject, sizeof(subject));
	notice_tell(tx, account, kind, notice_field(change), subject, change->value);
}

/* What webhooks say of the number itself, besides its messages. */
static void learn_number(struct tx *tx, const struct number_row *number, const struct cw_webhook_change *change)
{
	char digits[CW_PHONE_MAX + 1];
	const char *display = change->display_phone;

	if (change->waba_id && !number->has_waba) {
		db_run(tx->db, SQL_NUMBER_SET_WABA, "it", number->id, change->waba_id);
		template_due(tx, number->account, change->waba_id);
	}
	if (display && strcmp(display, number->display_phone) != 0 && cw_phone_digits(display, digits, NULL) == CW_OK &&
	    strcmp(digits, number->display_phone) != 0) {
		db_run(tx->db, SQL_NUMBER_SET_DISPLAY_PHONE, "it", number->id, digits);
	}
}

static size_t accounts_of_waba(struct tx *tx, const char *waba_id, int64_t *accounts, size_t max)
{
	size_t n = 0;
	sqlite3_stmt *statement = waba_id ? db_bind(tx->db, SQL_ACCOUNTS_OF_WABA, "t", waba_id) : NULL;

	while (n < max && db_step(tx->db, statement)) {
		accounts[n++] = db_int(statement, 0);
	}
	db_end(statement);
	return n;
}

static int64_t only_account_of(struct tx *tx, const char *secret)
{
	const char *name = tx->options->secrets.only_account(tx->options->secrets.context, secret);
	sqlite3_stmt *statement = name ? db_bind(tx->db, SQL_ACCOUNT_BY_NAME, "t", name) : NULL;
	int64_t id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return id;
}

static bool secret_allows(struct tx *tx, const char *secret, const char *account)
{
	return tx->options->secrets.allows(tx->options->secrets.context, secret, account);
}

static void route_notice(struct tx *tx, const char *secret, const struct cw_webhook_change *change)
{
	int64_t accounts[16];
	size_t n = accounts_of_waba(tx, change->waba_id, accounts, sizeof(accounts) / sizeof(accounts[0]));

	if (n == 0 && (accounts[0] = only_account_of(tx, secret)) != 0) {
		n = 1;
	}
	if (n == 0) {
		keep_raw(tx, secret, change, "kept", "an account-level change for an unknown WABA");
	}
	for (size_t i = 0; i < n; i++) {
		struct tx_account *account = tx_account(tx, accounts[i]);

		if (account && secret_allows(tx, secret, account->row.name)) {
			apply_notice(tx, accounts[i], change);
		} else {
			tx->counts.refused_changes++;
		}
	}
}

/* ---- a change, a webhook ---- */

/*
 * A change that names its number, also a NOTICE of field messages (value.errors). It is kept while its number is
 * unknown or being replayed, and refused if the secret may not sign for the number's account. true when the change
 * was applied now.
 */
static bool apply_change_of_number(struct tx *tx, const char *secret, const struct cw_webhook *webhook,
				   const struct cw_webhook_change *change, bool is_replay)
{
	struct number_row number;

	if (!number_find(tx->db, change->phone_number_id, &number)) {
		keep_raw(tx, secret, change, "waiting", "the phone_number_id is not known yet");
		return false;
	}
	if (!secret_allows(tx, secret, number.account_name)) {
		tx->counts.refused_changes++;
		return false;
	}
	if (!tx_account(tx, number.account)) {
		return false;
	}
	if (number.is_replaying && !is_replay) {
		keep_raw(tx, secret, change, "waiting", "earlier changes of the number are being replayed");
		return false;
	}
	learn_number(tx, &number, change);
	if (change->type == CW_CHANGE_NOTICE) {
		apply_notice(tx, number.account, change);
	}
	for (size_t i = 0; i < change->n_items && tx->db->failed == SQLITE_OK; i++) {
		apply_item(tx, &number, &webhook->items[change->first_item + i]);
	}
	return true;
}

static void apply_one_change(struct tx *tx, const char *secret, const struct cw_webhook *webhook,
			     const struct cw_webhook_change *change, bool is_replay)
{
	if (change->type == CW_CHANGE_RAW) {
		keep_raw(tx, secret, change, "kept", change->reason);
	} else if (!change->phone_number_id) {
		route_notice(tx, secret, change);
	} else if (apply_change_of_number(tx, secret, webhook, change, is_replay) && change->reason) {
		keep_raw(tx, secret, change, "kept", change->reason); /* some of its items were not understood */
	}
}

enum cw_status apply_webhook(struct tx *tx, struct cw_store_op *op)
{
	const struct cw_webhook *webhook = op->webhook.webhook;

	tx->counts.webhooks++;
	if (!webhook) {
		db_run(tx->db, SQL_RAW_INSERT, "itttttB", tx->now_ms, op->webhook.secret, NULL, NULL, "kept",
		       op->webhook.reason, op->webhook.raw, (int)op->webhook.raw_len);
		tx->counts.raw_changes++;
		return CW_OK;
	}
	tx->counts.repaired += webhook->was_repaired;
	tx->is_quiet = webhook->n_items > MAX_LOUD_EVENTS;
	for (size_t i = 0; i < webhook->n_changes && tx->db->failed == SQLITE_OK; i++) {
		apply_one_change(tx, op->webhook.secret, webhook, &webhook->changes[i], false);
	}
	tx->is_quiet = false;
	return CW_OK;
}

/* ---- replay ---- */

/* Each may be as large as a webhook. */
#define REPLAY_SLICE 20

struct waiting {
	int64_t id;
	char *secret;
	char *body;
};

static void replay_one(struct tx *tx, const struct waiting *waiting)
{
	struct cw_webhook webhook;
	struct cw_error error;

	if (!waiting->secret || !waiting->body || cw_webhook_parse_kept(waiting->body, &webhook, &error) != CW_OK) {
		db_run(tx->db, SQL_RAW_KEEP, "it", waiting->id, "cannot be read again");
		return;
	}
	db_run(tx->db, SQL_RAW_DELETE, "i", waiting->id);
	tx->is_quiet = webhook.n_items > MAX_LOUD_EVENTS;
	for (size_t i = 0; i < webhook.n_changes; i++) {
		apply_one_change(tx, waiting->secret, &webhook, &webhook.changes[i], true);
	}
	tx->is_quiet = false;
	cw_webhook_finish(&webhook);
}

static size_t read_waiting(struct tx *tx, const char *phone_number_id, int64_t limit, struct waiting *slice)
{
	size_t n = 0;
	sqlite3_stmt *statement = db_bind(tx->db, SQL_RAW_WAITING, "ti", phone_number_id, limit);

	while (db_step(tx->db, statement)) {
		slice[n++] = (struct waiting){ .id = db_int(statement, 0),
					       .secret = db_copy(tx->db, statement, 1),
					       .body = db_copy(tx->db, statement, 2) };
	}
	return n;
}

static void give_up(struct tx *tx, const struct waiting *waiting)
{
	db_run(tx->db, SQL_RAW_KEEP, "it", waiting->id, "cannot be stored");
}

static bool find_replaying(struct tx *tx, struct number_row *number)
{
	char phone_number_id[CW_PHONE_NUMBER_ID_MAX + 1];
	sqlite3_stmt *statement = db_bind(tx->db, SQL_NUMBER_REPLAYING, "");

	if (!db_step(tx->db, statement)) {
		return false;
	}
	bool is_copied = cw_text_copy(phone_number_id, sizeof(phone_number_id), db_text(statement, 0));

	db_end(statement);
	return is_copied && number_find(tx->db, phone_number_id, number);
}

static bool replay(struct tx *tx, int64_t limit, void (*act)(struct tx *tx, const struct waiting *waiting))
{
	struct waiting slice[REPLAY_SLICE];
	struct number_row number;

	if (!find_replaying(tx, &number)) {
		return tx->db->failed != SQLITE_OK; /* on failure, try again later */
	}
	size_t n = read_waiting(tx, number.phone_number_id, limit, slice);

	for (size_t i = 0; i < n; i++) {
		if (tx->db->failed == SQLITE_OK) {
			act(tx, &slice[i]);
		}
		free(slice[i].secret);
		free(slice[i].body);
	}
	if (n == 0) {
		db_run(tx->db, SQL_NUMBER_REPLAYED, "i", number.id);
	}
	return true;
}

bool apply_replay_slice(struct tx *tx)
{
	return replay(tx, REPLAY_SLICE, replay_one);
}

bool apply_replay_one(struct tx *tx)
{
	return replay(tx, 1, replay_one);
}

bool apply_replay_skip(struct tx *tx)
{
	return replay(tx, 1, give_up);
}
