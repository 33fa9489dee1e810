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

/* What is stored about an agent. Strings are "" when there is no value. */
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
 * CW_STORE_AGENT_ADD: uses account, subject, name, role, password_hash, and email if there is one; makes an event for
 * the account. CW_NOT_FOUND: account; CW_DUPLICATE: subject or email; CW_INVALID.
 *
 * CW_STORE_AGENT_CHANGE: uses account and subject; PASSWORD also uses password_hash. PASSWORD and DISABLE end the
 * agent's sessions and revoke their tokens. CW_NOT_FOUND; CW_DUPLICATE: already disabled or already enabled.
 */
enum cw_agent_change { CW_AGENT_PASSWORD, CW_AGENT_DISABLE, CW_AGENT_ENABLE };
struct cw_store_agent {
	const struct cw_agent *agent; /* borrowed */
	enum cw_agent_change change;
	int64_t forget_at_s;             /* CHANGE: every token has expired by then */
	struct cw_revocation revocation; /* CHANGE: result; kind only meaningful when is_revoked */
	bool is_revoked;
};

/*
 * CW_STORE_SESSION_BEGIN: begins an agent's session. CW_DENIED: the agent was disabled or got another password since
 * *agent was read.
 * CW_STORE_SESSION_USE: returns the session's agent. If it was last used an hour ago or more, the session is extended
 * to expires_at_ms. CW_NOT_FOUND: the session is over.
 * CW_STORE_SESSION_END: CW_NOT_FOUND.
 *
 * Tokens given for a session must be issued at at_ms. A later operation that ends the session revokes the tokens issued
 * up to its own time, which is never before at_ms.
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

/* One agent, by account and subject or by email (lower case), also a disabled one. CW_NOT_FOUND. */
CW_MUST_CHECK enum cw_status cw_store_agent(struct cw_reader *reader, const char *account, const char *subject,
					    struct cw_agent *ret_agent, struct cw_error *reterr);
CW_MUST_CHECK enum cw_status cw_store_agent_by_email(struct cw_reader *reader, const char *email,
						     struct cw_agent *ret_agent, struct cw_error *reterr);

/*
 * An account's agents, ordered by subject. *agent, with its password_hash, is valid during the callback; returning
 * false ends the list.
 */
typedef bool (*cw_agent_fn)(void *context, const struct cw_agent *agent);
CW_MUST_CHECK enum cw_status cw_store_agents(struct cw_reader *reader, const char *account, cw_agent_fn on_agent,
					     void *context, struct cw_error *reterr);

#endif
