/* SPDX-License-Identifier: MIT */
#include "core/webhook_items.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/conversation_id.h"
#include "core/memory.h"
#include "core/phone.h"
#include "core/text.h"
#include "core/webhook_message.h"
#include "core/webhook_party.h"

/* Seconds until the year 5138; anything above is milliseconds, which Meta sometimes sends. */
#define MAX_SECONDS 100000000000LL
#define MS_PER_S 1000

/* What all items of a change share. */
struct place {
	struct cw_webhook *webhook;
	struct cw_webhook_change *change;
	struct cw_party_source parties;
	const char *display_digits; /* of the business number; NULL when unknown */
	char display_buffer[CW_PHONE_MAX + 1];
};

typedef enum cw_status (*read_fn)(struct place *place, json_t *element);

void *cw_webhook_grow(void *array, size_t count, size_t size)
{
	/* The capacity doubles at powers of two, so count says when to grow. */
	void *grown = count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);

	if (!grown) {
		cw_memory_note_out(); /* else what waits for its number would be put aside as unreadable */
	}
	return grown;
}

static struct cw_webhook_item *add_item(struct place *place, enum cw_item_type type)
{
	struct cw_webhook *webhook = place->webhook;

	if (webhook->n_items == CW_WEBHOOK_MAX_ITEMS) {
		return NULL;
	}
	struct cw_webhook_item *items = cw_webhook_grow(webhook->items, webhook->n_items, sizeof(*items));

	if (!items) {
		return NULL;
	}
	webhook->items = items;
	struct cw_webhook_item *item = &items[webhook->n_items++];

	*item = (struct cw_webhook_item){ .type = type };
	place->change->n_items++;
	return item;
}

static void drop_item(struct place *place, const char *reason)
{
	json_decref(place->webhook->items[--place->webhook->n_items].body);
	place->change->n_items--;
	place->change->reason = reason;
}

static int64_t read_time_ms(json_t *element)
{
	json_t *member = json_object_get(element, "timestamp");
	int64_t value = 0;

	if (json_is_real(member)) {
		double seconds = json_real_value(member);

		value = seconds > 0 && seconds < (double)INT64_MAX / 2 ? (int64_t)seconds : 0;
	} else if (json_is_integer(member)) {
		value = json_integer_value(member);
	} else if (cw_text_to_int64(json_string_value(member), &value) != CW_OK) {
		value = 0;
	}
	if (value <= 0) {
		return 0;
	}
	return value < MAX_SECONDS ? value * MS_PER_S : value;
}

/* A group message belongs to the group's conversation, and its author becomes part of the message. */
static enum cw_status move_to_group(json_t *message, struct cw_webhook_item *item)
{
	const char *group_id = cw_webhook_text(message, "group_id");

	if (!group_id) {
		return CW_OK;
	}
	json_t *author = json_pack("{s:s*, s:s*, s:s*}", "wa_id", item->party.wa_id, "user_id", item->party.user_id,
				   "name", item->party.name);

	item->party = (struct cw_party){ .group_id = group_id };
	return author && json_object_set_new(item->body, "author", author) == 0 ? CW_OK : CW_NOMEM;
}

/* ---- elements ---- */

/* Reads the id and time of a message whose party is known by now. */
static enum cw_status identify(struct place *place, json_t *message, struct cw_webhook_item *item)
{
	item->wamid = cw_webhook_text(message, "id");
	item->sent_at_ms = read_time_ms(message);
	item->wamid_hash = item->wamid ? cw_message_wamid_hash(item->wamid) : 0;
	if (!item->wamid) {
		drop_item(place, "a message without id");
	} else if (!cw_party_is_known(&item->party)) {
		drop_item(place, "a message without a usable from, from_user_id or group_id");
	}
	return CW_OK;
}

/* Reads what every message has, whoever sent it; the party has already been set. */
static enum cw_status finish_message(struct place *place, json_t *message, struct cw_webhook_item *item)
{
	enum cw_status status = cw_webhook_read_message(message, item);

