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

/*
 * The store: operations, not SQL. The database is the log; one writer thread
 * does every commit and every checkpoint, everyone else submits to it or reads on a
 * connection of their own. One process owns a directory, by a lock it holds while the store is open.
 *
 * Submitting: any thread. An operation is told by its callback, on the writer's thread, after COMMIT
 * or after it failed; until then it and all it points to belong to the store.
 */
struct cw_store;

/* What an app secret may speak for. Called on the writer's thread. */
struct cw_store_secrets {
	bool (*allows)(void *context, const char *secret, const char *account);
	/* The account, when the secret lists exactly one; else NULL. */
	const char *(*only_account)(void *context, const char *secret);
	void *context;
};

struct cw_store_options {
	const char *dir;              /* holds convwire.db and run.lock */
	const struct cw_tag_key *tag; /* borrowed while the store is open */
	struct cw_store_secrets secrets;
	int64_t max_queue_bytes;
	int64_t max_queue_age_ms;
	int64_t event_retention_ms; /* older events are trimmed; 0: never */
	/*
	 * Receives the events of a commit, in order, on the writer's thread. The array (free()) and its
	 * events are the receiver's from then on. NULL: nobody listens.
	 */
	void (*on_events)(void *context, struct cw_event *events, size_t n_events);
	void *on_events_context;
	/* After a commit with which the bridge got something to do: outgoing messages, files. Writer's thread. NULL: none. */
	void (*on_outbound)(void *context);
	/* After a commit, for each thing that is done at once and not kept (read marks, typing). The signal ends with the call.
	 * Writer's thread. NULL: none. */
	void (*on_signal)(void *context, const struct cw_signal *signal);
	void *on_outbound_context; /* of both */
	/* The disk failed under a COMMIT: the caller must end the process. Writer's thread. NULL: abort(). */
	void (*on_broken)(void *context, const char *what);
	void *on_broken_context;
};

/*
 * Opens or makes DIR/convwire.db and starts the writer. CW_BUSY when another process holds the
 * directory, CW_INVALID for a database that is not ours or newer, CW_IO, CW_FULL.
 */
CW_MUST_CHECK enum cw_status cw_store_open(const struct cw_store_options *options, struct cw_store **ret_store,
					   struct cw_error *reterr);

/* Finishes what is queued, tells every submitter, and takes nothing more; reading goes on. NULL is fine. */
void cw_store_stop_writing(struct cw_store *store);

/* Stops writing and closes. NULL is fine. No reader may be out. */
void cw_store_close(struct cw_store *store);

/* ---- writing ---- */

enum cw_store_op_type {
	CW_STORE_WEBHOOK,
	CW_STORE_ACCOUNT_ADD,  /* CW_DUPLICATE when it is there */
	CW_STORE_NUMBER_ADD,   /* CW_NOT_FOUND without the account, CW_DUPLICATE when the number is there */
	CW_STORE_ALIAS_ADD,    /* one legacy id; mints the conversation. CW_DUPLICATE when it names it already */
	CW_STORE_CURSOR,       /* the publisher's */
	CW_STORE_ASSIGN,       /* CW_DUPLICATE when it stands so already, CW_NOT_FOUND, CW_INVALID subject */
	CW_STORE_REVOKE,       /* CW_INVALID; forgets those that are over, and ends the sessions of whom it names */
	CW_STORE_LIMITED_SEEN, /* an agent limited to some conversations called /sync; CW_NOT_FOUND */
	CW_STORE_COMMAND,      /* what follows: store/sending.h */
	CW_STORE_OUTBOUND_MOVE,
	CW_STORE_OUTBOUND_RECOVER, /* after a start: every `sending` becomes unknown */
	CW_STORE_NUMBER_PAUSE,
	CW_STORE_MINT,
	CW_STORE_MEDIA_ADD,
	CW_STORE_MEDIA_MOVE,
	CW_STORE_TEMPLATES,
	CW_STORE_AGENT_ADD, /* what follows: store/read_agent.h */
	CW_STORE_AGENT_CHANGE,
	CW_STORE_SESSION_BEGIN,
	CW_STORE_SESSION_USE,
	CW_STORE_SESSION_END,
	CW_STORE_RESTORED /* store/backup.h */
};

