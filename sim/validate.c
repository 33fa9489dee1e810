/* SPDX-License-Identifier: MIT */
#include "sim/validate.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BAD_PARAMETER 100
#define MISSING 131008
#define BAD_VALUE 131009
#define UNSUPPORTED 131051

struct fault {
	int code; /* 0: none yet */
	char *details;
};

static void __attribute__((format(printf, 3, 4))) say(struct fault *fault, int code, const char *format, ...)
{
	va_list arguments;

	if (fault->code != 0) {
		return; /* only the first fault is reported */
	}
	fault->code = code;
	va_start(arguments, format);
	(void)vsnprintf(fault->details, VALIDATE_DETAILS, format, arguments); /* may be truncated */
	va_end(arguments);
}

static size_t length(const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return n;
}

/* Checks a string member of at most max characters. */
static void text(struct fault *fault, const json_t *object, const char *name, bool must, size_t max)
{
	const json_t *member = json_object_get(object, name);

	if (!member) {
		if (must) {
			say(fault, MISSING, "Parameter %s is required", name);
		}
		return;
	}
	if (!json_is_string(member)) {
		say(fault, BAD_PARAMETER, "Param %s must be a string", name);
	} else if (must && json_string_value(member)[0] == '\0') {
		say(fault, BAD_PARAMETER, "Param %s must be a non-empty string", name);
	} else if (length(json_string_value(member)) > max) {
		say(fault, BAD_PARAMETER, "Param %s must be at most %zu characters long", name, max);
	}
}

/* Allows only these members: names in one string, each with a space on both sides. */
static void only(struct fault *fault, const json_t *object, const char *where, const char *names)
{
	const char *name;
	json_t *member;
	char padded[80];

	if (!json_is_object(object)) {
		say(fault, BAD_PARAMETER, "Param %s must be a JSON object", where);
		return;
	}
	json_object_foreach((json_t *)object, name, member)
	{
		(void)snprintf(padded, sizeof(padded), " %s ", name);
		if (!strstr(names, padded)) {
			say(fault, BAD_PARAMETER, "Unexpected key \"%s\" on param \"%s\"", name, where);
		}
	}
}

/* ---- each type ---- */

static void check_text(struct fault *fault, const json_t *value)
{
	const json_t *preview = json_object_get(value, "preview_url");

	only(fault, value, "text", " body preview_url ");
	text(fault, value, "body", true, 4096);
	if (preview && !json_is_boolean(preview)) {
		say(fault, BAD_PARAMETER, "Param preview_url must be a boolean");
	}
}

static void check_file(struct fault *fault, const json_t *value, const char *type, const char *names)
{
	const char *link = json_string_value(json_object_get(value, "link"));

	only(fault, value, type, names);
	text(fault, value, "caption", false, 1024);
	text(fault, value, "filename", false, 240);
	if (!json_object_get(value, "id") == !json_object_get(value, "link")) {
		say(fault, BAD_PARAMETER, "Param %s must have exactly one of id and link", type);
	}
	text(fault, value, "id", false, 64);
	text(fault, value, "link", false, 2048);
	if (link && strncasecmp(link, "http", 4) != 0) {
		say(fault, BAD_VALUE, "link is not a valid URI");
	}
}

static void check_image(struct fault *fault, const json_t *value)
{
	check_file(fault, value, "image", " id link caption ");
}

static void check_video(struct fault *fault, const json_t *value)
{
	check_file(fault, value, "video", " id link caption ");
}

static void check_audio(struct fault *fault, const json_t *value)
{
	const json_t *voice = json_object_get(value, "voice");

	check_file(fault, value, "audio", " id link voice ");
	if (voice && !json_is_boolean(voice)) {
		say(fault, BAD_PARAMETER, "Param voice must be a boolean");
	}
}

static void check_document(struct fault *fault, const json_t *value)
{
	check_file(fault, value, "document", " id link caption filename ");
}

static void check_sticker(struct fault *fault, const json_t *value)
{
	check_file(fault, value, "sticker", " id link ");
}

static void degrees(struct fault *fault, const json_t *value, const char *name, double most)
{
	const json_t *member = json_object_get(value, name);
	double number = json_number_value(member);

	if (!member) {
		say(fault, MISSING, "Parameter %s is required", name);
	} else if (!json_is_number(member) && !json_is_string(member)) {
		say(fault, BAD_PARAMETER, "Param %s must be a number", name);
	} else if (json_is_number(member) && (number < -most || number > most)) {
		say(fault, BAD_VALUE, "Param %s is out of range", name);
	}
}

