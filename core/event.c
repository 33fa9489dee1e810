/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include <stdlib.h>
#include <string.h>

#define USUAL_EVENT_BYTES 2048

static const char *const kinds[CW_EVENT_KIND_COUNT] = {
	[CW_EVENT_MESSAGE] = "message",   [CW_EVENT_STATUS] = "status",
	[CW_EVENT_EDIT] = "edit",         [CW_EVENT_REVOKE] = "revoke",
	[CW_EVENT_CONTACT] = "contact",   [CW_EVENT_CONVERSATION] = "conversation",
	[CW_EVENT_MERGE] = "merge",       [CW_EVENT_TEMPLATE] = "template",
	[CW_EVENT_NUMBER] = "number",     [CW_EVENT_SETTINGS] = "settings",
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

/* ---- building ---- */

/* Collects failures, so that a row of members reads as a row. */
struct members {
	json_t *object;
	bool has_failed;
};

static void set(struct members *members, const char *key, json_t *value)
{
	/* Keys are ours and texts were checked when they came in, so the UTF-8 check is not repeated. */
	if (!value || json_object_set_new_nocheck(members->object, key, value) != 0) {
		members->has_failed = true;
	}
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string_nocheck(text) : json_null();
}

static json_t *int_or_null(int64_t value)
{
	return value ? json_integer(value) : json_null();
}

static json_t *done(struct members *members)
{
	if (members->has_failed) {
		json_decref(members->object);
		return NULL;
	}
	return members->object;
}

static void set_target(struct members *members, const struct cw_message *message)
{
	struct members target = { .object = json_object() };

	set(&target, "message", text_or_null(message->target));
	set(&target, "wamid", text_or_null(message->target_wamid));
	set(members, "target", done(&target));
}

/* content is there for every message; the other parts of a body only where the message has them. */
static void set_body(struct members *members, const struct cw_message *message)
{
	static const char *const parts[] = { "context", "referral", "errors", "author", "error" };
	json_t *body = json_loads(message->body ? message->body : "{}", 0, NULL);
	json_t *content = json_object_get(body, "content");

	members->has_failed = members->has_failed || !body;
	set(members, "content", message->is_revoked || !content ? json_null() : json_incref(content));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = json_object_get(body, parts[i]);

		if (part) {
			set(members, parts[i], json_incref(part));
		}
	}
	json_decref(body);
}

json_t *cw_message_to_json(const struct cw_message *message)
{
	struct members members = { .object = json_object() };

	set(&members, "id", json_string_nocheck(message->id));
	set(&members, "version", json_integer(message->version));
	set(&members, "conversation", json_string_nocheck(message->conversation));
	set(&members, "wamid", text_or_null(message->wamid));
	set(&members, "direction", json_string_nocheck(message->is_outbound ? "out" : "in"));
	set(&members, "origin", json_string_nocheck(cw_message_origin_text(message->origin)));
	set(&members, "kind", json_string_nocheck(cw_message_kind_text(message->kind)));
	set(&members, "position", json_integer(message->position));
	set(&members, "sent_at", int_or_null(message->sent_at_ms));
	set(&members, "received_at", json_integer(message->received_at_ms));
	if (message->is_late) {
		set(&members, "late", json_true());
	}
	if (message->edited_at_ms) {
		set(&members, "edited_at", json_integer(message->edited_at_ms));
	}
	if (message->is_revoked) {
		set(&members, "revoked", json_true());
	}
	if (message->is_outbound) {
		set(&members, "status", text_or_null(cw_message_status_text(message->status)));
	}
	if (message->target_wamid) {
		set_target(&members, message);
	}
	set_body(&members, message);
	return done(&members);
}

json_t *cw_contact_to_json(const struct cw_contact *contact)
{
	struct members members = { .object = json_object() };

	set(&members, "id", json_string_nocheck(contact->id));
	set(&members, "version", json_integer(contact->version));
	set(&members, "name", text_or_null(contact->name));
	set(&members, "username", text_or_null(contact->username));
	set(&members, "wa_id", text_or_null(contact->wa_id));
	set(&members, "user_id", text_or_null(contact->user_id));
	return done(&members);
}

static json_t *last_message_to_json(const struct cw_conversation *conversation)
{
	struct members members = { .object = json_object() };

	if (!conversation->last_message[0]) {
		json_decref(members.object);
		return json_null();
	}
	set(&members, "id", json_string_nocheck(conversation->last_message));
	set(&members, "kind", json_string_nocheck(cw_message_kind_text(conversation->last_kind)));
	set(&members, "direction", json_string_nocheck(conversation->last_is_outbound ? "out" : "in"));
	set(&members, "position", json_integer(conversation->last_position));
	set(&members, "preview", text_or_null(conversation->last_preview));
	set(&members, "status", text_or_null(cw_message_status_text(conversation->last_status)));
	return done(&members);
}

