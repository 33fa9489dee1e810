/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"
#include "core/revocation.h"
#include "core/status.h"
#include "core/webhook.h"
#include "store/read_agent.h"
#include "store/read_rights.h"
#include "store/read_search.h"
#include "store/read_sending.h"
#include "store/read_thread.h"

/*
 * The store: operations, not SQL. The database is the log. One writer thread does every commit and
 * every checkpoint; all other threads submit operations to it or read on connections of their own.
 * One process owns a directory, through a lock that it holds while the store is open.
 *
 * Any thread may submit. Completion is reported through on_done, on the writer's thread, after COMMIT
 * or failure; until then the operation and all it points to belong to the store.
 */
struct cw_store;

/* Which accounts an app secret may sign for. Called on the writer's thread. */
struct cw_store_secrets {
	bool (*allows)(void *context, const char *secret, const char *account);
	/* The account, when the secret lists exactly one; else NULL. */
	const char *(*only_account)(void *context, const char *secret);
	void *context;
};

struct cw_store_options {
	const char *dir;              /* contains convwire.db and run.lock */
	const struct cw_tag_key *tag; /* borrowed while the store is open */
	struct cw_store_secrets secrets;
	int64_t max_queue_bytes;
	int64_t max_queue_age_ms;
	int64_t event_retention_ms; /* older events are trimmed; 0: never */
	/*
	 * Receives the events of a commit, in order, on the writer's thread. It takes ownership of the
	 * array (free()) and its events. NULL: none.
	 */
	void (*on_events)(void *context, struct cw_event *events, size_t n_events);
	void *on_events_context;
	/* Called after a commit that gave the bridge work: outgoing messages, files. Writer's thread. NULL: none. */
	void (*on_outbound)(void *context);
	/* Called after a commit for each read mark or typing indicator; they are not stored. The signal is valid during
	 * the call. Writer's thread. NULL: none. */
	void (*on_signal)(void *context, const struct cw_signal *signal);
	void *on_outbound_context; /* of both */
	/*
	 * May an agent of this role answer in a conversation that is assigned to them? Asked before an agent with a
	 * password gets one. Writer's thread. NULL: everybody may.
	 */
	bool (*may_answer)(void *context, const char *account, const char *subject, const char *role);
	void *may_answer_context;
	/*
	 * A stored row violates an invariant, and is ignored; the text says which. The same row may be reported again
	 * and again. Any thread. NULL: none.
	 */
	void (*on_fault)(void *context, const char *text);
	void *on_fault_context;
	/* The disk failed during a COMMIT: the caller must end the process. Writer's thread. NULL: abort(). */
	void (*on_broken)(void *context, const char *what);
	void *on_broken_context;
};

/*
 * Opens or creates DIR/convwire.db and starts the writer. CW_BUSY when another process owns the
 * directory; CW_INVALID when the database is not Convwire's or is newer; CW_IO, CW_FULL.
 */
CW_MUST_CHECK enum cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **ret_store,
					   struct cw_error *reterr);

/* Finishes all queued operations, calls their on_done, and accepts no more; reading still works. NULL is fine. */
void cw_store_stop_writing(struct cw_store *store);

/* Stops writing and closes. All readers must have been released. NULL is fine. */
void cw_store_close(struct cw_store *store);

/* ---- writing ---- */

enum cw_store_op_type {
	CW_STORE_WEBHOOK,
	CW_STORE_ACCOUNT_ADD, /* CW_DUPLICATE: already exists */
	CW_STORE_NUMBER_ADD,  /* CW_NOT_FOUND: account; CW_DUPLICATE: the number already exists */
	CW_STORE_ALIAS_ADD,   /* one legacy id; mints the conversation. CW_DUPLICATE: already an alias of it */
	CW_STORE_CURSOR,      /* the publisher's */
	CW_STORE_ASSIGN, /* CW_DUPLICATE: already assigned that way; CW_NOT_FOUND; CW_INVALID: subject; CW_DENIED: cannot answer */
	CW_STORE_REVOKE,       /* CW_INVALID; also deletes expired revocations and ends the sessions it applies to */
	CW_STORE_LIMITED_SEEN, /* an agent limited to assigned conversations called /sync; CW_NOT_FOUND */
	CW_STORE_COMMAND,      /* from here on: store/sending.h */
	CW_STORE_OUTBOUND_MOVE,
	CW_STORE_OUTBOUND_RECOVER, /* after a start: every `sending` attempt becomes unknown */
	CW_STORE_NUMBER_PAUSE,
	CW_STORE_MINT,
	CW_STORE_MEDIA_ADD,
	CW_STORE_MEDIA_MOVE,
	CW_STORE_TEMPLATES,
	CW_STORE_AGENT_ADD, /* from here on: store/read_agent.h */
	CW_STORE_AGENT_CHANGE,
	CW_STORE_SESSION_BEGIN,
	CW_STORE_SESSION_USE,
	CW_STORE_SESSION_END,
	CW_STORE_RESTORED /* store/backup.h */
};

