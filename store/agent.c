/* SPDX-License-Identifier: MIT */
/* Agents who sign in here, and their sessions. */
#include <string.h>

#include "core/text.h"
#include "store/agent_row.h"
#include "store/notice.h"
#include "store/revocation.h"

#define HOUR_MS (60 * 60 * 1000LL)

/* Makes the event with what colleagues may know. */
static void tell(struct tx *tx, int64_t account, const struct cw_agent *agent, bool is_disabled)
{
	json_t *value = json_pack("{s:s, s:s, s:s, s:b}", "subject", agent->subject, "name", agent->name, "role",
				  agent->role, "disabled", is_disabled);

	notice_tell(tx, account, CW_EVENT_AGENT, "agent", agent->subject, value);
	json_decref(value);
}

static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && at[1] != '\0' && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n");
}

static enum cw_status check(const struct cw_agent *agent, struct cw_error *reterr)
{
	if (!cw_subject_is_valid(agent->subject)) {
		return cw_error_set(reterr, CW_INVALID, "agent \"%.70s\": an agent id has 1 to 64 letters, digits or -",
				    agent->subject);
	}
	if (agent->name[0] == '\0') {
		return cw_error_set(reterr, CW_INVALID, "agent %s has no name", agent->subject);
	}
	if (agent->email[0] != '\0' && !is_email(agent->email)) {
		return cw_error_set(reterr, CW_INVALID, "\"%.100s\" is not an email address", agent->email);
	}
	return CW_OK;
}

static bool find(struct tx *tx, const struct cw_agent *agent, struct agent_row *row)
{
	return agent_read(tx->db, db_bind(tx->db, SQL_AGENT_BY_SUBJECT, "tt", agent->account, agent->subject), row);
}

static enum cw_status not_found(const struct cw_agent *agent, struct cw_error *reterr)
{
	return cw_error_set(reterr, CW_NOT_FOUND, "account %.70s has no agent %.70s; `convwire agent list` lists them",
			    agent->account, agent->subject);
}

enum cw_status apply_agent_add(struct tx *tx, struct cw_store_op *op)
{
	const struct cw_agent *agent = op->agent.agent;
	struct agent_row row;
	enum cw_status status = check(agent, &op->error);
	int64_t account = status == CW_OK ? tx_find_account(tx, agent->account) : 0;

	if (status != CW_OK) {
		return status;
	}
	if (!account || !tx_account(tx, account)) {
		return cw_error_set(&op->error, CW_NOT_FOUND,
				    "account %.70s does not exist; create it with `convwire account add`",
				    agent->account);
	}
	if (find(tx, agent, &row)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "account %s already has an agent %s", agent->account,
				    agent->subject);
	}
	if (agent->email[0] && agent_read(tx->db, db_bind(tx->db, SQL_AGENT_BY_EMAIL, "t", agent->email), &row)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "%s is already used by agent %s of account %s",
				    agent->email, row.agent.subject, row.agent.account);
	}
	db_run(tx->db, SQL_AGENT_INSERT, "ittttti", account, agent->subject, agent->email[0] ? agent->email : NULL,
	       agent->name, agent->role, agent->password_hash, tx->now_ms);
	tell(tx, account, agent, false);
	return CW_OK;
}

/* Ends the agent's sessions and revokes the tokens issued so far. */
static void turn_out(struct tx *tx, struct cw_store_agent *change, const struct agent_row *row)
{
	change->revocation = (struct cw_revocation){ .kind = CW_REVOKE_SUBJECT,
						     .revoked_at_s = tx->now_ms / 1000,
						     .forget_at_s = change->forget_at_s };
	memcpy(change->revocation.account, row->agent.account, sizeof(change->revocation.account));
	memcpy(change->revocation.value, row->agent.subject, sizeof(change->revocation.value));
	revocation_store(tx, &change->revocation);
	change->is_revoked = true;
}

enum cw_status apply_agent_change(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_agent *change = &op->agent;
	struct agent_row row;

	if (!find(tx, change->agent, &row) || !tx_account(tx, row.account)) {
		return not_found(change->agent, &op->error);
	}
	bool is_disabled = row.agent.disabled_at_ms != 0;

	if (change->change == CW_AGENT_PASSWORD) {
		db_run(tx->db, SQL_AGENT_SET_PASSWORD, "it", row.id, change->agent->password_hash);
	} else if (is_disabled == (change->change == CW_AGENT_DISABLE)) {
		return cw_error_set(&op->error, CW_DUPLICATE, "agent %s %s", row.agent.subject,
				    is_disabled ? "is already disabled" : "is not disabled");
	} else {
		db_run(tx->db, SQL_AGENT_SET_DISABLED, "iI", row.id,
		       change->change == CW_AGENT_DISABLE ? tx->now_ms : (int64_t)0);
		tell(tx, row.account, &row.agent, change->change == CW_AGENT_DISABLE);
	}
	if (change->change != CW_AGENT_ENABLE) {
		turn_out(tx, change, &row);
	}
	return CW_OK;
}

/* ---- sessions ---- */

enum cw_status apply_session_begin(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_session *session = &op->session;
	struct agent_row row;

	if (!find(tx, session->agent, &row)) {
		return not_found(session->agent, &op->error);
	}
	if (row.agent.disabled_at_ms != 0 || strcmp(row.agent.password_hash, session->agent->password_hash) != 0) {
		return cw_error_set(&op->error, CW_DENIED, "agent %s was changed in the meantime", row.agent.subject);
	}
	db_run(tx->db, SQL_SESSION_TRIM, "i", tx->now_ms);
	db_run(tx->db, SQL_SESSION_INSERT, "Biii", session->secret_sha256, CW_SECRET_SHA256_BYTES, row.id, tx->now_ms,
	       session->expires_at_ms);
	session->at_ms = tx->now_ms;
	return CW_OK;
}

enum cw_status apply_session_use(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_session *session = &op->session;
	struct agent_row row;
	int64_t used_at_ms = 0;

	if (!session_read(tx->db, session->secret_sha256, tx->now_ms, &row, &used_at_ms)) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "the session is over");
	}
	*session->ret_agent = row.agent;
	session->at_ms = tx->now_ms;
	session->is_prolonged = tx->now_ms - used_at_ms >= HOUR_MS;
	if (session->is_prolonged) {
		db_run(tx->db, SQL_SESSION_USE, "Bii", session->secret_sha256, CW_SECRET_SHA256_BYTES, tx->now_ms,
		       session->expires_at_ms);
	}
	return CW_OK;
}

enum cw_status apply_session_end(struct tx *tx, struct cw_store_op *op)
{
	db_run(tx->db, SQL_SESSION_END, "B", op->session.secret_sha256, CW_SECRET_SHA256_BYTES);
	return sqlite3_changes(tx->db->handle) > 0 ? CW_OK :
						     cw_error_set(&op->error, CW_NOT_FOUND, "the session is over");
}