	if (status == CW_OK) {
		status = move_to_group(message, item);
	}
	if (status != CW_OK) {
		return status;
	}
	item->new_wa_id = cw_party_phone(&place->parties, item->new_wa_id);
	return identify(place, message, item);
}

static enum cw_status read_inbound(struct place *place, json_t *message)
{
	struct cw_webhook_item *item = add_item(place, CW_ITEM_MESSAGE);

	if (!item) {
		return CW_NOMEM;
	}
	item->origin = CW_ORIGIN_CUSTOMER;
	cw_party_read(&place->parties, message, "from", "from_user_id", "from_parent_user_id", &item->party);
	return finish_message(place, message, item);
}

static enum cw_status read_echo(struct place *place, json_t *message)
{
	struct cw_webhook_item *item = add_item(place, CW_ITEM_MESSAGE);

	if (!item) {
		return CW_NOMEM;
	}
	item->origin = CW_ORIGIN_PHONE;
	item->is_outbound = true;
	item->status = CW_STATUS_SENT;
	cw_party_read(&place->parties, message, "to", "to_user_id", "to_parent_user_id", &item->party);
	return finish_message(place, message, item);
}

/* history_context.status: DELIVERED, ERROR, PENDING, PLAYED, READ or SENT. */
static enum cw_message_status history_status(json_t *message)
{
	const char *word = cw_webhook_text(json_object_get(message, "history_context"), "status");
	static const struct {
		const char *word;
		enum cw_message_status status;
	} words[] = { { "PENDING", CW_STATUS_ACCEPTED },    { "SENT", CW_STATUS_SENT },
		      { "DELIVERED", CW_STATUS_DELIVERED }, { "READ", CW_STATUS_READ },
		      { "PLAYED", CW_STATUS_PLAYED },       { "ERROR", CW_STATUS_FAILED } };

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0) {
			return words[i].status;
		}
	}
	return CW_STATUS_SENT;
}

static bool is_business(struct place *place, const char *from)
{
	const char *digits = cw_party_phone(&place->parties, from);

	return digits && place->display_digits && strcmp(digits, place->display_digits) == 0;
}

/* customer NULL: the second history webhook, whose messages themselves name the customer. */
static enum cw_status read_past(struct place *place, json_t *message, const char *customer)
{
	struct cw_webhook_item *item = add_item(place, CW_ITEM_MESSAGE);

	if (!item) {
		return CW_NOMEM;
	}
	const char *from = cw_webhook_text(message, "from");

	item->origin = CW_ORIGIN_HISTORY;
	item->is_outbound = customer ? from && !cw_party_same(&place->parties, from, customer) :
				       is_business(place, from) || cw_webhook_text(message, "to");
	cw_party_read(&place->parties, message, item->is_outbound ? "to" : "from",
		      item->is_outbound ? "to_user_id" : "from_user_id",
		      item->is_outbound ? "to_parent_user_id" : "from_parent_user_id", &item->party);
	if (customer) {
		cw_party_set_phone(&place->parties, &item->party, customer);
	}
	if (item->is_outbound) {
		item->status = history_status(message);
	}
	return finish_message(place, message, item);
}

static enum cw_status read_past_unthreaded(struct place *place, json_t *message)
{
	return read_past(place, message, NULL);
}

static enum cw_status read_status(struct place *place, json_t *element)
{
	const char *word = cw_webhook_text(element, "status");
	const char *type = cw_webhook_text(element, "type");

	if (type && strcmp(type, "message") != 0) {
		place->change->reason = "a status of something other than a message"; /* of a payment, for example */
		return CW_OK;
	}
	struct cw_webhook_item *item = add_item(place, CW_ITEM_STATUS);

