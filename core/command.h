/* SPDX-License-Identifier: MIT */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stddef.h>

#include <jansson.h>

#include "core/conversation_id.h"
#include "core/message.h"
#include "core/status.h"

/*
 * What agents ask for, in one JSON form at two doors: `acct/<a>/conv/<c>/cmd/<s>` and
 * POST /api/v1/conversations/{id}/commands (docs/protocol.md, "Commands"). Who sends it and which conversation it is
 * about come from the topic or the path; nothing in the body is believed about that. One thread at a time.
 */
#define CW_COMMAND_MAX_BYTES 65536
#define CW_COMMAND_ID_MAX 64
#define CW_COMMAND_DIGEST_BYTES 32

enum cw_command_type {
	CW_COMMAND_SEND,
	CW_COMMAND_READ,
	CW_COMMAND_TYPING,
	CW_COMMAND_ASSIGN,
	CW_COMMAND_DONE,
	CW_COMMAND_REOPEN,
	CW_COMMAND_RETRY, /* a message that failed or is unknown: another attempt; a file that failed: fetched again */
	CW_COMMAND_DISCARD, /* a message that is queued, retrying or unknown: failed, not to be sent */
	CW_COMMAND_TYPE_COUNT
};

/* Texts are borrowed from root, which the command owns. */
struct cw_command {
	json_t *root;
	char id[CW_COMMAND_ID_MAX + 1];
	enum cw_command_type type;
	unsigned char digest[CW_COMMAND_DIGEST_BYTES]; /* of type and data: is a repeat the same? */

	enum cw_message_kind kind; /* send */
	json_t *content;           /* send */
	const char *reply_to;      /* send: id of the quoted message; NULL: none */
	const char *message;       /* read, retry, discard: id of the message; a reaction's target */
	const char *assignee;      /* assign: "me", a subject, or NULL for nobody */
	const char *epoch;         /* the log's, as the sender knew it when it sent this first; NULL: not said */
};

/* A refusal: docs/protocol.md, "Problems". Its status also is the HTTP answer's; 4xx ends the sender's retries. */
struct cw_problem {
	const char *type; /* static: "bad_command" */
	int status;
	char detail[400];
};

/*
 * Reads a command. false with the problem; *ret_command then holds its id if that could be read,
 * else "". Finish in any case.
 */
CW_MUST_CHECK bool cw_command_parse(const char *bytes, size_t len, struct cw_command *ret_command,
				    struct cw_problem *ret_problem);
void cw_command_finish(struct cw_command *command);

/* Its word on the wire; "" for what is none. For tests. */
const char *cw_command_type_text(enum cw_command_type type);

/* What every door says when a command could not be looked at (503: send it again); status says why. */
void cw_command_busy(enum cw_status status, struct cw_problem *problem);

/* Fills a problem; type is static. */
void cw_problem_set(struct cw_problem *problem, const char *type, int status, const char *format, ...) CW_PRINTF(4, 5);

/*
 * The answers, as JSON text for free(); NULL without memory. id "" becomes null. message, NULL for none, is the id of
 * the message that the command made.
 */
char *cw_command_answer(const char *id, const char *message);
char *cw_command_refusal(const char *id, const struct cw_problem *problem);

#endif
