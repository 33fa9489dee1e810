/* SPDX-License-Identifier: MIT */
#include "core/webhook_message.h"

#include <string.h>

#include "core/conversation_id.h"

#define MAX_RESPONSE_DEPTH 64

/* What a message's object, named like its type, must contain to be accepted as this kind. */
struct shape {
	const char *type; /* Meta's name */
	enum cw_message_kind kind;
	json_type member;     /* JSON_OBJECT, JSON_ARRAY; JSON_NULL: no such object */
	const char *required; /* a required string member of the object; NULL: none */
};

static const struct shape shapes[] = {
	{ "text", CW_KIND_TEXT, JSON_OBJECT, "body" },
	{ "image", CW_KIND_IMAGE, JSON_OBJECT, NULL },
	{ "video", CW_KIND_VIDEO, JSON_OBJECT, NULL },
	{ "audio", CW_KIND_AUDIO, JSON_OBJECT, NULL },
	{ "voice", CW_KIND_VOICE, JSON_OBJECT, NULL }, /* the On-Premises API's name */
	{ "document", CW_KIND_DOCUMENT, JSON_OBJECT, NULL },
	{ "sticker", CW_KIND_STICKER, JSON_OBJECT, NULL },
	{ "location", CW_KIND_LOCATION, JSON_OBJECT, NULL },
	{ "contacts", CW_KIND_CONTACTS, JSON_ARRAY, NULL },
	{ "interactive", CW_KIND_INTERACTIVE, JSON_OBJECT, "type" },
	{ "button", CW_KIND_BUTTON, JSON_OBJECT, NULL },
	{ "reaction", CW_KIND_REACTION, JSON_OBJECT, "message_id" },
	{ "order", CW_KIND_ORDER, JSON_OBJECT, NULL },
	{ "system", CW_KIND_SYSTEM, JSON_OBJECT, NULL },
	{ "edit", CW_KIND_EDIT, JSON_OBJECT, "original_message_id" },
	{ "revoke", CW_KIND_REVOKE, JSON_OBJECT, "original_message_id" },
	{ "request_welcome", CW_KIND_REQUEST_WELCOME, JSON_NULL, NULL },
	{ "media_placeholder", CW_KIND_MEDIA_PLACEHOLDER, JSON_NULL, NULL },
};

const char *cw_webhook_text(json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);

	if (json_is_integer(member)) {
		json_t *text = json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(member));

		if (!text || json_object_set_new(object, key, text) != 0) {
			return NULL;
		}
		member = text;
	}
	const char *text = json_string_value(member);

	return text && text[0] != '\0' ? text : NULL;
}

const char *cw_webhook_user_id(json_t *object, const char *key)
{
	const char *text = cw_webhook_text(object, key);
	char customer[CW_CUSTOMER_MAX + 1];

	return text && cw_conversation_customer(text, customer) == CW_OK ? text : NULL;
}

static const struct shape *find_shape(const char *type)
{
	for (size_t i = 0; type && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].type, type) == 0) {
			return &shapes[i];
		}
	}
	return NULL;
}

/* Some senders omit `type` (veecore's and piusalfred's location samples): then the payload's name decides. */
static const char *type_of(json_t *message)
{
	const char *type = cw_webhook_text(message, "type");

	for (size_t i = 0; !type && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].member != JSON_NULL && json_object_get(message, shapes[i].type)) {
			type = shapes[i].type;
		}
	}
	return type;
}

static bool has_shape(json_t *message, const struct shape *shape)
{
	json_t *member = json_object_get(message, shape->type);

	if (shape->member == JSON_NULL) {
		return true;
	}
	if (!member || json_typeof(member) != shape->member) {
		return false;
	}
	return !shape->required || cw_webhook_text(member, shape->required);
}

/* "audio/ogg; codecs=opus" → "audio/ogg" */
static void cut_mime_parameters(json_t *content)
{
	const char *mime = json_string_value(json_object_get(content, "mime_type"));
	size_t len = mime ? strcspn(mime, "; ") : 0;

	if (mime && mime[len] != '\0') {
		(void)json_object_set_new(content, "mime_type", json_stringn(mime, len)); /* on failure it stays as sent */
	}
}

static bool is_shallow(const json_t *json, int levels)
{
	const char *key;
	size_t index;
	json_t *member;

	if (json_is_object(json)) {
		json_object_foreach((json_t *)json, key, member)
		{
			if (levels == 0 || !is_shallow(member, levels - 1)) {
				return false;
			}
		}
	}
	json_array_foreach(json, index, member)
	{
		if (levels == 0 || !is_shallow(member, levels - 1)) {
			return false;
		}
	}
	return true;
}

/*
 * A flow's answer is arbitrary JSON in a string; the string is always kept. It is not opened if nested close to
 * the parser's limit, since inside a message it could never be parsed again.
 */
static void open_flow_response(json_t *content)
{
	json_t *reply = json_object_get(content, "nfm_reply");
	const char *text = json_string_value(json_object_get(reply, "response_json"));
	json_t *response = text ? json_loads(text, 0, NULL) : NULL;

	if (json_is_object(response) && is_shallow(response, MAX_RESPONSE_DEPTH)) {
		(void)json_object_set(reply, "response", response); /* a convenience; the string is authoritative */
	}
	json_decref(response);
}

