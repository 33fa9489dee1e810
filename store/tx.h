/* SPDX-License-Identifier: MIT */
#ifndef STORE_TX_H
#define STORE_TX_H

#include "store/rows.h"
#include "store/store.h"

/*
 * What one write transaction knows: the accounts it touches, the events it makes. Every change of a
 * row that people see goes through tx_event, which gives it its seq in the same transaction. Writer's
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
	struct cw_hops hops;       /* of the operation that is applied now */
	bool wakes_bridge;         /* after COMMIT: there is something to send, to fetch or to upload */
	struct cw_signal *signals; /* for the bridge, after COMMIT */
	size_t n_signals;
	struct tx_account *accounts;
	struct cw_event *events; /* for the publisher, after COMMIT */
	size_t n_events, room;
	struct cw_store_stats counts; /* added to the store's after COMMIT */
};

/* What an event is to say. The conversation's row must hold its new values and version already. */
struct event_spec {
	enum cw_event_kind kind;
	int64_t account;
	struct conversation_row *conversation; /* NULL: on acct/<a>/events */
	bool has_conversation, has_contact;    /* parts of data */
	bool changes_assignment;               /* the row has another assignee than before */
	const char *lost_by;                   /* then: who had it; NULL or "": nobody */
	int64_t ref;                           /* message.id or notice.id; 0: none */
	const struct cw_message *message;      /* of ref; NULL: none */
	json_t *notice;                        /* of ref; borrowed */
};

/* The account's row id; 0 when there is none or on error. */
int64_t tx_find_account(struct tx *tx, const char *name);

/* The account, read once per transaction. NULL when there is none or on error. */
struct tx_account *tx_account(struct tx *tx, int64_t id);

/* Gives the event its id, seq and prev and stores it. Failures are db->failed. */
void tx_event(struct tx *tx, const struct event_spec *spec);

/* Bumps nothing, writes everything that may change of a conversation. */
void tx_save_conversation(struct tx *tx, struct conversation_row *row);

/* It has changed: another version, the event, and saved. */
void tx_tell_conversation(struct tx *tx, struct conversation_row *row);

/* For the bridge, after COMMIT. A copy is taken. */
void tx_signal(struct tx *tx, const struct cw_signal *signal);

/* Writes the accounts' heads; call before COMMIT. */
void tx_save_accounts(struct tx *tx);

/* Frees; the events too unless they were taken (n_events set to 0). */
void tx_finish(struct tx *tx);

/* ---- the operations, one function each; they answer for the one operation, tx->db->failed for all ---- */

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

/* One slice of kept changes of a number that is being replayed; or only the first; or the first is given up. false when no number is. */
bool apply_replay_slice(struct tx *tx);
bool apply_replay_one(struct tx *tx);
bool apply_replay_skip(struct tx *tx);

#endif