static void check_location(struct fault *fault, const json_t *value)
{
	only(fault, value, "location", " latitude longitude name address ");
	degrees(fault, value, "latitude", 90);
	degrees(fault, value, "longitude", 180);
	text(fault, value, "name", false, 1000);
	text(fault, value, "address", false, 1000);
}

static void check_contacts(struct fault *fault, const json_t *value)
{
	size_t index;
	json_t *contact;

	if (!json_is_array(value) || json_array_size(value) == 0) {
		say(fault, BAD_PARAMETER, "Param contacts must be a non-empty array");
	}
	json_array_foreach(value, index, contact)
	{
		only(fault, contact, "contacts", " name phones emails addresses urls org birthday ");
		text(fault, json_object_get(contact, "name"), "formatted_name", true, 1024);
	}
}

static void check_reaction(struct fault *fault, const json_t *value)
{
	only(fault, value, "reaction", " message_id emoji ");
	text(fault, value, "message_id", true, 512);
	if (!json_is_string(json_object_get(value, "emoji"))) {
		say(fault, MISSING, "Parameter emoji is required");
	}
	text(fault, value, "emoji", false, 32);
}

static void check_template(struct fault *fault, const json_t *value)
{
	const json_t *components = json_object_get(value, "components");

	only(fault, value, "template", " name language components namespace ");
	text(fault, value, "name", true, 512);
	if (!json_is_object(json_object_get(value, "language"))) {
		say(fault, MISSING, "Parameter language is required");
	}
	text(fault, json_object_get(value, "language"), "code", true, 16);
	if (components && !json_is_array(components)) {
		say(fault, BAD_PARAMETER, "Param components must be an array");
	}
}

/* ---- interactive ---- */

