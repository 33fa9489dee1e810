/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_AGENT_H
#define STORE_READ_AGENT_H

#include "core/conversation_id.h"
#include "core/revocation.h"
#include "core/token.h"

/* Agents who sign in here, and their sessions: part of store/store.h. */

#define CW_SECRET_SHA256_BYTES 32
#define CW_AGENT_NAME_MAX 120
#define CW_EMAIL_MAX 254         /* RFC 5321, section 4.5.3.1.3 */
#define CW_PASSWORD_HASH_MAX 383 /* crypt(3), CRYPT_OUTPUT_SIZE less the NUL */

/* What is stored of an agent. Texts are "" when there is none. */
struct cw_agent {
	char account[CW_ACCOUNT_MAX + 1];
	char subject[CW_SUBJECT_MAX + 1];
	char email[CW_EMAIL_MAX + 1];
	char name[CW_AGENT_NAME_MAX + 1];
	char role[CW_ROLE_MAX + 1];
	char password_hash[CW_PASSWORD_HASH_MAX + 1];
	int64_t disabled_at_ms; /* 0: may sign in */
	int64_t created_at_ms;
};

/*
 * CW_STORE_AGENT_ADD: account, subject, name, role, password_hash, and email if there is one; an event tells the
 * account. CW_NOT_FOUND: account; CW_DUPLICATE: subject or email; CW_INVALID.
 *
 * CW_STORE_AGENT_CHANGE: of account and subject. PASSWORD takes password_hash, and DISABLE nothing more: both end the
 * agent's sessions and revoke their tokens. CW_NOT_FOUND; CW_DUPLICATE: it stands so.
 */
enum cw_agent_change { CW_AGENT_PASSWORD, CW_AGENT_DISABLE, CW_AGENT_ENABLE };
struct cw_store_agent {
	const struct cw_agent *agent; /* borrowed */
	enum cw_agent_change change;
	int64_t forget_at_s;             /* CHANGE: no token lives longer */
	struct cw_revocation revocation; /* CHANGE: result; kind only meaningful when is_revoked */
	bool is_revoked;
};

/*
 * CW_STORE_SESSION_BEGIN: of an agent, unless since it was read it was disabled or got another password: CW_DENIED.
 * CW_STORE_SESSION_USE: whose it is, if it is not over; used again after an hour, it lasts until expires_at_ms. CW_NOT_FOUND.
 * CW_STORE_SESSION_END: CW_NOT_FOUND.
 *
 * A token given for a session is issued at at_ms: what ends the session in a later operation revokes tokens up to a time
 * that is not before.
 */
struct cw_store_session {
	const struct cw_agent *agent; /* BEGIN; borrowed */
	struct cw_agent *ret_agent;   /* USE: result; the caller's */
	bool is_prolonged;            /* USE: result */
	int64_t at_ms;                /* BEGIN, USE: result */
	unsigned char secret_sha256[CW_SECRET_SHA256_BYTES];
	int64_t expires_at_ms;
};

/* ---- reading ---- */

struct cw_reader;

/* By account and subject, or by email (lower case); disabled ones, too. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_agent(struct cw_reader *reader, const char *account, const char *subject,
					    struct cw_agent *ret_agent, struct cw_error *reterr);
CW_MUST_CHECK enum cw_status cw_store_agent_by_email(struct cw_reader *reader, const char *email,
						     struct cw_agent *ret_agent, struct cw_error *reterr);

/* Of an account, by subject. The row, with its password_hash, lives during the call; false ends the list. */
typedef bool (*cw_agent_fn)(void *context, const struct cw_agent *agent);
CW_MUST_CHECK enum cw_status cw_store_agents(struct cw_reader *reader, const char *account, cw_agent_fn on_agent,
					     void *context, struct cw_error *reterr);

#endif
