/* SPDX-License-Identifier: MIT */
#ifndef STORE_STATEMENTS_AGENTS_H
#define STORE_STATEMENTS_AGENTS_H

/* The SQL for agents, their sessions, and restores, which end the sessions; part of store/statements.h's list. */

/* In the order in which read_agent.c reads them. */
#define AGENT_TABLES "agent g JOIN account a ON a.id = g.account "

#define AGENTS_STATEMENT_LIST(X) \
	X(SQL_AGENT_INSERT, "INSERT INTO agent (account, subject, email, name, role, password_hash, created_at) " \
			    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)") \
	X(SQL_AGENT_BY_SUBJECT, "SELECT " AGENT_COLUMNS "FROM " AGENT_TABLES "WHERE a.name = ?1 AND g.subject = ?2") \
	X(SQL_AGENT_BY_EMAIL, "SELECT " AGENT_COLUMNS "FROM " AGENT_TABLES "WHERE g.email = ?1") \
	X(SQL_AGENT_LIST, "SELECT " AGENT_COLUMNS "FROM " AGENT_TABLES "WHERE a.name = ?1 ORDER BY g.subject") \
	X(SQL_AGENT_ROLE, "SELECT role, disabled_at FROM agent WHERE account = ?1 AND subject = ?2") \
	X(SQL_AGENT_SET_PASSWORD, "UPDATE agent SET password_hash = ?2 WHERE id = ?1") \
	X(SQL_AGENT_SET_DISABLED, "UPDATE agent SET disabled_at = ?2 WHERE id = ?1") \
	X(SQL_SESSION_INSERT, "INSERT INTO session (secret_sha256, agent, created_at, used_at, expires_at) " \
			      "VALUES (?1, ?2, ?3, ?3, ?4)") \
	X(SQL_SESSION_FIND, "SELECT " AGENT_COLUMNS ", s.used_at FROM session s JOIN agent g ON g.id = s.agent " \
			    "JOIN account a ON a.id = g.account " \
			    "WHERE s.secret_sha256 = ?1 AND s.expires_at > ?2 AND g.disabled_at IS NULL") \
	X(SQL_SESSION_USE, \
	  "UPDATE session SET used_at = ?2, expires_at = ?3 WHERE secret_sha256 = ?1 AND expires_at > ?2") \
	X(SQL_SESSION_END, "DELETE FROM session WHERE secret_sha256 = ?1") \
	X(SQL_ACCOUNT_NEW_EPOCHS, "UPDATE account SET epoch = lower(hex(randomblob(16)))") \
	X(SQL_SESSION_CLEAR, "DELETE FROM session") \
	X(SQL_SESSION_TRIM, "DELETE FROM session WHERE expires_at <= ?1") \
	X(SQL_SESSION_END_ALL, "DELETE FROM session WHERE agent IN (SELECT g.id FROM " AGENT_TABLES \
			       "WHERE a.name = ?1 AND (?2 IS NULL OR g.subject = ?2))")

#endif