static void check_buttons(struct fault *fault, const json_t *action)
{
	const json_t *buttons = json_object_get(action, "buttons");
	size_t index;
	json_t *button;

	only(fault, action, "action", " buttons ");
	if (json_array_size(buttons) < 1 || json_array_size(buttons) > 3) {
		say(fault, BAD_VALUE, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3");
	}
	json_array_foreach(buttons, index, button)
	{
		const char *type = json_string_value(json_object_get(button, "type"));

		if (!type || strcmp(type, "reply") != 0) {
			say(fault, BAD_VALUE, "Button type must be reply");
		}
		text(fault, json_object_get(button, "reply"), "id", true, 256);
		text(fault, json_object_get(button, "reply"), "title", true, 20);
	}
}

static void check_rows(struct fault *fault, const json_t *section, size_t *n_rows)
{
	const json_t *rows = json_object_get(section, "rows");
	size_t index;
	json_t *row;

	if (json_array_size(rows) == 0) {
		say(fault, BAD_VALUE, "A section must have rows");
	}
	*n_rows += json_array_size(rows);
	json_array_foreach(rows, index, row)
	{
		only(fault, row, "row", " id title description ");
		text(fault, row, "id", true, 200);
		text(fault, row, "title", true, 24);
		text(fault, row, "description", false, 72);
	}
}

static void check_list(struct fault *fault, const json_t *action)
{
	const json_t *sections = json_object_get(action, "sections");
	size_t n_rows = 0;
	size_t index;
	json_t *section;

	only(fault, action, "action", " button sections ");
	text(fault, action, "button", true, 20);
	if (json_array_size(sections) < 1 || json_array_size(sections) > 10) {
		say(fault, BAD_VALUE, "A list has 1 to 10 sections");
	}
	json_array_foreach(sections, index, section)
	{
		text(fault, section, "title", false, 24);
		check_rows(fault, section, &n_rows);
	}
	if (n_rows > 10) {
		say(fault, BAD_VALUE, "Total row count exceed max allowed count: 10");
	}
}

static void check_cta_url(struct fault *fault, const json_t *action)
{
	const json_t *parameters = json_object_get(action, "parameters");
	const char *name = json_string_value(json_object_get(action, "name"));

	if (!name || strcmp(name, "cta_url") != 0) {
		say(fault, BAD_VALUE, "Action name must be cta_url");
	}
	text(fault, parameters, "display_text", true, 20);
	text(fault, parameters, "url", true, 2000);
}

static void check_interactive(struct fault *fault, const json_t *value)
{
	const char *type = json_string_value(json_object_get(value, "type"));
	const json_t *action = json_object_get(value, "action");
	bool is_list = type && strcmp(type, "list") == 0;

	only(fault, value, "interactive", " type header body footer action ");
	if (!json_is_object(json_object_get(value, "body"))) {
		say(fault, MISSING, "Parameter body is required");
	}
	text(fault, json_object_get(value, "body"), "text", true, is_list ? 4096 : 1024);
	if (json_object_get(value, "footer")) {
		text(fault, json_object_get(value, "footer"), "text", true, 60);
	}
	if (!json_is_object(action)) {
		say(fault, MISSING, "Parameter action is required");
	} else if (is_list) {
		check_list(fault, action);
	} else if (type && strcmp(type, "button") == 0) {
		check_buttons(fault, action);
	} else if (type && strcmp(type, "cta_url") == 0) {
		check_cta_url(fault, action);
	} else {
		say(fault, BAD_VALUE, "this simulator does not support that interactive type");
	}
}

static const struct {
	const char *type;
	void (*check)(struct fault *fault, const json_t *value);
} types[] = {
	{ "text", check_text },
	{ "image", check_image },
	{ "video", check_video },
	{ "audio", check_audio },
	{ "document", check_document },
	{ "sticker", check_sticker },
	{ "location", check_location },
	{ "contacts", check_contacts },
	{ "reaction", check_reaction },
	{ "template", check_template },
	{ "interactive", check_interactive },
};

/* ---- the envelope ---- */

static void check_recipient(struct fault *fault, const json_t *body)
{
	const char *to = json_string_value(json_object_get(body, "to"));
	const char *recipient = json_string_value(json_object_get(body, "recipient"));
	const char *kind = json_string_value(json_object_get(body, "recipient_type"));

	if (!to && !recipient) {
		say(fault, MISSING, "The parameter to is required.");
	}
	if (kind && strcmp(kind, "individual") != 0 && strcmp(kind, "group") != 0) {
		say(fault, BAD_PARAMETER, "Param recipient_type must be one of {individual, group}");
	}
	if (to && !(kind && strcmp(kind, "group") == 0) && strspn(to, "+0123456789 -()") != strlen(to)) {
		say(fault, BAD_VALUE, "Param to is not a phone number");
	}
	if (!to && recipient && !strchr(recipient, '.')) {
		say(fault, BAD_VALUE, "Param recipient is not a business-scoped user id");
	}
}

static void check_context(struct fault *fault, const json_t *body, const char *type)
{
	const json_t *context = json_object_get(body, "context");

	if (!context) {
		return;
	}
	only(fault, context, "context", " message_id ");
	text(fault, context, "message_id", true, 512);
	if (strcmp(type, "reaction") == 0) {
		say(fault, BAD_PARAMETER, "A reaction has no context");
	}
}

static void check_type(struct fault *fault, const json_t *body)
{
	const char *type = json_string_value(json_object_get(body, "type"));

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, type) == 0) {
			const json_t *value = json_object_get(body, type);
			char names[160];

			(void)snprintf(names, sizeof(names),
				       " messaging_product recipient_type to recipient type context "
				       "biz_opaque_callback_data %s ",
				       type);
			only(fault, body, "message", names);
			if (!value) {
				say(fault, MISSING, "Parameter %s is required", type);
			}
			check_context(fault, body, type);
			types[i].check(fault, value);
			return;
		}
	}
	say(fault, type ? UNSUPPORTED : MISSING, type ? "Message type is not supported" : "Parameter type is required");
}

int validate_message(const json_t *body, char out[VALIDATE_DETAILS])
{
	struct fault fault = { .details = out };
	const char *product = json_string_value(json_object_get(body, "messaging_product"));

	out[0] = '\0';
	if (!json_is_object(body)) {
		say(&fault, BAD_PARAMETER, "The body must be a JSON object");
		return fault.code;
	}
	if (!product || strcmp(product, "whatsapp") != 0) {
		say(&fault, BAD_PARAMETER, "The parameter messaging_product is required and must be whatsapp.");
	}
	check_recipient(&fault, body);
	text(&fault, body, "biz_opaque_callback_data", false, 512);
	check_type(&fault, body);
	return fault.code;
}