struct cw_store_op {
	enum cw_store_op_type type;
	void (*on_done)(struct cw_store_op *op); /* may be NULL */
	void *context;                           /* the submitter's */
	enum cw_status status;                   /* set before on_done */
	struct cw_error error;                   /* set before on_done unless CW_OK */
	struct cw_store_op *next;                /* the store's */
	int64_t queued_at_ms;                    /* the store's, monotonic */
	size_t bytes;                            /* counts against the queue's limit */
	union {
		struct {
			const char *secret;         /* name of the app secret that signed it */
			struct cw_webhook *webhook; /* NULL: could not be parsed, raw is kept */
			const char *raw;
			size_t raw_len;
			const char *reason; /* why it could not be parsed */
			struct cw_hops hops;
		} webhook;
		struct {
			const char *name;
		} account;
		struct {
			const char *account;
			const char *phone_number_id;
			const char *waba_id; /* NULL: learned later */
			bool is_simulated;
		} number;
		struct {
			const char *account;
			const char *phone_number_id;
			const char *customer; /* digits or business-scoped user id */
			const char *legacy_id;
			char conversation[CW_CONVERSATION_ID_MAX + 1]; /* result: the canonical id */
		} alias;
		struct {
			int64_t event_id;
		} cursor;
		/* Applies to the conversation and all merged into it, whichever of them is named; makes an event for each. */
		struct {
			const char *account;
			const char *conversation;                   /* canonical id */
			const char *subject;                        /* NULL: unassign */
			char canonical[CW_CONVERSATION_ID_MAX + 1]; /* result: the id of the unmerged one */
		} assign;
		struct cw_revocation revocation; /* result: the one now in effect; an earlier one may reach further */
		struct {
			const char *account, *subject;
		} limited;
		struct cw_store_command command;
		struct cw_store_outbound_move outbound_move;
		int64_t recover_until_ms; /* OUTBOUND_RECOVER: when their lanes continue */
		int64_t n_unknown;        /* RESTORED: result */
		struct cw_store_pause pause;
		struct cw_store_mint mint;
		struct cw_store_media_add media_add;
		struct cw_store_media_move media_move;
		struct cw_store_templates templates;
		struct cw_store_agent agent;
		struct cw_store_session session;
	};
};

/* Queues *op. CW_BUSY: the queue is over its limits; CW_FULL: the disk is full. On these, *op remains the caller's. */
CW_MUST_CHECK enum cw_status cw_store_submit(struct cw_store *store, struct cw_store_op *op);

/* Submits, waits, and returns op->status. Not from the writer's thread. */
CW_MUST_CHECK enum cw_status cw_store_run(struct cw_store *store, struct cw_store_op *op);

/* Counters since the store was opened, and its state; any thread. */
struct cw_store_stats {
	int64_t webhooks, messages, duplicates, statuses, events;
	int64_t refused_changes; /* signed with a secret that may not sign for the account */
	int64_t raw_changes;     /* kept raw: not understood */
	int64_t waiting_changes; /* kept raw: number not known yet, or being replayed */
	int64_t repaired;
	int64_t commits, batch_max, checkpoints, checkpoint_max_ms, wal_pages;
	int64_t trims; /* retention runs, whether or not there was something to trim */
	int64_t queue_ops, queue_bytes, queue_age_ms;
	bool is_full;
};
void cw_store_stats(struct cw_store *store, struct cw_store_stats *ret_stats);

/* ---- reading ---- */

/*
 * A read transaction: everything read through one reader is one consistent snapshot. Acquiring blocks while
 * all read connections are in use. Release it soon: an old reader keeps the WAL from shrinking.
 */
struct cw_reader;
CW_MUST_CHECK enum cw_status cw_reader_acquire(struct cw_store *store, struct cw_reader **ret_reader,
					       struct cw_error *reterr);
void cw_reader_release(struct cw_reader *reader);

