/* SPDX-License-Identifier: MIT */
#include "store/tx.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

int64_t tx_find_account(struct tx *tx, const char *name)
{
	sqlite3_stmt *statement = db_bind(tx->db, SQL_ACCOUNT_BY_NAME, "t", name);
	int64_t id = db_step(tx->db, statement) ? db_int(statement, 0) : 0;

	db_end(statement);
	return id;
}

struct tx_account *tx_account(struct tx *tx, int64_t id)
{
	struct account_row row;

	for (struct tx_account *account = tx->accounts; account; account = account->next) {
		if (account->row.id == id) {
			return account;
		}
	}
	if (!account_load(tx->db, id, &row)) {
		return NULL;
	}
	struct tx_account *account = malloc(sizeof(*account));

	if (!account) {
		db_fail(tx->db, SQLITE_NOMEM);
		return NULL;
	}
	*account = (struct tx_account){ .row = row, .next = tx->accounts };
	tx->accounts = account;
	return account;
}

static void copy_conversation(struct tx *tx, const struct cw_conversation *from, struct cw_conversation *to)
{
	*to = *from;
	to->last_preview = db_dup(tx->db, from->last_preview);
	to->contact.name = db_dup(tx->db, from->contact.name);
	to->contact.username = db_dup(tx->db, from->contact.username);
	to->contact.wa_id = db_dup(tx->db, from->contact.wa_id);
	to->contact.user_id = db_dup(tx->db, from->contact.user_id);
}

static void copy_message(struct tx *tx, const struct cw_message *from, struct cw_message *to)
{
	*to = *from;
	to->wamid = db_dup(tx->db, from->wamid);
	to->target_wamid = db_dup(tx->db, from->target_wamid);
	to->body = db_dup(tx->db, from->body);
}

static struct cw_event *add_event(struct tx *tx)
{
	if (tx->n_events == tx->room) {
		size_t room = tx->room ? 2 * tx->room : 8;
		struct cw_event *events = realloc(tx->events, room * sizeof(*events));

		if (!events) {
			db_fail(tx->db, SQLITE_NOMEM);
			return NULL;
		}
		tx->events = events;
		tx->room = room;
	}
	struct cw_event *event = &tx->events[tx->n_events++];

	memset(event, 0, sizeof(*event));
	return event;
}

/* Copies only what the broker's assignment table needs. */
static void copy_assignment(struct tx *tx, const struct event_spec *spec, struct cw_event *event)
{
	const struct cw_conversation *row = &spec->conversation->row;

	event->changes_assignment = true;
	if (!cw_text_copy(event->lost_by, sizeof(event->lost_by), spec->lost_by ? spec->lost_by : "")) {
		db_fail(tx->db, SQLITE_TOOBIG); /* cannot happen: it came from a row */
	}
	memcpy(event->conversation.id, row->id, sizeof(row->id));
	memcpy(event->conversation.assignee, row->assignee, sizeof(row->assignee));
}

/* The publisher only counts quiet events, so they carry no data, except for a change of assignee. */
static void hand_over(struct tx *tx, const struct event_spec *spec, const struct account_row *account, int64_t prev)
{
	struct cw_event *event = tx->options->on_events ? add_event(tx) : NULL;

	if (!event) {
		return;
	}
	event->id = tx->next_event_id;
	event->seq = account->head;
	event->prev = prev;
	event->kind = spec->kind;
	event->at_ms = tx->now_ms;
	event->is_quiet = tx->is_quiet;
	event->hops = tx->hops;
	memcpy(event->account, account->name, sizeof(event->account));
	memcpy(event->epoch, account->epoch, sizeof(event->epoch));
	if (spec->changes_assignment && spec->conversation) {
		copy_assignment(tx, spec, event);
	}
	if (tx->is_quiet) {
		return;
	}
	event->has_conversation = spec->has_conversation;
	event->has_contact = spec->has_contact;
	if (spec->conversation) {
		copy_conversation(tx, &spec->conversation->row, &event->conversation);
	}
	if (spec->message) {
		copy_message(tx, spec->message, &event->message);
	}
	event->notice = json_deep_copy(spec->notice); /* its value belongs to the webhook's tree */
}

void tx_event(struct tx *tx, const struct event_spec *spec)
{
	struct tx_account *account = tx_account(tx, spec->account);

	if (!account) {
		return;
	}
	int64_t *newest = spec->conversation ? &spec->conversation->last_seq : &account->row.notice_head;
	int64_t prev = *newest;
	int64_t parts = (spec->has_conversation ? PART_CONVERSATION : 0) | (spec->has_contact ? PART_CONTACT : 0) |
			(spec->changes_assignment ? PART_ASSIGNMENT : 0);

	*newest = ++account->row.head;
	db_run(tx->db, SQL_EVENT_INSERT, "iiiiItIiii", tx->next_event_id, spec->account, account->row.head, prev,
	       spec->conversation ? spec->conversation->id : (int64_t)0, cw_event_kind_text(spec->kind), spec->ref,
	       parts, (int64_t)tx->is_quiet, tx->now_ms);
	hand_over(tx, spec, &account->row, prev);
	tx->next_event_id++;
	tx->counts.events++;
}

void tx_save_conversation(struct tx *tx, struct conversation_row *row)
{
	const struct cw_conversation *conversation = &row->row;
	unsigned char uid[CW_CLOCK_UUID_BYTES];
	bool has_last = cw_clock_uuid_parse(conversation->last_message, uid) == CW_OK;

	db_run(tx->db, SQL_CONVERSATION_UPDATE, "iiiiiiibitittii", row->id, conversation->version, row->last_seq,
	       row->top_position, row->read_position, conversation->unread, conversation->window_ends_at_ms,
	       has_last ? uid : NULL, conversation->last_position,
	       has_last ? cw_message_kind_text(conversation->last_kind) : NULL, (int64_t)conversation->last_is_outbound,
	       conversation->last_status ? cw_message_status_text(conversation->last_status) : NULL,
	       conversation->last_preview, (int64_t)conversation->is_done, conversation->created_at_ms);
}

void tx_tell_conversation(struct tx *tx, struct conversation_row *row)
{
	row->row.version++;
	tx_event(tx, &(struct event_spec){ .kind = CW_EVENT_CONVERSATION,
					   .account = row->account,
					   .conversation = row,
					   .has_conversation = true });
	tx_save_conversation(tx, row);
}

void tx_signal(struct tx *tx, const struct cw_signal *signal)
{
	struct cw_signal *signals = realloc(tx->signals, (tx->n_signals + 1) * sizeof(*signals));

	if (!signals) {
		return; /* one signal is lost */
	}
	tx->signals = signals;
	signals[tx->n_signals++] = *signal;
}

void tx_save_accounts(struct tx *tx)
{
	for (struct tx_account *account = tx->accounts; account; account = account->next) {
		db_run(tx->db, SQL_ACCOUNT_ADVANCE, "iii", account->row.id, account->row.head, account->row.notice_head);
	}
}

void tx_finish(struct tx *tx)
{
	while (tx->accounts) {
		struct tx_account *next = tx->accounts->next;

		free(tx->accounts);
		tx->accounts = next;
	}
	for (size_t i = 0; i < tx->n_events; i++) {
		cw_event_finish(&tx->events[i]);
	}
	free(tx->signals);
	tx->signals = NULL;
	tx->n_signals = 0;
	free(tx->events);
	tx->events = NULL;
	tx->n_events = tx->room = 0;
}
