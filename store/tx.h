/* SPDX-License-Identifier: MIT */
#ifndef STORE_TX_H
#define STORE_TX_H

#include "store/rows.h"
#include "store/store.h"

/*
 * The state of one write transaction: the accounts it touches, the events it makes. Every change to a
 * row that people see goes through tx_event, which assigns its seq in the same transaction. Writer's
 * thread only.
 */
struct tx_account {
	struct account_row row;
	struct tx_account *next;
};

struct tx {
	struct db *db;
	const struct cw_store_options *options;
	int64_t now_ms;
	int64_t next_event_id;
	bool is_quiet;             /* events of a bulk webhook */
	struct cw_hops hops;       /* of the operation being applied */
	bool wakes_bridge;         /* after COMMIT: there is something to send, fetch or upload */
	struct cw_signal *signals; /* for the bridge, after COMMIT */
	size_t n_signals;
	struct tx_account *accounts;
	struct cw_event *events; /* for the publisher, after COMMIT */
	size_t n_events, room;
	struct cw_store_stats counts; /* added to the store's after COMMIT */
};

/* What an event contains. The conversation's row must already hold its new values and version. */
struct event_spec {
	enum cw_event_kind kind;
	int64_t account;
	struct conversation_row *conversation; /* NULL: on acct/<a>/events */
	bool has_conversation, has_contact;    /* parts of data */
	bool changes_assignment;               /* the row's assignee has changed */
	const char *lost_by;                   /* with changes_assignment: the old assignee; NULL or "": nobody */
	int64_t ref;                           /* message.id or notice.id; 0: none */
	const struct cw_message *message;      /* of ref; NULL: none */
	json_t *notice;                        /* of ref; borrowed */
};

/* The account's row id; 0 when there is none or on error. */
int64_t tx_find_account(struct tx *tx, const char *name);

/* The account, read once per transaction. NULL when there is none or on error. */
struct tx_account *tx_account(struct tx *tx, int64_t id);

/* Assigns the event's id, seq and prev, and stores it. Failures are in db->failed. */
void tx_event(struct tx *tx, const struct event_spec *spec);

/* Writes every column of a conversation that may change. Does not bump the version. */
void tx_save_conversation(struct tx *tx, struct conversation_row *row);

/* For a changed conversation: bumps its version, makes the event, and saves it. */
void tx_tell_conversation(struct tx *tx, struct conversation_row *row);

/* Adds a signal for the bridge, handed over after COMMIT. Copies *signal. */
void tx_signal(struct tx *tx, const struct cw_signal *signal);

/* Writes the accounts' heads; call before COMMIT. */
void tx_save_accounts(struct tx *tx);

/* Frees everything, including the events unless they were taken (n_events set to 0). */
void tx_finish(struct tx *tx);

/* ---- the operations: the result is the one operation's, tx->db->failed is the whole transaction's ---- */

enum cw_status apply_webhook(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_account_add(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_number_add(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_alias_add(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_cursor(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_assign(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_revoke(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_limited_seen(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_command(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_outbound_move(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_outbound_recover(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_number_pause(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_mint(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_media_add(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_media_move(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_templates(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_agent_add(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_agent_change(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_session_begin(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_session_use(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_session_end(struct tx *tx, struct cw_store_op *op);
enum cw_status apply_restored(struct tx *tx, struct cw_store_op *op);

/*
 * Replay the kept changes of a number being replayed: a slice; only the first; or give up on the first. false when no
 * number is being replayed.
 */
bool apply_replay_slice(struct tx *tx);
bool apply_replay_one(struct tx *tx);
bool apply_replay_skip(struct tx *tx);

#endif
