/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* Enough for a body of 3 MB that grows by escaping, and for its row. */
#define MAX_TREE_BYTES (32 * 1024 * 1024)

static const char *const kinds[CW_EVENT_KIND_COUNT] = {
	[CW_EVENT_MESSAGE] = "message", [CW_EVENT_STATUS] = "status",     [CW_EVENT_EDIT] = "edit",
	[CW_EVENT_REVOKE] = "revoke",   [CW_EVENT_CONTACT] = "contact",   [CW_EVENT_CONVERSATION] = "conversation",
	[CW_EVENT_MERGE] = "merge",     [CW_EVENT_TEMPLATE] = "template", [CW_EVENT_NUMBER] = "number",
	[CW_EVENT_AGENT] = "agent",     [CW_EVENT_SETTINGS] = "settings", [CW_EVENT_MEDIA] = "media",
};

const char *cw_event_kind_text(enum cw_event_kind kind)
{
	return (unsigned)kind < CW_EVENT_KIND_COUNT ? kinds[kind] : "unknown";
}

enum cw_status cw_event_kind_parse(const char *text, enum cw_event_kind *ret_kind)
{
	for (int kind = 0; text && kind < CW_EVENT_KIND_COUNT; kind++) {
		if (strcmp(kinds[kind], text) == 0) {
			*ret_kind = (enum cw_event_kind)kind;
			return CW_OK;
		}
	}
	return CW_NOT_FOUND;
}

/*
 * ---- rendering ----
 *
 * JSON is written as text, with format strings that show each object's shape: an event is rendered for every
 * publish, and building a tree for it took a tenth of the daemon's time. Strings from people are quoted by
 * jansson; ids, tags and keywords contain nothing that JSON must escape. A body is stored as JSON text and
 * inserted unchanged.
 */

/* Writes text as a JSON string, or null. */
static enum cw_status put_text(struct cw_buf *out, const char *text)
{
	if (!text || text[0] == '\0') {
		return cw_buf_append_text(out, "null");
	}
	json_t *string = json_string_nocheck(text); /* checked on input */
	size_t needed = string ? json_dumpb(string, NULL, 0, JSON_ENCODE_ANY) : 0;
	enum cw_status status = needed > 0 ? cw_buf_reserve(out, needed) : CW_NOMEM;

	if (status == CW_OK) {
		size_t written = json_dumpb(string, out->data + out->len, needed, JSON_ENCODE_ANY);

		status = written == needed ? CW_OK : CW_NOMEM;
		out->len += status == CW_OK ? written : 0;
		out->data[out->len] = '\0';
	}
	json_decref(string);
	return status;
}

/* The same for our own words, which need no escaping. */
static enum cw_status put_word(struct cw_buf *out, const char *word)
{
	return word[0] ? cw_buf_append_format(out, "\"%s\"", word) : cw_buf_append_text(out, "null");
}

static enum cw_status put_int_or_null(struct cw_buf *out, int64_t value)
{
	return value ? cw_buf_append_format(out, "%" PRId64, value) : cw_buf_append_text(out, "null");
}

/* Returns at the first step that fails; the caller then drops the whole buffer. */
#define PUT(step) \
	do { \
		enum cw_status put_status = (step); \
		if (put_status != CW_OK) { \
			return put_status; \
		} \
	} while (0)

static enum cw_status put_marks(struct cw_buf *out, const struct cw_message *message)
{
	if (message->is_late) {
		PUT(cw_buf_append_text(out, ",\"late\":true"));
	}
	if (message->edited_at_ms) {
		PUT(cw_buf_append_format(out, ",\"edited_at\":%" PRId64, message->edited_at_ms));
	}
	if (message->is_revoked) {
		PUT(cw_buf_append_text(out, ",\"revoked\":true"));
	}
	if (message->is_outbound) {
		PUT(cw_buf_append_text(out, ",\"status\":"));
		PUT(put_word(out, cw_message_status_text(message->status)));
	}
	if (message->attempt > 0) {
		PUT(cw_buf_append_format(out, ",\"attempt\":%d", message->attempt));
	}
	if (message->target_wamid || message->target[0]) {
		PUT(cw_buf_append_text(out, ",\"target\":{\"message\":"));
		PUT(put_word(out, message->target));
		PUT(cw_buf_append_text(out, ",\"wamid\":"));
		PUT(put_text(out, message->target_wamid));
		PUT(cw_buf_append_text(out, "}"));
	}
	return CW_OK;
}

