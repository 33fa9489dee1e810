/* SPDX-License-Identifier: MIT */
#ifndef API_CONTROL_PRIVATE_H
#define API_CONTROL_PRIVATE_H

#include "api/control.h"

/*
 * Shared by control.c (the table, accounts, assignments, revocations), control_sending.c (outgoing messages),
 * control_agents.c and control_trace.c.
 */

/* A non-empty string argument; NULL if there is none. */
const char *control_text(json_t *arguments, const char *name);
enum cw_status control_missing(const char *name, struct cw_error *reterr);

/* Resolves {account, id} to exactly one conversation. Its canonical id is owned by the answer's matches. */
enum cw_status control_resolve_one(const struct control *control, json_t *arguments, json_t *answer,
				   const char **ret_conversation, struct cw_error *reterr);

/* ---- actions: control_sending.c ---- */

/* {phone_number_id, reason} */
enum cw_status control_number_pause(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr);
/* {phone_number_id} */
enum cw_status control_number_resume(const struct control *control, json_t *arguments, json_t *answer,
				     struct cw_error *reterr);
/* {phone_number_id}: the number has a new token. "denied": it stays paused, because a person paused it. */
enum cw_status control_number_token(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr);
/* {account, conversation, command:{id,type,data}}: sent as subject `cli`; conversation is any of its ids. */
enum cw_status control_command(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr);
/* {failed}: messages not yet sent or, if true, those that failed; has_more: the list was cut. */
enum cw_status control_list_outbox(const struct control *control, json_t *arguments, json_t *answer,
				   struct cw_error *reterr);
/* {message, type, id}: type is retry or discard, sent as a command with that id. */
enum cw_status control_do_outbox(const struct control *control, json_t *arguments, json_t *answer,
				 struct cw_error *reterr);
enum cw_status control_list_templates(const struct control *control, json_t *arguments, json_t *answer,
				      struct cw_error *reterr);
/* {account, waba_id, templates}. */
enum cw_status control_replace_templates(const struct control *control, json_t *arguments, json_t *answer,
					 struct cw_error *reterr);

/* ---- actions: control_agents.c ---- */

/* {account, subject, name, role, password}, optionally email */
enum cw_status control_agent_add(const struct control *control, json_t *arguments, json_t *answer,
				 struct cw_error *reterr);
/* {account, subject, password}: their sessions end. */
enum cw_status control_agent_password(const struct control *control, json_t *arguments, json_t *answer,
				      struct cw_error *reterr);
/* {account, subject}: their sessions end. */
enum cw_status control_agent_disable(const struct control *control, json_t *arguments, json_t *answer,
				     struct cw_error *reterr);
/* {account, subject} */
enum cw_status control_agent_enable(const struct control *control, json_t *arguments, json_t *answer,
				    struct cw_error *reterr);
/* {account} */
enum cw_status control_list_agents(const struct control *control, json_t *arguments, json_t *answer,
				   struct cw_error *reterr);

/* ---- actions: control_trace.c ---- */

/* {account, id, limit}: matches, compared_with, message, attempts, steps, events (at most limit), publisher */
enum cw_status control_trace(const struct control *control, json_t *arguments, json_t *answer, struct cw_error *reterr);

#endif
