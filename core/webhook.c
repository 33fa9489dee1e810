/* SPDX-License-Identifier: MIT */
#include "core/webhook.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/conversation_id.h"
#include "core/memory.h"
#include "core/repair.h"
#include "core/webhook_items.h"
#include "core/webhook_message.h"

/* Far beyond Meta's own limit of 1000 updates; a body with more is kept raw. */
#define MAX_CHANGES 10000
/* Repair replaces a control byte by at most six characters. */
#define REPAIR_GROWTH 6

/* ---- changes ---- */

/*
 * The fields about the account itself, which everyone in it may see. Others (participants of groups, unknown ones) may
 * name customers that not every agent may see: they are kept raw.
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

static enum cw_status read_change(struct cw_webhook *webhook, struct cw_webhook_change *change)
{
	json_t *value = json_object_get(change->change, "value");
	bool has_items = false;

	change->field = cw_webhook_text(change->change, "field");
	change->value = value;
	change->first_item = webhook->n_items;
	if (!change->field || !json_is_object(value)) {
		change->type = CW_CHANGE_RAW;
		change->reason = "a change without field or value";
		return CW_OK;
	}
	change->phone_number_id = cw_webhook_text(json_object_get(value, "metadata"), "phone_number_id");
	change->display_phone = cw_webhook_text(json_object_get(value, "metadata"), "display_phone_number");
	if (change->phone_number_id && !cw_phone_number_id_is_valid(change->phone_number_id)) {
		change->type = CW_CHANGE_RAW;
		change->reason = "a phone_number_id that is not digits";
		return CW_OK;
	}
	enum cw_status status = cw_webhook_read_items(webhook, change, &has_items);

	if (!has_items) {
		change->type = is_notice(change->field) ? CW_CHANGE_NOTICE : CW_CHANGE_RAW;
		change->reason = change->type == CW_CHANGE_RAW ? "a field that this version does not support" : NULL;
	}
	return status;
}

static enum cw_status add_change(struct cw_webhook *webhook, const char *waba_id, json_t *element)
{
	struct cw_webhook_change *changes = webhook->n_changes < MAX_CHANGES ?
						    cw_webhook_grow(webhook->changes, webhook->n_changes,
								    sizeof(*changes)) :
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
	if (status != CW_OK && (webhook->n_changes == MAX_CHANGES || webhook->n_items == CW_WEBHOOK_MAX_ITEMS)) {
		return cw_error_set(reterr, CW_INVALID, "more than %d changes or %d updates", MAX_CHANGES,
				    CW_WEBHOOK_MAX_ITEMS);
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
