/* SPDX-License-Identifier: MIT */
#include "core/content.h"

#include <string.h>
#include <strings.h>

#include "core/text.h"

#define KB 1024LL
#define MB (1024 * KB)

/* ---- shapes ---- */

enum form { FORM_TEXT, FORM_NUMBER, FORM_BOOL, FORM_OBJECT, FORM_LIST, FORM_ANY };

/* One member of an object. inner: the shape of a list's elements; NULL: any. A row without a name ends a shape. */
struct member {
	const char *name;
	enum form form;
	bool is_required;
	int64_t min, max; /* characters of a text, elements of a list, value of a number; max 0: unlimited */
	const struct member *inner;
};

/* clang-format off */
static const struct member text_shape[] = {
	{ "body",        FORM_TEXT, true,  1, CW_CONTENT_MAX_TEXT, NULL },
	{ "preview_url", FORM_BOOL, false, 0, 0,    NULL },
	{ NULL,          FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member file_shape[] = { /* image, video */
	{ "media",   FORM_TEXT, false, 1, 64,   NULL },
	{ "link",    FORM_TEXT, false, 8, 2048, NULL },
	{ "caption", FORM_TEXT, false, 0, 1024, NULL },
	{ NULL,      FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member bare_file_shape[] = { /* audio, voice, sticker */
	{ "media", FORM_TEXT, false, 1, 64,   NULL },
	{ "link",  FORM_TEXT, false, 8, 2048, NULL },
	{ NULL,    FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member document_shape[] = {
	{ "media",    FORM_TEXT, false, 1, 64,   NULL },
	{ "link",     FORM_TEXT, false, 8, 2048, NULL },
	{ "caption",  FORM_TEXT, false, 0, 1024, NULL },
	{ "filename", FORM_TEXT, false, 1, 240,  NULL },
	{ NULL,       FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member location_shape[] = {
	{ "latitude",  FORM_NUMBER, true,  -90,  90,   NULL },
	{ "longitude", FORM_NUMBER, true,  -180, 180,  NULL },
	{ "name",      FORM_TEXT,   false, 0,    1000, NULL },
	{ "address",   FORM_TEXT,   false, 0,    1000, NULL },
	{ NULL,        FORM_ANY,    false, 0,    0,    NULL },
};
static const struct member contact_name_shape[] = {
	{ "formatted_name", FORM_TEXT, true,  1, 1024, NULL },
	{ "first_name",     FORM_TEXT, false, 0, 1024, NULL },
	{ "last_name",      FORM_TEXT, false, 0, 1024, NULL },
	{ "middle_name",    FORM_TEXT, false, 0, 1024, NULL },
	{ "suffix",         FORM_TEXT, false, 0, 1024, NULL },
	{ "prefix",         FORM_TEXT, false, 0, 1024, NULL },
	{ NULL,             FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member contact_shape[] = {
	{ "name",      FORM_OBJECT, true,  0, 0,  contact_name_shape },
	{ "phones",    FORM_LIST,   false, 0, 50, NULL },
	{ "emails",    FORM_LIST,   false, 0, 50, NULL },
	{ "addresses", FORM_LIST,   false, 0, 50, NULL },
	{ "urls",      FORM_LIST,   false, 0, 50, NULL },
	{ "org",       FORM_OBJECT, false, 0, 0,  NULL },
	{ "birthday",  FORM_TEXT,   false, 0, 10, NULL },
	{ NULL,        FORM_ANY,    false, 0, 0,  NULL },
};
static const struct member contacts_shape[] = {
	{ "contacts", FORM_LIST, true,  1, 257, contact_shape },
	{ NULL,       FORM_ANY,  false, 0, 0,   NULL },
};
static const struct member reaction_shape[] = {
	{ "message", FORM_TEXT, true,  36, 36, NULL },
	{ "emoji",   FORM_TEXT, true,  0,  32, NULL },
	{ NULL,      FORM_ANY,  false, 0,  0,  NULL },
};

/* interactive */
static const struct member header_shape[] = {
	{ "type",     FORM_TEXT,   true,  1, 16, NULL },
	{ "text",     FORM_TEXT,   false, 1, 60, NULL },
	{ "image",    FORM_OBJECT, false, 0, 0,  NULL },
	{ "video",    FORM_OBJECT, false, 0, 0,  NULL },
	{ "document", FORM_OBJECT, false, 0, 0,  NULL },
	{ NULL,       FORM_ANY,    false, 0, 0,  NULL },
};
static const struct member body_shape[] = {
	{ "text", FORM_TEXT, true,  1, 1024, NULL },
	{ NULL,   FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member long_body_shape[] = {
	{ "text", FORM_TEXT, true,  1, 4096, NULL },
	{ NULL,   FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member footer_shape[] = {
	{ "text", FORM_TEXT, true,  1, 60, NULL },
	{ NULL,   FORM_ANY,  false, 0, 0,  NULL },
};
static const struct member reply_shape[] = {
	{ "id",    FORM_TEXT, true,  1, 256, NULL },
	{ "title", FORM_TEXT, true,  1, 20,  NULL },
	{ NULL,    FORM_ANY,  false, 0, 0,   NULL },
};
static const struct member button_shape[] = {
	{ "type",  FORM_TEXT,   true,  1, 16, NULL },
	{ "reply", FORM_OBJECT, true,  0, 0, reply_shape },
	{ NULL,    FORM_ANY,    false, 0, 0, NULL },
};
static const struct member button_action_shape[] = {
	{ "buttons", FORM_LIST, true,  1, 3, button_shape },
	{ NULL,      FORM_ANY,  false, 0, 0, NULL },
};
static const struct member row_shape[] = {
	{ "id",          FORM_TEXT, true,  1, 200, NULL },
	{ "title",       FORM_TEXT, true,  1, 24,  NULL },
	{ "description", FORM_TEXT, false, 0, 72,  NULL },
	{ NULL,          FORM_ANY,  false, 0, 0,   NULL },
};
static const struct member section_shape[] = {
	{ "title", FORM_TEXT, false, 0, 24, NULL },
	{ "rows",  FORM_LIST, true,  1, 10, row_shape },
	{ NULL,    FORM_ANY,  false, 0, 0,  NULL },
};
static const struct member list_action_shape[] = {
	{ "button",   FORM_TEXT, true,  1, 20, NULL },
	{ "sections", FORM_LIST, true,  1, 10, section_shape },
	{ NULL,       FORM_ANY,  false, 0, 0,  NULL },
};
static const struct member url_parameters_shape[] = {
	{ "display_text", FORM_TEXT, true,  1, 20,   NULL },
	{ "url",          FORM_TEXT, true,  1, 2000, NULL },
	{ NULL,           FORM_ANY,  false, 0, 0,    NULL },
};
static const struct member url_action_shape[] = {
	{ "name",       FORM_TEXT,   true,  1, 16, NULL },
	{ "parameters", FORM_OBJECT, true,  0, 0, url_parameters_shape },
	{ NULL,         FORM_ANY,    false, 0, 0, NULL },
};
static const struct member buttons_shape[] = {
	{ "type",   FORM_TEXT,   true,  1, 16, NULL },
	{ "header", FORM_OBJECT, false, 0, 0,  header_shape },
	{ "body",   FORM_OBJECT, true,  0, 0,  body_shape },
	{ "footer", FORM_OBJECT, false, 0, 0,  footer_shape },
	{ "action", FORM_OBJECT, true,  0, 0,  button_action_shape },
	{ NULL,     FORM_ANY,    false, 0, 0,  NULL },
};
static const struct member list_shape[] = {
	{ "type",   FORM_TEXT,   true,  1, 16, NULL },
	{ "header", FORM_OBJECT, false, 0, 0,  header_shape },
	{ "body",   FORM_OBJECT, true,  0, 0,  long_body_shape },
	{ "footer", FORM_OBJECT, false, 0, 0,  footer_shape },
	{ "action", FORM_OBJECT, true,  0, 0,  list_action_shape },
	{ NULL,     FORM_ANY,    false, 0, 0,  NULL },
};
static const struct member cta_url_shape[] = {
	{ "type",   FORM_TEXT,   true,  1, 16, NULL },
	{ "header", FORM_OBJECT, false, 0, 0,  header_shape },
	{ "body",   FORM_OBJECT, true,  0, 0,  body_shape },
	{ "footer", FORM_OBJECT, false, 0, 0,  footer_shape },
	{ "action", FORM_OBJECT, true,  0, 0,  url_action_shape },
	{ NULL,     FORM_ANY,    false, 0, 0,  NULL },
};

/* template */
static const struct member language_shape[] = {
	{ "code",   FORM_TEXT, true,  2, 16, NULL },
	{ "policy", FORM_TEXT, false, 0, 16, NULL },
	{ NULL,     FORM_ANY,  false, 0, 0,  NULL },
};
static const struct member component_shape[] = {
	{ "type",       FORM_TEXT, true,  1, 32, NULL },
	{ "sub_type",   FORM_TEXT, false, 0, 32, NULL },
	{ "index",      FORM_ANY,  false, 0, 0,  NULL },
	{ "parameters", FORM_LIST, false, 0, 64, NULL },
	{ "cards",      FORM_LIST, false, 0, 10, NULL },
	{ NULL,         FORM_ANY,  false, 0, 0,  NULL },
};
static const struct member template_shape[] = {
	{ "name",       FORM_TEXT,   true,  1, 512, NULL },
	{ "language",   FORM_OBJECT, true,  0, 0,   language_shape },
	{ "components", FORM_LIST,   false, 0, 16,  component_shape },
	{ NULL,         FORM_ANY,    false, 0, 0,   NULL },
};

static const struct {
	enum cw_message_kind kind;
	const struct member *shape;
	int64_t max_bytes;      /* of a file */
	const char *mime_types; /* of a file, comma separated; "*": any */
} sendable[] = {
	{ CW_KIND_TEXT,        text_shape,      0,        NULL },
	{ CW_KIND_IMAGE,       file_shape,      5 * MB,   "image/jpeg, image/png" },
	{ CW_KIND_VIDEO,       file_shape,      16 * MB,  "video/mp4, video/3gpp" },
	{ CW_KIND_AUDIO,       bare_file_shape, 16 * MB,  "audio/aac, audio/amr, audio/mpeg, audio/mp4, audio/ogg" },
	{ CW_KIND_VOICE,       bare_file_shape, 16 * MB,  "audio/ogg" },
	{ CW_KIND_DOCUMENT,    document_shape,  CW_CONTENT_MAX_FILE_BYTES, "*" },
	{ CW_KIND_STICKER,     bare_file_shape, 500 * KB, "image/webp" },
	{ CW_KIND_LOCATION,    location_shape,  0,        NULL },
	{ CW_KIND_CONTACTS,    contacts_shape,  0,        NULL },
	{ CW_KIND_REACTION,    reaction_shape,  0,        NULL },
	{ CW_KIND_INTERACTIVE, NULL,            0,        NULL }, /* interactive_shapes */
	{ CW_KIND_TEMPLATE,    template_shape,  0,        NULL },
};
/* clang-format on */
#define N_SENDABLE (sizeof(sendable) / sizeof(sendable[0]))

/* ---- checking a value against its shape ---- */

/* The place in the content, for errors. */
struct place {
	char text[160];
	struct cw_error *reterr;
};

static enum cw_status fault(const struct place *place, const char *what)
{
	return cw_error_set(place->reterr, CW_INVALID, "%s: %s", place->text, what);
}

static enum cw_status fault_count(const struct place *place, const char *format, long long n)
{
	char what[80];

	/* The formats are the two below. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (!cw_text_format(what, sizeof(what), format, n)) {
		what[0] = '\0';
	}
#pragma GCC diagnostic pop
	return fault(place, what);
}

static int64_t count_characters(const char *text)
{
	int64_t n = 0;

	for (; *text; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return n;
}

static struct place step_into(const struct place *outer, const char *name, int64_t index)
{
	struct place inner = { .reterr = outer->reterr };
	bool is_whole = name ? cw_text_format(inner.text, sizeof(inner.text), "%.100s.%.40s", outer->text, name) :
			       cw_text_format(inner.text, sizeof(inner.text), "%.120s[%lld]", outer->text,
					      (long long)index);

	if (!is_whole) {
		inner.text[0] = '\0';
	}
	return inner;
}

static enum cw_status check_object(const json_t *object, const struct member *shape, const struct place *place);

static enum cw_status check_text(const json_t *value, const struct member *member, const struct place *place)
{
	if (!json_is_string(value)) {
		return fault(place, "must be a string");
	}
	int64_t n = count_characters(json_string_value(value));

	if (member->max > 0 && n > member->max) {
		return fault_count(place, "must not be longer than %lld characters", member->max);
	}
	return n < member->min ? fault(place, "must not be empty") : CW_OK;
}

static enum cw_status check_list(const json_t *list, const struct member *member, const struct place *place)
{
	enum cw_status status = CW_OK;
	int64_t n = (int64_t)json_array_size(list);

	if (!json_is_array(list)) {
		return fault(place, "must be a list");
	}
	if (n < member->min || (member->max > 0 && n > member->max)) {
		return n < member->min ? fault(place, "must not be empty") :
					 fault_count(place, "must not have more than %lld elements", member->max);
	}
	for (int64_t i = 0; member->inner && status == CW_OK && i < n; i++) {
		struct place inner = step_into(place, NULL, i);

		status = check_object(json_array_get(list, (size_t)i), member->inner, &inner);
	}
	return status;
}

static enum cw_status check_number(const json_t *value, const struct member *member, const struct place *place)
{
	if (!json_is_number(value)) {
		return fault(place, "must be a number");
	}
	double number = json_number_value(value);

	return number < (double)member->min || number > (double)member->max ? fault(place, "is out of range") : CW_OK;
}

static enum cw_status check_value(const json_t *value, const struct member *member, const struct place *place)
{
	switch (member->form) {
	case FORM_TEXT:
		return check_text(value, member, place);
	case FORM_NUMBER:
		return check_number(value, member, place);
	case FORM_BOOL:
		return json_is_boolean(value) ? CW_OK : fault(place, "must be true or false");
	case FORM_OBJECT:
		return member->inner         ? check_object(value, member->inner, place) :
		       json_is_object(value) ? CW_OK :
					       fault(place, "must be an object");
	case FORM_LIST:
		return check_list(value, member, place);
	case FORM_ANY:
		break;
	}
	return CW_OK;
}

static bool knows(const struct member *shape, const char *name)
{
	for (; shape->name; shape++) {
		if (strcmp(shape->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static enum cw_status check_object(const json_t *object, const struct member *shape, const struct place *place)
{
	enum cw_status status = CW_OK;
	const char *name;
	json_t *value;

	if (!json_is_object(object)) {
		return fault(place, "must be an object");
	}
	for (const struct member *member = shape; member->name && status == CW_OK; member++) {
		struct place inner = step_into(place, member->name, 0);

		value = json_object_get(object, member->name);
		if (value) {
			status = check_value(value, member, &inner);
		} else if (member->is_required) {
			status = fault(&inner, "is missing");
		}
	}
	json_object_foreach((json_t *)object, name, value)
	{
		if (status == CW_OK && !knows(shape, name)) {
			struct place inner = step_into(place, name, 0);

			status = fault(&inner, "is an unknown member");
		}
	}
	return status;
}

/* ---- checks that a shape cannot express ---- */

static bool is_link(const char *text)
{
	return strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0;
}

static enum cw_status check_file_name(const json_t *content, const struct place *place)
{
	const char *link = json_string_value(json_object_get(content, "link"));

	if (!json_object_get(content, "media") == !link) {
		return fault(place, "must name a file by media or by link, not both");
	}
	return link && !is_link(link) ? fault(place, "link must be an http or https URL") : CW_OK;
}

/* Checks a member whose value must be one of words (comma-separated). */
static enum cw_status check_word(const json_t *object, const char *name, const char *words, const struct place *place)
{
	const char *word = json_string_value(json_object_get(object, name));
	struct place inner = step_into(place, name, 0);
	char what[80];

	if (word && cw_text_list_has(words, word)) {
		return CW_OK;
	}
	return fault(&inner, cw_text_format(what, sizeof(what), "must be one of %s", words) ? what : "is not allowed");
}

/* A header is a text or a file, in the member named like its type ("Interactive messages", header). */
static enum cw_status check_header(const json_t *content, const char *words, const struct place *place)
{
	const json_t *header = json_object_get(content, "header");
	struct place inner = step_into(place, "header", 0);
	enum cw_status status = header ? check_word(header, "type", words, &inner) : CW_OK;

	if (header && status == CW_OK &&
	    (json_object_size(header) != 2 ||
	     !json_object_get(header, json_string_value(json_object_get(header, "type"))))) {
		status = fault(&inner, "must have a type, and only one other member, named like the type");
	}
	return status;
}

static enum cw_status check_buttons(const json_t *content, const struct place *place)
{
	struct place inner = step_into(place, "action.buttons", 0);
	enum cw_status status = check_header(content, "text, image, video, document", place);
	size_t index;
	json_t *button;

	json_array_foreach(json_object_get(json_object_get(content, "action"), "buttons"), index, button)
	{
		struct place one = step_into(&inner, NULL, (int64_t)index);

		if (status == CW_OK) {
			status = check_word(button, "type", "reply", &one);
		}
	}
	return status;
}

static enum cw_status check_list_words(const json_t *content, const struct place *place)
{
	return check_header(content, "text", place);
}

static enum cw_status check_cta_url(const json_t *content, const struct place *place)
{
	struct place inner = step_into(place, "action", 0);
	enum cw_status status = check_header(content, "text, image, video, document", place);

	return status == CW_OK ? check_word(json_object_get(content, "action"), "name", "cta_url", &inner) : status;
}

static const struct {
	const char *type;
	const struct member *shape;
	enum cw_status (*check)(const json_t *content, const struct place *place);
} interactive_shapes[] = {
	{ "button", buttons_shape, check_buttons },
	{ "list", list_shape, check_list_words },
	{ "cta_url", cta_url_shape, check_cta_url },
};

/* Choices must have distinct ids. holder: the member of each element that has the id; NULL: the element itself. */
static enum cw_status check_ids(const json_t *list, const char *holder, const struct place *place, json_t *seen)
{
	size_t index;
	json_t *element;

	json_array_foreach(list, index, element)
	{
		const json_t *named = holder ? json_object_get(element, holder) : element;
		const char *id = json_string_value(json_object_get(named, "id"));

		if (json_object_get(seen, id)) {
			return fault(place, "must not have the same id twice");
		}
		if (json_object_set_new(seen, id, json_true()) != 0) {
			return cw_error_set(place->reterr, CW_NOMEM, "out of memory");
		}
	}
	return CW_OK;
}

/* Checks all choices of a message; a list may have ten rows in total. */
static enum cw_status check_choices(const json_t *content, const struct place *place)
{
	const json_t *action = json_object_get(content, "action");
	json_t *seen = json_object();
	enum cw_status status = seen ? CW_OK : cw_error_set(place->reterr, CW_NOMEM, "out of memory");
	size_t index;
	json_t *section;

	if (status == CW_OK) {
		status = check_ids(json_object_get(action, "buttons"), "reply", place, seen);
	}
	json_array_foreach(json_object_get(action, "sections"), index, section)
	{
		if (status == CW_OK) {
			status = check_ids(json_object_get(section, "rows"), NULL, place, seen);
		}
	}
	if (status == CW_OK && json_array_size(json_object_get(action, "sections")) > 0 && json_object_size(seen) > 10) {
		status = fault(place, "must not have more than 10 rows in total");
	}
	json_decref(seen);
	return status;
}

static enum cw_status check_interactive(const json_t *content, const struct place *place)
{
	const char *type = json_string_value(json_object_get(content, "type"));
	struct place type_place = step_into(place, "type", 0);

	for (size_t i = 0; type && i < sizeof(interactive_shapes) / sizeof(interactive_shapes[0]); i++) {
		if (strcmp(interactive_shapes[i].type, type) == 0) {
			enum cw_status status = check_object(content, interactive_shapes[i].shape, place);

			if (status == CW_OK) {
				status = interactive_shapes[i].check(content, place);
			}
			return status == CW_OK ? check_choices(content, place) : status;
		}
	}
	return fault(&type_place, "must be button, list or cta_url");
}

/* ---- the interface ---- */

static size_t find(enum cw_message_kind kind)
{
	size_t i = 0;

	while (i < N_SENDABLE && sendable[i].kind != kind) {
		i++;
	}
	return i;
}

bool cw_content_can_send(enum cw_message_kind kind)
{
	return find(kind) < N_SENDABLE;
}

enum cw_status cw_content_check(enum cw_message_kind kind, const json_t *content, struct cw_error *reterr)
{
	struct place place = { .text = "content", .reterr = reterr };
	size_t i = find(kind);

	if (i == N_SENDABLE) {
		return cw_error_set(reterr, CW_INVALID, "kind: %s cannot be sent", cw_message_kind_text(kind));
	}
	if (!sendable[i].shape) {
		return check_interactive(content, &place);
	}
	enum cw_status status = check_object(content, sendable[i].shape, &place);

	return status == CW_OK && cw_message_kind_is_media(kind) ? check_file_name(content, &place) : status;
}

enum cw_status cw_content_check_file(enum cw_message_kind kind, const char *mime_type, int64_t size_bytes,
				     struct cw_error *reterr)
{
	size_t i = find(kind);

	if (i == N_SENDABLE || !sendable[i].mime_types) {
		return cw_error_set(reterr, CW_INVALID, "%s has no file", cw_message_kind_text(kind));
	}
	if (!cw_text_list_has(sendable[i].mime_types, mime_type)) {
		return cw_error_set(reterr, CW_INVALID, "%.80s cannot be sent as %s, only %s", mime_type,
				    cw_message_kind_text(kind), sendable[i].mime_types);
	}
	if (size_bytes > sendable[i].max_bytes) {
		return cw_error_set(reterr, CW_TOO_LARGE, "%lld bytes are too many for %s: at most %lld",
				    (long long)size_bytes, cw_message_kind_text(kind), (long long)sendable[i].max_bytes);
	}
	return size_bytes > 0 ? CW_OK : cw_error_set(reterr, CW_INVALID, "the file is empty");
}

static json_t *header_file(const json_t *content, enum cw_message_kind *ret_kind)
{
	static const enum cw_message_kind kinds[] = { CW_KIND_IMAGE, CW_KIND_VIDEO, CW_KIND_DOCUMENT };
	size_t index;
	json_t *component;

	json_array_foreach(json_object_get(content, "components"), index, component)
	{
		const char *type = json_string_value(json_object_get(component, "type"));
		json_t *parameter = json_array_get(json_object_get(component, "parameters"), 0);

		for (size_t i = 0; type && strcasecmp(type, "header") == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			json_t *file = json_object_get(parameter, cw_message_kind_text(kinds[i]));

			if (json_is_object(file)) {
				*ret_kind = kinds[i];
				return file;
			}
		}
	}
	return NULL;
}

json_t *cw_content_file(enum cw_message_kind kind, json_t *content, enum cw_message_kind *ret_kind)
{
	*ret_kind = kind;
	return kind == CW_KIND_TEMPLATE       ? header_file(content, ret_kind) :
	       cw_message_kind_is_media(kind) ? content :
						NULL;
}

const char *cw_content_type(const char *mime_type)
{
	static const char *const names[][2] = {
		{ "audio/x-m4a", "audio/mp4" },  { "audio/m4a", "audio/mp4" },       { "audio/mp3", "audio/mpeg" },
		{ "audio/x-mp3", "audio/mpeg" }, { "audio/x-mpeg", "audio/mpeg" },   { "audio/x-aac", "audio/aac" },
		{ "audio/opus", "audio/ogg" },   { "application/ogg", "audio/ogg" }, { "image/jpg", "image/jpeg" },
		{ "image/pjpeg", "image/jpeg" }, { "image/x-png", "image/png" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i][0], mime_type) == 0) {
			return names[i][1];
		}
	}
	return mime_type;
}
