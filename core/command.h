/* SPDX-License-Identifier: MIT */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stddef.h>

#include <jansson.h>

#include "core/conversation_id.h"
#include "core/message.h"
#include "core/status.h"

/*
 * Agents' commands, in one JSON form for both entry points: `acct/<a>/conv/<c>/cmd/<s>` and
 * POST /api/v1/conversations/{id}/commands (docs/protocol.md, "Commands"). The sender and the conversation are taken
 * from the topic or the path, never from the body. One thread at a time.
 */
#define CW_COMMAND_MAX_BYTES 65536
#define CW_COMMAND_ID_MAX 64
#define CW_COMMAND_DIGEST_BYTES 32

enum cw_command_type {
	CW_COMMAND_SEND,
	CW_COMMAND_READ,
	CW_COMMAND_UNREAD,
	CW_COMMAND_TYPING,
	CW_COMMAND_ASSIGN,
	CW_COMMAND_DONE,
	CW_COMMAND_REOPEN,
	CW_COMMAND_RETRY,   /* a failed or unknown message: another attempt; a failed file: fetched again */
	CW_COMMAND_DISCARD, /* a queued, retrying or unknown message: marked failed, not sent */
	CW_COMMAND_TYPE_COUNT
};

/* Strings are borrowed from root, which the command owns. */
struct cw_command {
	json_t *root;
	char id[CW_COMMAND_ID_MAX + 1];
	enum cw_command_type type;
	unsigned char digest[CW_COMMAND_DIGEST_BYTES]; /* of type and data, to compare a repeat */

	enum cw_message_kind kind; /* send */
	json_t *content;           /* send */
	const char *reply_to;      /* send: id of the quoted message; NULL: none */
	const char *message;  /* read, retry, discard: id of the message; a reaction's target; unread: may be NULL */
	const char *assignee; /* assign: "me", a subject, or NULL for nobody */
	const char *epoch;    /* the log's epoch known to the sender when it first sent this; NULL: not given */
};

/* A refusal: docs/protocol.md, "Problems". status is also the HTTP status; on 4xx the sender stops retrying. */
struct cw_problem {
	const char *type; /* static: "bad_command" */
	int status;
	char detail[400];
};

/*
 * Parses a command. false with the problem; *ret_command then has the command's id if that could be read,
 * else "". Call cw_command_finish in any case.
 */
CW_MUST_CHECK bool cw_command_parse(const char *bytes, size_t len, struct cw_command *ret_command,
				    struct cw_problem *ret_problem);
void cw_command_finish(struct cw_command *command);

/* Its name on the wire; "" for an invalid type. For tests. */
const char *cw_command_type_text(enum cw_command_type type);

/* The problem for a command that could not be processed now (503: send it again); status says why. */
void cw_command_busy(enum cw_status status, struct cw_problem *problem);

/* Fills a problem; type is static. */
void cw_problem_set(struct cw_problem *problem, const char *type, int status, const char *format, ...) CW_PRINTF(4, 5);

/*
 * The answers as JSON text, to be freed with free(); NULL when out of memory. id "" becomes null. message is the id of
 * the message that the command created; NULL: none.
 */
char *cw_command_answer(const char *id, const char *message);
char *cw_command_refusal(const char *id, const struct cw_problem *problem);

#endif