	if (!item) {
		return CW_NOMEM;
	}
	item->wamid = cw_webhook_text(element, "id");
	item->sent_at_ms = read_time_ms(element);
	item->our_id = cw_webhook_text(element, "biz_opaque_callback_data");
	item->errors = json_object_get(element, "errors");
	item->wamid_hash = item->wamid ? cw_message_wamid_hash(item->wamid) : 0;
	if (!item->wamid) {
		drop_item(place, "a status without id");
	} else if (!word || cw_message_status_reported(word, &item->status) != CW_OK) {
		drop_item(place, "a status of an unknown kind");
	}
	return CW_OK;
}

static enum cw_status read_user_id_update(struct place *place, json_t *element)
{
	struct cw_webhook_item *item = add_item(place, CW_ITEM_IDENTITY);
	json_t *ids = json_object_get(element, "user_id");

	if (!item) {
		return CW_NOMEM;
	}
	item->party.wa_id = cw_party_phone(&place->parties, cw_webhook_text(element, "wa_id"));
	item->party.user_id = cw_webhook_user_id(ids, "previous");
	item->new_user_id = cw_webhook_user_id(ids, "current");
	item->sent_at_ms = read_time_ms(element);
	if (!item->new_user_id || !cw_party_is_known(&item->party)) {
		drop_item(place, "a user_id_update without previous or current");
	}
	return CW_OK;
}

static enum cw_status read_each(struct place *place, json_t *array, read_fn read)
{
	enum cw_status status = CW_OK;
	size_t index;
	json_t *element;

	if (array && !json_is_array(array)) {
		place->change->reason = "a list that is not an array";
		return CW_OK;
	}
	json_array_foreach(array, index, element)
	{
		if (!json_is_object(element)) {
			place->change->reason = "an element that is not an object";
			continue;
		}
		status = read(place, element);
		if (status != CW_OK) {
			break;
		}
	}
	return status;
}

static enum cw_status read_thread(struct place *place, json_t *thread)
{
	const char *customer = cw_webhook_text(thread, "id");
	json_t *messages = json_object_get(thread, "messages");
	enum cw_status status = CW_OK;
	size_t index;
	json_t *message;

	json_array_foreach(messages, index, message)
	{
		if (status == CW_OK && json_is_object(message)) {
			status = read_past(place, message, customer);
		}
	}
	return status;
}

static enum cw_status read_history(struct place *place, json_t *chunk)
{
	if (json_object_get(chunk, "errors")) {
		place->change->reason = "the business declined to share its history";
	}
	return read_each(place, json_object_get(chunk, "threads"), read_thread);
}

/* ---- what customers do besides writing ---- */

/*
 * A customer's call ("Calling API", calls webhook). `connect` and `terminate` have one id. Only `terminate` has a
 * status; without the status COMPLETED, nobody took the call.
 */
static enum cw_status read_call(struct place *place, json_t *call)
{
	const char *direction = cw_webhook_text(call, "direction");
	const char *status = cw_webhook_text(call, "status");
	bool is_taken = status && strcmp(status, "COMPLETED") == 0;

	if (direction ? strcmp(direction, "USER_INITIATED") != 0 : is_business(place, cw_webhook_text(call, "from"))) {
		place->change->reason = "a call that the business made";
		return CW_OK;
	}
	struct cw_webhook_item *item = add_item(place, CW_ITEM_MESSAGE);

	if (!item) {
		return CW_NOMEM;
	}
	item->kind = CW_KIND_CALL;
	item->origin = CW_ORIGIN_CUSTOMER;
	item->body = json_pack("{s:{s:s, s:s*, s:O*}}", "content", "body", is_taken ? "Call" : "Missed call", "status",
			       status, "duration", json_object_get(call, "duration"));
	cw_party_read(&place->parties, call, "from", "from_user_id", "from_parent_user_id", &item->party);
	return item->body ? identify(place, call, item) : CW_NOMEM;
}

