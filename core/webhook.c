/* SPDX-License-Identifier: MIT */
#include "core/webhook.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/conversation_id.h"
#include "core/memory.h"
#include "core/phone.h"
#include "core/repair.h"
#include "core/text.h"
#include "core/webhook_message.h"
#include "core/webhook_party.h"

/* Seconds until the year 5138; anything above is milliseconds, which Meta sometimes sends. */
#define MAX_SECONDS 100000000000LL
#define MS_PER_S 1000
/* Far beyond Meta's own limit of 1000 updates; a body with more is kept raw. */
#define MAX_CHANGES 10000
#define MAX_ITEMS 50000
/* Repair replaces a control byte by at most six characters. */
#define REPAIR_GROWTH 6

/* What all items of a change share. */
struct place {
	struct cw_webhook *webhook;
	struct cw_webhook_change *change;
	struct cw_party_source parties;
	const char *display_digits; /* of the business number; NULL when unknown */
	char display_buffer[CW_PHONE_MAX + 1];
};

typedef enum cw_status (*read_fn)(struct place *place, json_t *element);

static void *grow(void *array, size_t count, size_t size)
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

	if (webhook->n_items == MAX_ITEMS) {
		return NULL;
	}
	struct cw_webhook_item *items = grow(webhook->items, webhook->n_items, sizeof(*items));

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

/* Reads what every message has, whoever sent it; the party has already been set. */
static enum cw_status finish_message(struct place *place, json_t *message, struct cw_webhook_item *item)
{
	item->wamid = cw_webhook_text(message, "id");
	item->sent_at_ms = read_time_ms(message);
	enum cw_status status = cw_webhook_read_message(message, item);

	if (status == CW_OK) {
		status = move_to_group(message, item);
	}
	if (status != CW_OK) {
		return status;
	}
	item->wamid_hash = item->wamid ? cw_message_wamid_hash(item->wamid) : 0;
	item->new_wa_id = cw_party_phone(&place->parties, item->new_wa_id);
	if (!item->wamid) {
		drop_item(place, "a message without id");
	} else if (!cw_party_is_known(&item->party)) {
		drop_item(place, "a message without a usable from, from_user_id or group_id");
	}
	return CW_OK;
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

/* ---- changes ---- */

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

/* The fields that contain items. */
static const struct {
	const char *field;
	enum cw_status (*read)(struct place *place);
} fields[] = {
	{ "messages", read_messages_field },
	{ "smb_message_echoes", read_echoes_field },
	{ "history", read_history_field },
	{ "user_id_update", read_user_id_field },
};

/*
 * The fields about the account itself, which everyone in it may see. Others (calls, user_preferences,
 * smb_app_state_sync, groups, unknown ones) may name customers that not every agent may see: they are kept
 * raw.
 */
static bool is_notice(const char *field)
{
	static const char *const notices[] = {
		"account_alerts",
		"account_review_update",
		"account_settings_update",
		"account_update",
		"business_capability_update",
		"business_username_update",
		"flows",
		"message_template_components_update",
		"message_template_quality_update",
		"message_template_status_update",
		"partner_solutions",
		"payment_configuration_update",
		"phone_number_name_update",
		"phone_number_quality_update",
		"security",
		"template_category_update",
	};

	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++) {
		if (strcmp(notices[i], field) == 0) {
			return true;
		}
	}
	return false;
}

static void set_business_number(struct place *place, json_t *metadata)
{
	const char *display = cw_webhook_text(metadata, "display_phone_number");

	place->change->phone_number_id = cw_webhook_text(metadata, "phone_number_id");
	if (display && cw_phone_digits(display, place->display_buffer, NULL) == CW_OK) {
		place->display_digits = place->display_buffer;
	}
}

static enum cw_status read_change(struct cw_webhook *webhook, struct cw_webhook_change *change)
{
	struct place place = { .webhook = webhook, .change = change };
	json_t *value = json_object_get(change->change, "value");

	change->field = cw_webhook_text(change->change, "field");
	change->value = value;
	change->first_item = webhook->n_items;
	if (!change->field || !json_is_object(value)) {
		change->type = CW_CHANGE_RAW;
		change->reason = "a change without field or value";
		return CW_OK;
	}
	set_business_number(&place, json_object_get(value, "metadata"));
	if (change->phone_number_id && !cw_phone_number_id_is_valid(change->phone_number_id)) {
		change->type = CW_CHANGE_RAW;
		change->reason = "a phone_number_id that is not digits";
		return CW_OK;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].field, change->field) != 0) {
			continue;
		}
		if (!change->phone_number_id) {
			change->type = CW_CHANGE_RAW;
			change->reason = "messages without metadata.phone_number_id";
			return CW_OK;
		}
		cw_party_source_init(&place.parties, webhook, json_object_get(value, "contacts"));
		enum cw_status status = fields[i].read(&place);

		cw_party_source_finish(&place.parties);
		return status;
	}
	change->type = is_notice(change->field) ? CW_CHANGE_NOTICE : CW_CHANGE_RAW;
	change->reason = change->type == CW_CHANGE_RAW ? "a field that this version does not support" : NULL;
	return CW_OK;
}