/* Writes {"content":…,"context":…} without its braces: they become members of the message. */
static enum cw_status put_body(struct cw_buf *out, const char *body)
{
	size_t len = body ? strlen(body) : 0;

	if (len <= 2) {
		return cw_buf_append_text(out, ",\"content\":null");
	}
	PUT(cw_buf_append(out, ",", 1));
	return cw_buf_append(out, body + 1, len - 2);
}

static enum cw_status put_message(struct cw_buf *out, const struct cw_message *message)
{
	PUT(cw_buf_append_format(out, "{\"id\":\"%s\",\"version\":%" PRId64 ",\"conversation\":\"%s\",\"wamid\":",
				 message->id, message->version, message->conversation));
	PUT(put_text(out, message->wamid));
	PUT(cw_buf_append_format(out,
				 ",\"direction\":\"%s\",\"origin\":\"%s\",\"kind\":\"%s\",\"position\":%" PRId64
				 ",\"received_at\":%" PRId64 ",\"sent_at\":",
				 message->is_outbound ? "out" : "in", cw_message_origin_text(message->origin),
				 cw_message_kind_text(message->kind), message->position, message->received_at_ms));
	PUT(put_int_or_null(out, message->sent_at_ms));
	PUT(put_marks(out, message));
	PUT(put_body(out, message->body));
	return cw_buf_append_text(out, "}");
}

static enum cw_status put_contact(struct cw_buf *out, const struct cw_contact *contact)
{
	PUT(cw_buf_append_format(out, "{\"id\":\"%s\",\"version\":%" PRId64 ",\"name\":", contact->id, contact->version));
	PUT(put_text(out, contact->name));
	PUT(cw_buf_append_text(out, ",\"username\":"));
	PUT(put_text(out, contact->username));
	PUT(cw_buf_append_text(out, ",\"wa_id\":"));
	PUT(put_text(out, contact->wa_id));
	PUT(cw_buf_append_text(out, ",\"user_id\":"));
	PUT(put_text(out, contact->user_id));
	PUT(cw_buf_append_text(out, ",\"marketing\":"));
	PUT(put_text(out, cw_marketing_text(contact->marketing)));
	return cw_buf_append_text(out, "}");
}

static enum cw_status put_last_message(struct cw_buf *out, const struct cw_conversation *conversation)
{
	if (!conversation->last_message[0]) {
		return cw_buf_append_text(out, "null");
	}
	PUT(cw_buf_append_format(
		out, "{\"id\":\"%s\",\"kind\":\"%s\",\"direction\":\"%s\",\"position\":%" PRId64 ",\"status\":",
		conversation->last_message, cw_message_kind_text(conversation->last_kind),
		conversation->last_is_outbound ? "out" : "in", conversation->last_position));
	PUT(put_word(out, cw_message_status_text(conversation->last_status)));
	PUT(cw_buf_append_text(out, ",\"preview\":"));
	PUT(put_text(out, conversation->last_preview));
	return cw_buf_append_text(out, "}");
}