/* The id of a line for which WhatsApp has none: the same whenever it is delivered again. */
static const char *line_id(struct place *place, const char *what, const struct cw_party *party, int64_t at_ms)
{
	char id[CW_CUSTOMER_MAX + 100];
	bool is_whole = cw_text_format(id, sizeof(id), "%s:%s:%" PRId64, what,
				       party->wa_id ? party->wa_id : party->user_id, at_ms);

	return is_whole ? cw_party_own(&place->parties, id, strlen(id)) : NULL;
}

/* Marketing messages stopped, resumed, or signed up for (user_preferences webhook). */
static enum cw_status read_preference(struct place *place, json_t *preference)
{
	const char *category = cw_webhook_text(preference, "category");
	const char *value = cw_webhook_text(preference, "value");
	const char *detail = cw_webhook_text(preference, "detail");

	if (!category || !value || strcmp(category, "marketing_messages") != 0) {
		place->change->reason = "a preference that this version does not support";
		return CW_OK;
	}
	struct cw_webhook_item *item = add_item(place, CW_ITEM_MESSAGE);
	bool is_out = strcmp(value, "stop") == 0;

	if (!item) {
		return CW_NOMEM;
	}
	item->kind = CW_KIND_SYSTEM;
	item->origin = CW_ORIGIN_CUSTOMER;
	item->marketing = is_out ? CW_MARKETING_OUT : CW_MARKETING_IN;
	item->sent_at_ms = read_time_ms(preference);
	cw_party_read(&place->parties, preference, "wa_id", "user_id", "parent_user_id", &item->party);
	if (!item->party.wa_id && !item->party.user_id) {
		drop_item(place, "a preference of nobody known");
		return CW_OK;
	}
	item->wamid = line_id(place, is_out ? "marketing-stop" : "marketing-resume", &item->party, item->sent_at_ms);
	item->wamid_hash = cw_message_wamid_hash(item->wamid);
	item->body = json_pack("{s:{s:s, s:s}}", "content", "type", is_out ? "marketing_stop" : "marketing_resume",
			       "body",
			       detail ? detail :
			       is_out ? "Marketing messages stopped" :
					"Marketing messages resumed");
	return item->wamid && item->body ? CW_OK : CW_NOMEM;
}

/* An entry of the phone's address book (smb_app_state_sync webhook). */
static enum cw_status read_address(struct place *place, json_t *sync)
{
	json_t *contact = json_object_get(sync, "contact");
	const char *action = cw_webhook_text(sync, "action");
	bool is_removed = action && strcmp(action, "remove") == 0;
	struct cw_webhook_item *item = add_item(place, CW_ITEM_NAME);

	if (!item) {
		return CW_NOMEM;
	}
	item->sent_at_ms = read_time_ms(json_object_get(sync, "metadata"));
	cw_party_set_phone(&place->parties, &item->party, cw_webhook_text(contact, "phone_number"));
	if (!is_removed) {
		const char *full_name = cw_party_name(&place->parties, contact, "full_name");

		item->party.name = full_name ? full_name : cw_party_name(&place->parties, contact, "first_name");
	}
	if (!cw_party_is_known(&item->party) || (!is_removed && !item->party.name)) {
		drop_item(place, "an address without a usable phone_number or name");
	}
	return CW_OK;
}

/* The subject of a group that was created, or of which it was changed ("Groups API", webhooks). */
static enum cw_status read_group(struct place *place, json_t *group)
{
	json_t *changed = json_object_get(group, "group_subject");
	bool has_failed = json_object_get(group, "errors") ||
			  json_is_false(json_object_get(changed, "update_successful"));
	const char *subject = changed ? cw_party_name(&place->parties, changed, "text") :
					cw_party_name(&place->parties, group, "subject");
	struct cw_webhook_item *item = add_item(place, CW_ITEM_NAME);