struct cw_account {
	char name[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t head;
	int64_t first_seq; /* oldest event still kept; head + 1 when there is none */
};

/* CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_account(struct cw_reader *reader, const char *name,
					      struct cw_account *ret_account, struct cw_error *reterr);

/* Callbacks return whether to continue. Their arguments belong to the store and are valid during the call. */
typedef bool (*cw_account_fn)(void *context, const struct cw_account *account);
typedef bool (*cw_event_fn)(void *context, const struct cw_event *event);
typedef bool (*cw_conversation_fn)(void *context, const struct cw_conversation *conversation);

CW_MUST_CHECK enum cw_status cw_store_accounts(struct cw_reader *reader, cw_account_fn on_account, void *context,
					       struct cw_error *reterr);

/* Events of an account with seq > since, ascending. */
CW_MUST_CHECK enum cw_status cw_store_events_after(struct cw_reader *reader, const char *account, int64_t since,
						   cw_event_fn on_event, void *context, struct cw_error *reterr);

/* Events of all accounts with id > after, ascending, at most limit; for the publisher. */
CW_MUST_CHECK enum cw_status cw_store_log_after(struct cw_reader *reader, int64_t after, int64_t limit,
						cw_event_fn on_event, void *context, struct cw_error *reterr);

/* How many events have id > after, and the time of the oldest of them (0: none). */
CW_MUST_CHECK enum cw_status cw_store_log_lag(struct cw_reader *reader, int64_t after, int64_t *ret_count,
					      int64_t *ret_oldest_at_ms, struct cw_error *reterr);

/* The publisher's saved cursor; 0 when there is none. */
CW_MUST_CHECK enum cw_status cw_store_cursor(struct cw_reader *reader, int64_t *ret_event_id, struct cw_error *reterr);

/* The highest event id ever used, even if that event has been trimmed; 0: none. */
CW_MUST_CHECK enum cw_status cw_store_newest_event_id(struct cw_reader *reader, int64_t *ret_event_id,
						      struct cw_error *reterr);

/*
 * Conversations of an account, or only those assigned to assignee (if not NULL), by last activity, newest first.
 * Continues after the row (position, id) in cursor; start with "". cursor is set to the last row given.
 */
#define CW_LIST_CURSOR_MAX 48
CW_MUST_CHECK enum cw_status cw_store_conversations(struct cw_reader *reader, const char *account, const char *assignee,
						    char cursor[CW_LIST_CURSOR_MAX], cw_conversation_fn on_conversation,
						    void *context, struct cw_error *reterr);

/* One conversation by canonical id, even a merged one. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_conversation(struct cw_reader *reader, const char *id,
						   cw_conversation_fn on_conversation, void *context,
						   struct cw_error *reterr);

/*
 * Every conversation of an account that an id may refer to. id: a canonical or legacy id, a phone number, or a
 * business-scoped user id; phone_number_id narrows the search (NULL: any number). matched_by says how it matched;
 * on_compared gets one line per comparison. For a merged conversation, on_match gets the one it was merged into.
 */
struct cw_resolve_sink {
	bool (*on_match)(void *context, const struct cw_conversation *conversation, const char *matched_by);
	void (*on_compared)(void *context, const char *line);
	void *context;
};
CW_MUST_CHECK enum cw_status cw_store_resolve(struct cw_reader *reader, const char *account, const char *id,
					      const char *phone_number_id, const struct cw_resolve_sink *sink,
					      struct cw_error *reterr);

/* Numbers, oldest first. */
struct cw_number {
	const char *phone_number_id, *account, *waba_id; /* waba_id may be NULL */
	bool is_simulated, is_replaying;
	int64_t paused_at_ms; /* 0: not paused */
	int paused_code;
	const char *paused_reason; /* NULL: not paused */
	const char *display_phone; /* digits; NULL: no webhook has come */
};
typedef bool (*cw_number_fn)(void *context, const struct cw_number *number);
CW_MUST_CHECK enum cw_status cw_store_numbers(struct cw_reader *reader, cw_number_fn on_number, void *context,
					      struct cw_error *reterr);

/*
 * The checks behind `convwire check`: on_fault gets a sentence for each violated invariant. published is the
 * publisher's current cursor, or -1 for the last saved one.
 */
struct cw_check {
	int64_t messages, conversations, waiting_changes, kept_changes, lag_events, lag_ms, faults;
	bool has_checked_search; /* SQLite before 3.44 does not check the search index here; a backup does */
};
CW_MUST_CHECK enum cw_status cw_store_check(struct cw_reader *reader, int64_t published,
					    void (*on_fault)(void *context, const char *text), void *context,
					    struct cw_check *ret_check, struct cw_error *reterr);
/* Only the invariants of sending, which stop messages when they are violated: fast enough for doctor. */
CW_MUST_CHECK enum cw_status cw_store_check_sending(struct cw_reader *reader,
						    void (*on_fault)(void *context, const char *text), void *context,
						    struct cw_error *reterr);

#endif