static enum cw_status put_conversation(struct cw_buf *out, const struct cw_conversation *conversation)
{
	PUT(cw_buf_append_format(out,
				 "{\"id\":\"%s\",\"version\":%" PRId64 ",\"tag\":\"%s\",\"phone_number_id\":\"%s\","
				 "\"created_at\":%" PRId64 ",\"unread\":%" PRId64 ",\"window_ends_at\":",
				 conversation->id, conversation->version, conversation->tag,
				 conversation->phone_number_id, conversation->created_at_ms, conversation->unread));
	PUT(put_int_or_null(out, conversation->window_ends_at_ms));
	PUT(cw_buf_append_text(out, ",\"last_message\":"));
	PUT(put_last_message(out, conversation));
	PUT(cw_buf_append_text(out, ",\"merged_into\":"));
	PUT(put_word(out, conversation->merged_into));
	PUT(cw_buf_append_text(out, ",\"assignee\":"));
	PUT(put_word(out, conversation->assignee));
	PUT(cw_buf_append_text(out, ",\"assigned_by\":"));
	PUT(put_word(out, conversation->assigned_by));
	PUT(cw_buf_append_format(out, ",\"state\":\"%s\",\"contact\":", conversation->is_done ? "done" : "open"));
	PUT(put_contact(out, &conversation->contact));
	return cw_buf_append_text(out, "}");
}

static enum cw_status put_notice(struct cw_buf *out, const struct cw_event *event)
{
	char *text = json_dumps(event->notice, JSON_COMPACT);
	enum cw_status status = text ? cw_buf_append_format(out, "\"%s\":%s", cw_event_kind_text(event->kind), text) :
				       CW_NOMEM;

	free(text);
	return status;
}

static enum cw_status put_data(struct cw_buf *out, const struct cw_event *event)
{
	const char *between = "{";

	if (event->message.id[0]) {
		PUT(cw_buf_append_format(out, "%s\"message\":", between));
		PUT(put_message(out, &event->message));
		between = ",";
	}
	if (event->has_conversation) {
		PUT(cw_buf_append_format(out, "%s\"conversation\":", between));
		PUT(put_conversation(out, &event->conversation));
		between = ",";
	}
	if (event->has_contact) {
		PUT(cw_buf_append_format(out, "%s\"contact\":", between));
		PUT(put_contact(out, &event->conversation.contact));
		between = ",";
	}
	if (event->notice) {
		PUT(cw_buf_append_text(out, between));
		PUT(put_notice(out, event));
		between = ",";
	}
	return cw_buf_append_text(out, between[0] == '{' ? "{}" : "}");
}

static enum cw_status put_event(struct cw_buf *out, const struct cw_event *event, bool has_data)
{
	PUT(cw_buf_append_format(out,
				 "{\"v\":1,\"epoch\":\"%s\",\"seq\":%" PRId64 ",\"prev\":%" PRId64
				 ",\"kind\":\"%s\",\"account\":\"%s\",\"conversation\":",
				 event->epoch, event->seq, event->prev, cw_event_kind_text(event->kind), event->account));
	PUT(put_word(out, event->conversation.id));
	PUT(cw_buf_append_format(out, ",\"at\":%" PRId64 ",\"data\":", event->at_ms));
	PUT(has_data ? put_data(out, event) : cw_buf_append_text(out, "null"));
	return cw_buf_append_text(out, "}");
}
#undef PUT

enum cw_status cw_event_render(const struct cw_event *event, struct cw_buf *out)
{
	cw_buf_reset(out);
	enum cw_status status = put_event(out, event, true);

	if (status == CW_TOO_LARGE || out->len > CW_EVENT_MAX_BYTES) {
		cw_buf_reset(out);
		status = put_event(out, event, false);
	}
	return status;
}

/* Parses the text for callers that need a tree for a larger answer; a message may be as large as a webhook. */
static json_t *parse(struct cw_buf *text, enum cw_status status)
{
	json_t *json = status == CW_OK ? json_loadb(text->data, text->len, 0, NULL) : NULL;

	cw_buf_finish(text);
	return json;
}

json_t *cw_message_to_json(const struct cw_message *message)
{
	struct cw_buf text;

	cw_buf_init(&text, MAX_TREE_BYTES);
	return parse(&text, put_message(&text, message));
}