struct cw_store_op {
	enum cw_store_op_type type;
	void (*on_done)(struct cw_store_op *op); /* NULL for nobody to be told */
	void *context;                           /* the submitter's */
	enum cw_status status;                   /* set before on_done */
	struct cw_error error;                   /* set before on_done unless CW_OK */
	struct cw_store_op *next;                /* the store's */
	int64_t queued_at_ms;                    /* the store's, monotonic */
	size_t bytes;                            /* what it weighs in the queue's limit */
	union {
		struct {
			const char *secret;         /* name of the app secret that signed it */
			struct cw_webhook *webhook; /* NULL: not understood, raw is kept */
			const char *raw;
			size_t raw_len;
			const char *reason; /* why it was not understood */
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
		/* With those merged into it, whichever of them is named; an event for each. */
		struct {
			const char *account;
			const char *conversation;                   /* canonical id */
			const char *subject;                        /* NULL: nobody has it from now on */
			char canonical[CW_CONVERSATION_ID_MAX + 1]; /* result: of the one that was not merged */
		} assign;
		struct cw_revocation revocation; /* result: as it stands now; an older one may reach further */
		struct {
			const char *account, *subject;
		} limited;
		struct cw_store_command command;
		struct cw_store_outbound_move outbound_move;
		int64_t recover_until_ms; /* when their lanes go on */
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

/* Queues *op. CW_BUSY when the queue is over its limits, CW_FULL while the disk is full: *op is the caller's again. */
CW_MUST_CHECK enum cw_status cw_store_submit(struct cw_store *store, struct cw_store_op *op);

/* Submits, waits, and answers op->status. Not from the writer's thread. */
CW_MUST_CHECK enum cw_status cw_store_run(struct cw_store *store, struct cw_store_op *op);

/* Counters since the store was opened, and its state; any thread. */
struct cw_store_stats {
	int64_t webhooks, messages, duplicates, statuses, events;
	int64_t refused_changes; /* a secret signed for another account's number */
	int64_t raw_changes;     /* kept: not understood */
	int64_t waiting_changes; /* kept: number not known yet */
	int64_t repaired;
	int64_t commits, batch_max, checkpoints, checkpoint_max_ms, wal_pages;
	int64_t trims; /* rounds of retention, whether or not there was something to trim */
	int64_t queue_ops, queue_bytes, queue_age_ms;
	bool is_full;
};
void cw_store_stats(struct cw_store *store, struct cw_store_stats *ret_stats);

/* ---- reading ---- */

/*
 * A read transaction: everything asked through one reader is of one moment. Blocks while all of the
 * store's read connections are out. Give it back soon: an old reader keeps the WAL from shrinking.
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

/* Callbacks answer whether to go on. What they are given is the store's and ends with the call. */
typedef bool (*cw_account_fn)(void *context, const struct cw_account *account);
typedef bool (*cw_event_fn)(void *context, const struct cw_event *event);
typedef bool (*cw_conversation_fn)(void *context, const struct cw_conversation *conversation);
typedef bool (*cw_message_fn)(void *context, const struct cw_message *message);

CW_MUST_CHECK enum cw_status cw_store_accounts(struct cw_reader *reader, cw_account_fn on_account, void *context,
					       struct cw_error *reterr);

/* Events of an account with seq > since, ascending. */
CW_MUST_CHECK enum cw_status cw_store_events_after(struct cw_reader *reader, const char *account, int64_t since,
						   cw_event_fn on_event, void *context, struct cw_error *reterr);

/* Events of all accounts with id > after, ascending, at most limit: the publisher's road. */
CW_MUST_CHECK enum cw_status cw_store_log_after(struct cw_reader *reader, int64_t after, int64_t limit,
						cw_event_fn on_event, void *context, struct cw_error *reterr);

/* How many events lie after `after`, and the oldest's time (0: none). */
CW_MUST_CHECK enum cw_status cw_store_log_lag(struct cw_reader *reader, int64_t after, int64_t *ret_count,
					      int64_t *ret_oldest_at_ms, struct cw_error *reterr);

/* The publisher's saved cursor; 0 when there is none. */
CW_MUST_CHECK enum cw_status cw_store_cursor(struct cw_reader *reader, int64_t *ret_event_id, struct cw_error *reterr);

/* Highest id that an event has, or had before it was trimmed; 0: there was none. */
CW_MUST_CHECK enum cw_status cw_store_newest_event_id(struct cw_reader *reader, int64_t *ret_event_id,
						      struct cw_error *reterr);

/*
 * Conversations of an account, all or (assignee not NULL) those that an agent has, by last activity, newest first,
 * beginning after (position, id) of the row that *cursor names: "" begins, and it is set to the last row given.
 */
#define CW_LIST_CURSOR_MAX 48
CW_MUST_CHECK enum cw_status cw_store_conversations(struct cw_reader *reader, const char *account, const char *assignee,
						    char cursor[CW_LIST_CURSOR_MAX], cw_conversation_fn on_conversation,
						    void *context, struct cw_error *reterr);

/* One conversation by canonical id, also a merged one. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_conversation(struct cw_reader *reader, const char *id,
						   cw_conversation_fn on_conversation, void *context,
						   struct cw_error *reterr);

/*
 * Messages of a conversation and of those merged into it, newest first, with position < before
 * (INT64_MAX begins). A few more than limit when they share the last one's position. CW_NOT_FOUND.
 */
CW_MUST_CHECK enum cw_status cw_store_messages(struct cw_reader *reader, const char *conversation, int64_t before,
					       int64_t limit, cw_message_fn on_message, void *context,
					       struct cw_error *reterr);

/*
 * Every conversation of an account that a name may mean. id: canonical, legacy, phone, business-scoped
 * user id; phone_number_id narrows (NULL: any). `matched_by` says how; `compared` gets one line for each
 * comparison that was made. Merged conversations answer with the one they went into.
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
	int64_t paused_at_ms; /* 0: it sends */
	int paused_code;
	const char *paused_reason; /* NULL: it sends */
};
typedef bool (*cw_number_fn)(void *context, const struct cw_number *number);
CW_MUST_CHECK enum cw_status cw_store_numbers(struct cw_reader *reader, cw_number_fn on_number, void *context,
					      struct cw_error *reterr);

/*
 * What `convwire check` asks: on_fault gets a sentence for each broken promise. published is the publisher's
 * cursor as it is now, or -1 for the one saved last.
 */
struct cw_check {
	int64_t messages, conversations, waiting_changes, kept_changes, lag_events, lag_ms, faults;
};
CW_MUST_CHECK enum cw_status cw_store_check(struct cw_reader *reader, int64_t published,
					    void (*on_fault)(void *context, const char *text), void *context,
					    struct cw_check *ret_check, struct cw_error *reterr);

#endif
