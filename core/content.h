/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONTENT_H
#define CORE_CONTENT_H

#include <jansson.h>

#include "core/message.h"
#include "core/status.h"

/*
 * What an agent may send: the members of each kind's content and their limits, as tables (Cloud API, "Send
 * messages" and the pages of each kind). Valid content is the Cloud API's own object for that kind, except that a
 * file is given by `media` (our id) or `link`. No state, any thread.
 */

/* May an agent send this kind at all? */
bool cw_content_can_send(enum cw_message_kind kind);

/* CW_INVALID with `content.body: what is wrong`, also for unknown members. CW_NOMEM. */
CW_MUST_CHECK enum cw_status cw_content_check(enum cw_message_kind kind, const json_t *content, struct cw_error *reterr);

/*
 * May a file of this type and size be sent as this kind (Cloud API, "Media", supported types)? CW_INVALID: not
 * with this type; CW_TOO_LARGE. The sentence says what is allowed. mime_type must not have parameters.
 */
CW_MUST_CHECK enum cw_status cw_content_check_file(enum cw_message_kind kind, const char *mime_type, int64_t size_bytes,
						   struct cw_error *reterr);

/*
 * The object that names a message's file by `media` or `link`: the content itself or, of a template, what its header has
 * ("Message templates", Header). Borrowed from content, which may be changed through it. *ret_kind: what the file is
 * sent as. NULL: the message has no file; *ret_kind is then kind.
 */
json_t *cw_content_file(enum cw_message_kind kind, json_t *content, enum cw_message_kind *ret_kind);

/* The most characters of a text ("Text messages", Request parameters). */
#define CW_CONTENT_MAX_TEXT 4096
/* The largest file of any kind, in bytes. */
#define CW_CONTENT_MAX_FILE_BYTES (100 * 1024 * 1024)

/*
 * The name that WhatsApp's table has for a file's type ("Media", Supported media types), of its other usual names;
 * mime_type itself if it has none. In lower case, without parameters. Static, or mime_type.
 */
const char *cw_content_type(const char *mime_type);

#endif