	if (!item) {
		return CW_NOMEM;
	}
	item->sent_at_ms = read_time_ms(group);
	item->party = (struct cw_party){ .group_id = cw_webhook_text(group, "group_id"), .name = subject };
	if (!item->party.group_id || !subject || has_failed) {
		drop_item(place, "a group's update without a subject");
	}
	return CW_OK;
}

/* ---- fields ---- */

static enum cw_status read_messages_field(struct place *place)
{
	json_t *value = place->change->value;

	place->parties.is_single = json_array_size(json_object_get(value, "messages")) == 1 &&
				   place->parties.n_contacts == 1;
	enum cw_status status = read_each(place, json_object_get(value, "messages"), read_inbound);

	if (status == CW_OK) {
		status = read_each(place, json_object_get(value, "statuses"), read_status);
	}
	if (place->change->n_items == 0 && !place->change->reason && json_object_get(value, "errors")) {
		place->change->type = CW_CHANGE_NOTICE; /* an error of the app or account, not of a message */
	}
	return status;
}

static enum cw_status read_echoes_field(struct place *place)
{
	return read_each(place, json_object_get(place->change->value, "message_echoes"), read_echo);
}

static enum cw_status read_history_field(struct place *place)
{
	enum cw_status status = read_each(place, json_object_get(place->change->value, "history"), read_history);

	return status == CW_OK ?
		       read_each(place, json_object_get(place->change->value, "messages"), read_past_unthreaded) :
		       status;
}

static enum cw_status read_user_id_field(struct place *place)
{
	return read_each(place, json_object_get(place->change->value, "user_id_update"), read_user_id_update);
}

static enum cw_status read_calls_field(struct place *place)
{
	json_t *value = place->change->value;
	json_t *calls = json_object_get(value, "calls");

	place->parties.is_single = json_array_size(calls) == 1 && place->parties.n_contacts == 1;
	if (json_object_get(value, "statuses")) {
		place->change->reason = "the status of a call that the business made";
	}
	return read_each(place, calls, read_call);
}

static enum cw_status read_preferences_field(struct place *place)
{
	return read_each(place, json_object_get(place->change->value, "user_preferences"), read_preference);
}

static enum cw_status read_addresses_field(struct place *place)
{
	return read_each(place, json_object_get(place->change->value, "state_sync"), read_address);
}

static enum cw_status read_groups_field(struct place *place)
{
	return read_each(place, json_object_get(place->change->value, "groups"), read_group);
}

/* The fields that contain items. */
static const struct {
	const char *field;
	enum cw_status (*read)(struct place *place);
} fields[] = {
	{ "messages", read_messages_field },
	{ "smb_message_echoes", read_echoes_field },
	{ "history", read_history_field },
	{ "user_id_update", read_user_id_field },
	{ "calls", read_calls_field },
	{ "user_preferences", read_preferences_field },
	{ "smb_app_state_sync", read_addresses_field },
	{ "group_lifecycle_update", read_groups_field },
	{ "group_settings_update", read_groups_field },
};

static void set_business_number(struct place *place)
{
	const char *display = place->change->display_phone;

	if (display && cw_phone_digits(display, place->display_buffer, NULL) == CW_OK) {
		place->display_digits = place->display_buffer;
	}
}

enum cw_status cw_webhook_read_items(struct cw_webhook *webhook, struct cw_webhook_change *change, bool *ret_is_known)
{
	struct place place = { .webhook = webhook, .change = change };
	enum cw_status status = CW_OK;

	*ret_is_known = false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].field, change->field) != 0) {
			continue;
		}
		*ret_is_known = true;
		if (!change->phone_number_id) {
			change->type = CW_CHANGE_RAW;
			change->reason = "messages without metadata.phone_number_id";
			return CW_OK;
		}
		set_business_number(&place);
		cw_party_source_init(&place.parties, webhook, json_object_get(change->value, "contacts"));
		status = fields[i].read(&place);
		cw_party_source_finish(&place.parties);
		break;
	}
	return status;
}