static json_t *unsupported_content(json_t *message, const char *type)
{
	const char *unsupported = cw_webhook_text(json_object_get(message, "unsupported"), "type");
	json_t *payload = type ? json_object_get(message, type) : NULL;

	return json_pack("{s:s*, s:O*}", "type", unsupported ? unsupported : type, "payload",
			 strcmp(type ? type : "", "unsupported") == 0 ? NULL : payload);
}

static enum cw_message_kind refine_kind(const struct shape *shape, json_t *content)
{
	if (shape->kind == CW_KIND_AUDIO && json_is_true(json_object_get(content, "voice"))) {
		return CW_KIND_VOICE;
	}
	return shape->kind;
}

/* The kind and content of a message, or of the `message` in an edit. A new reference; NULL when out of memory. */
static json_t *read_content(json_t *message, enum cw_message_kind *ret_kind)
{
	const char *type = type_of(message);
	const struct shape *shape = find_shape(type);

	if (!shape || !has_shape(message, shape)) {
		*ret_kind = CW_KIND_UNSUPPORTED;
		return unsupported_content(message, type);
	}
	json_t *content = json_object_get(message, shape->type);

	*ret_kind = refine_kind(shape, content);
	if (shape->member == JSON_NULL) {
		return json_object();
	}
	if (shape->member == JSON_ARRAY) {
		return json_pack("{s:O}", shape->type, content);
	}
	cut_mime_parameters(content);
	if (shape->kind == CW_KIND_INTERACTIVE) {
		open_flow_response(content);
	}
	return json_incref(content);
}

static enum cw_status read_edit(json_t *edit, struct cw_webhook_item *item)
{
	json_t *inner = json_object_get(edit, "message");
	json_t *content = read_content(json_is_object(inner) ? inner : edit, &item->new_kind);
	int failed = !content ? -1 : json_object_set_new(item->body, "content", content);

	if (!cw_message_kind_is_shown(item->new_kind) || item->new_kind == CW_KIND_SYSTEM) {
		item->new_kind = CW_KIND_UNSUPPORTED; /* an edit cannot turn a message into this kind */
	}
	item->target_wamid = cw_webhook_text(edit, "original_message_id");
	return failed ? CW_NOMEM : CW_OK;
}

static void read_system(json_t *system, struct cw_webhook_item *item)
{
	const char *type = cw_webhook_text(system, "type");

	/* Cloud API versions before 12 call it "customer_changed_number". */
	if (type && (strcmp(type, "user_changed_number") == 0 || strcmp(type, "customer_changed_number") == 0 ||
		     strcmp(type, "user_changed_user_id") == 0)) {
		item->new_wa_id = cw_webhook_text(system, "wa_id");
		item->new_user_id = cw_webhook_user_id(system, "user_id");
	}
}

/* Meta's `context` has the quoted `id`, except for forwarded messages; a product enquiry also names the product. */
static enum cw_status read_context(json_t *message, struct cw_webhook_item *item)
{
	json_t *context = json_object_get(message, "context");

	if (!json_is_object(context)) {
		return CW_OK;
	}
	item->context_wamid = cw_webhook_text(context, "id");
	json_t *copy = json_pack("{s:s*, s:s*, s:O*, s:O*, s:O*}", "wamid", item->context_wamid, "from",
				 cw_webhook_text(context, "from"), "forwarded", json_object_get(context, "forwarded"),
				 "frequently_forwarded", json_object_get(context, "frequently_forwarded"),
				 "referred_product", json_object_get(context, "referred_product"));

	return copy && json_object_set_new(item->body, "context", copy) == 0 ? CW_OK : CW_NOMEM;
}

static enum cw_status keep_member(json_t *message, const char *key, json_type type, json_t *body)
{
	json_t *member = json_object_get(message, key);

	if (!member || json_typeof(member) != type) {
		return CW_OK;
	}
	return json_object_set(body, key, member) == 0 ? CW_OK : CW_NOMEM;
}

enum cw_status cw_webhook_read_message(json_t *message, struct cw_webhook_item *item)
{
	enum cw_status status = CW_OK;

	item->body = json_object();
	json_t *content = item->body ? read_content(message, &item->kind) : NULL;

	if (!content || json_object_set_new(item->body, "content", content) != 0) {
		return CW_NOMEM;
	}
	if (item->kind == CW_KIND_EDIT) {
		status = read_edit(content, item);
	} else if (item->kind == CW_KIND_REVOKE) {
		item->target_wamid = cw_webhook_text(content, "original_message_id");
	} else if (item->kind == CW_KIND_REACTION) {
		item->target_wamid = cw_webhook_text(content, "message_id");
	} else if (item->kind == CW_KIND_SYSTEM) {
		read_system(content, item);
	}
	if (status == CW_OK) {
		status = read_context(message, item);
	}
	if (status == CW_OK) {
		status = keep_member(message, "referral", JSON_OBJECT, item->body);
	}
	return status == CW_OK ? keep_member(message, "errors", JSON_ARRAY, item->body) : status;
}