static enum cw_status add_change(struct cw_webhook *webhook, const char *waba_id, json_t *element)
{
	struct cw_webhook_change *changes = webhook->n_changes < MAX_CHANGES ?
						    grow(webhook->changes, webhook->n_changes, sizeof(*changes)) :
						    NULL;

	if (!changes) {
		return CW_NOMEM; /* or too many: read_root distinguishes them */
	}
	webhook->changes = changes;
	struct cw_webhook_change *change = &changes[webhook->n_changes++];

	*change = (struct cw_webhook_change){ .waba_id = waba_id, .change = element };
	if (!json_is_object(element)) {
		change->type = CW_CHANGE_RAW;
		change->reason = "a change that is not an object";
		return CW_OK;
	}
	return read_change(webhook, change);
}

static enum cw_status read_entry(struct cw_webhook *webhook, json_t *entry)
{
	const char *waba_id = cw_webhook_text(entry, "id");
	enum cw_status status = CW_OK;
	size_t index;
	json_t *change;

	if (!json_is_array(json_object_get(entry, "changes"))) {
		return add_change(webhook, NULL, entry); /* kept raw: it has neither field nor value */
	}
	if (waba_id && strcmp(waba_id, "0") == 0) {
		waba_id = NULL;
	}
	json_array_foreach(json_object_get(entry, "changes"), index, change)
	{
		if (status == CW_OK) {
			status = add_change(webhook, waba_id, change);
		}
	}
	return status;
}

static bool has_envelope(json_t *root)
{
	json_t *entries = json_object_get(root, "entry");
	size_t index;
	json_t *entry;

	if (!json_is_array(entries)) {
		return false;
	}
	json_array_foreach(entries, index, entry)
	{
		if (json_is_array(json_object_get(entry, "changes"))) {
			return true; /* one bad entry must not hide the others */
		}
	}
	return json_array_size(entries) == 0;
}

static enum cw_status read_root(struct cw_webhook *webhook, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;
	size_t index;
	json_t *entry;

	if (!has_envelope(webhook->root)) {
		return cw_error_set(reterr, CW_INVALID, "no entry[] of objects with changes[]");
	}
	json_array_foreach(json_object_get(webhook->root, "entry"), index, entry)
	{
		if (status == CW_OK) {
			status = read_entry(webhook, entry);
		}
	}
	if (status != CW_OK && (webhook->n_changes == MAX_CHANGES || webhook->n_items == MAX_ITEMS)) {
		return cw_error_set(reterr, CW_INVALID, "more than %d changes or %d updates", MAX_CHANGES, MAX_ITEMS);
	}
	return status == CW_OK ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static json_t *load_repaired(const char *bytes, size_t len)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf repaired;

	cw_buf_init(&repaired, len * REPAIR_GROWTH);
	enum cw_status status = cw_repair_json(bytes, len, &repaired);

	if (status == CW_NOMEM) {
		cw_memory_note_out();
	}
	if (status != CW_OK) {
		return NULL;
	}
	return json_loadb(repaired.data ? repaired.data : "", repaired.len, 0, NULL);
}

/* Running out of memory must not look like a broken webhook, which would be kept raw and acknowledged. */
enum cw_status cw_webhook_parse(const char *bytes, size_t len, struct cw_webhook *ret_webhook, struct cw_error *reterr)
{
	cw_memory_watch();
	struct cw_webhook webhook = { .root = json_loadb(bytes, len, 0, NULL) };

	if (!webhook.root && !cw_memory_ran_out()) {
		webhook.root = load_repaired(bytes, len);
		webhook.was_repaired = true;
	}
	enum cw_status status = webhook.root ? read_root(&webhook, reterr) : cw_error_set(reterr, CW_INVALID, "not JSON");

	if (cw_memory_ran_out()) {
		status = cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	if (status != CW_OK) {
		cw_webhook_finish(&webhook);
		return status;
	}
	*ret_webhook = webhook;
	return CW_OK;
}

char *cw_webhook_keep(const struct cw_webhook_change *change)
{
	json_t *kept = json_pack("{s:s?, s:O}", "waba_id", change->waba_id, "change", change->change);
	char *text = kept ? json_dumps(kept, JSON_COMPACT) : NULL;

	json_decref(kept);
	return text;
}

enum cw_status cw_webhook_parse_kept(const char *text, struct cw_webhook *ret_webhook, struct cw_error *reterr)
{
	struct cw_webhook webhook = { .root = json_loads(text, 0, NULL) };
	json_t *change = json_object_get(webhook.root, "change");
	enum cw_status status = CW_INVALID;

	if (change) {
		status = add_change(&webhook, cw_webhook_text(webhook.root, "waba_id"), change);
	}
	if (status != CW_OK) {
		cw_webhook_finish(&webhook);
		return cw_error_set(reterr, status, "a kept change cannot be read again");
	}
	*ret_webhook = webhook;
	return CW_OK;
}

void cw_webhook_finish(struct cw_webhook *webhook)
{
	for (size_t i = 0; i < webhook->n_items; i++) {
		json_decref(webhook->items[i].body);
	}
	free(webhook->items);
	free(webhook->changes);
	json_decref(webhook->texts);
	json_decref(webhook->root);
	*webhook = (struct cw_webhook){ .root = NULL };
}