json_t *cw_conversation_to_json(const struct cw_conversation *conversation)
{
	struct members members = { .object = json_object() };

	set(&members, "id", json_string_nocheck(conversation->id));
	set(&members, "version", json_integer(conversation->version));
	set(&members, "tag", json_string_nocheck(conversation->tag));
	set(&members, "phone_number_id", json_string_nocheck(conversation->phone_number_id));
	set(&members, "created_at", json_integer(conversation->created_at_ms));
	set(&members, "unread", json_integer(conversation->unread));
	set(&members, "window_ends_at", int_or_null(conversation->window_ends_at_ms));
	set(&members, "last_message", last_message_to_json(conversation));
	set(&members, "merged_into", text_or_null(conversation->merged_into));
	set(&members, "contact", cw_contact_to_json(&conversation->contact));
	return done(&members);
}

static json_t *data_to_json(const struct cw_event *event)
{
	struct members members = { .object = json_object() };

	if (event->message.id[0]) {
		set(&members, "message", cw_message_to_json(&event->message));
	}
	if (event->has_conversation) {
		set(&members, "conversation", cw_conversation_to_json(&event->conversation));
	}
	if (event->has_contact) {
		set(&members, "contact", cw_contact_to_json(&event->conversation.contact));
	}
	if (event->notice) {
		set(&members, cw_event_kind_text(event->kind), json_incref(event->notice));
	}
	return done(&members);
}

static json_t *envelope(const struct cw_event *event, json_t *data)
{
	struct members members = { .object = json_object() };

	set(&members, "v", json_integer(1));
	set(&members, "epoch", json_string_nocheck(event->epoch));
	set(&members, "seq", json_integer(event->seq));
	set(&members, "prev", json_integer(event->prev));
	set(&members, "kind", json_string_nocheck(cw_event_kind_text(event->kind)));
	set(&members, "account", json_string_nocheck(event->account));
	set(&members, "conversation", text_or_null(event->conversation.id));
	set(&members, "at", json_integer(event->at_ms));
	set(&members, "data", data);
	return done(&members);
}

json_t *cw_event_to_json(const struct cw_event *event)
{
	return envelope(event, data_to_json(event));
}

/* jansson says what it would have needed, so most events are written in one go. */
static enum cw_status dump(json_t *json, struct cw_buf *out)
{
	enum cw_status status = cw_buf_reserve(out, USUAL_EVENT_BYTES);
	size_t needed = status == CW_OK ? json_dumpb(json, out->data, out->room - 1, JSON_COMPACT) : 0;

	if (status == CW_OK && needed >= out->room) {
		status = cw_buf_reserve(out, needed);
		if (status == CW_OK) {
			needed = json_dumpb(json, out->data, needed, JSON_COMPACT);
		}
	}
	if (status != CW_OK || needed == 0) {
		return status == CW_OK ? CW_NOMEM : status;
	}
	out->len = needed;
	out->data[needed] = '\0';
	return CW_OK;
}

enum cw_status cw_event_render(const struct cw_event *event, struct cw_buf *out)
{
	json_t *whole = cw_event_to_json(event);
	json_t *bare = NULL;

	cw_buf_reset(out);
	enum cw_status status = whole ? dump(whole, out) : CW_NOMEM;

	json_decref(whole);
	if (status == CW_TOO_LARGE || out->len > CW_EVENT_MAX_BYTES) {
		bare = envelope(event, json_null());
		cw_buf_reset(out);
		status = bare ? dump(bare, out) : CW_NOMEM;
	}
	json_decref(bare);
	return status;
}

/* ---- previews ---- */

/* Cut between characters, never inside one. */
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
	return strndup(text, len);
}

char *cw_message_preview(enum cw_message_kind kind, const json_t *body)
{
	static const struct {
		enum cw_message_kind kind;
		const char *outer, *inner; /* where the text stands in content */
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
		{ CW_KIND_ORDER, NULL, "text" },
		{ CW_KIND_SYSTEM, NULL, "body" },
	};
	const json_t *content = json_object_get(body, "content");

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].kind != kind) {
			continue;
		}
		const json_t *holder = places[i].outer ? json_object_get(content, places[i].outer) : content;
		const char *text = json_string_value(json_object_get(holder, places[i].inner));

		if (text && text[0]) {
			return first_characters(text);
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