json_t *cw_conversation_to_json(const struct cw_conversation *conversation)
{
	struct cw_buf text;

	cw_buf_init(&text, MAX_TREE_BYTES);
	return parse(&text, put_conversation(&text, conversation));
}

json_t *cw_event_to_json(const struct cw_event *event)
{
	struct cw_buf text;

	cw_buf_init(&text, MAX_TREE_BYTES);
	return parse(&text, put_event(&text, event, true));
}

/* ---- previews ---- */

/* Truncates between characters, never inside one. */
static char *first_characters(const char *text)
{
	size_t len = 0;
	int n = 0;

	while (text[len] && n < CW_PREVIEW_CHARACTERS) {
		len++;
		while (((unsigned char)text[len] & 0xc0) == 0x80) {
			len++;
		}
		n++;
	}
	char *copy = strndup(text, len);

	if (!copy) {
		cw_memory_note_out();
	}
	return copy;
}

/* In a group, who wrote it comes first. */
static char *after_author(const char *author, const char *text)
{
	json_t *joined = json_sprintf("%s: %s", author, text);
	char *preview = joined ? first_characters(json_string_value(joined)) : NULL;

	if (!joined) {
		cw_memory_note_out();
	}
	json_decref(joined);
	return preview;
}

char *cw_message_preview(enum cw_message_kind kind, const json_t *body)
{
	static const struct {
		enum cw_message_kind kind;
		const char *outer, *inner; /* where the text is in content */
	} places[] = {
		{ CW_KIND_TEXT, NULL, "body" },
		{ CW_KIND_IMAGE, NULL, "caption" },
		{ CW_KIND_VIDEO, NULL, "caption" },
		{ CW_KIND_DOCUMENT, NULL, "caption" },
		{ CW_KIND_DOCUMENT, NULL, "filename" },
		{ CW_KIND_LOCATION, NULL, "name" },
		{ CW_KIND_BUTTON, NULL, "text" },
		{ CW_KIND_INTERACTIVE, "button_reply", "title" },
		{ CW_KIND_INTERACTIVE, "list_reply", "title" },
		{ CW_KIND_INTERACTIVE, "nfm_reply", "body" },
		{ CW_KIND_INTERACTIVE, "body", "text" },
		{ CW_KIND_TEMPLATE, NULL, "name" },
		{ CW_KIND_ORDER, NULL, "text" },
		{ CW_KIND_SYSTEM, NULL, "body" },
		{ CW_KIND_CALL, NULL, "body" },
	};
	const json_t *content = json_object_get(body, "content");
	const char *author = json_string_value(json_object_get(json_object_get(body, "author"), "name"));

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].kind != kind) {
			continue;
		}
		const json_t *holder = places[i].outer ? json_object_get(content, places[i].outer) : content;
		const char *text = json_string_value(json_object_get(holder, places[i].inner));

		if (text && text[0]) {
			return author && author[0] ? after_author(author, text) : first_characters(text);
		}
	}
	return NULL;
}

/* ---- lifetimes ---- */

void cw_message_finish(struct cw_message *message)
{
	free(message->wamid);
	free(message->target_wamid);
	free(message->body);
	*message = (struct cw_message){ .wamid = NULL };
}

void cw_contact_finish(struct cw_contact *contact)
{
	free(contact->name);
	free(contact->username);
	free(contact->wa_id);
	free(contact->user_id);
	*contact = (struct cw_contact){ .name = NULL };
}

void cw_conversation_finish(struct cw_conversation *conversation)
{
	free(conversation->last_preview);
	cw_contact_finish(&conversation->contact);
	*conversation = (struct cw_conversation){ .last_preview = NULL };
}

void cw_event_finish(struct cw_event *event)
{
	cw_message_finish(&event->message);
	cw_conversation_finish(&event->conversation);
	json_decref(event->notice);
	*event = (struct cw_event){ .notice = NULL };
}
