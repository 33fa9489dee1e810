/* SPDX-License-Identifier: MIT */
/* Message templates, as the Graph API last listed them. */
#include "store/template.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static bool store_template(struct tx *tx, int64_t account, const char *waba_id, const json_t *row)
{
	const json_t *components = json_object_get(row, "components");
	char *text = components ? json_dumps(components, JSON_COMPACT) : NULL;
	bool is_whole = text_of(row, "name")[0] && text_of(row, "language")[0];

	if (is_whole) {
		db_run(tx->db, SQL_TEMPLATE_INSERT, "ittttttit", account, waba_id, text_of(row, "name"),
		       text_of(row, "language"), text_of(row, "status"), text_of(row, "category"), text ? text : "[]",
		       tx->now_ms, json_string_value(json_object_get(json_object_get(row, "quality_score"), "score")));
	}
	free(text);
	return is_whole;
}

/*
 * The status that an event sets; NULL: none, such as LOCKED or FLAGGED, after which it may be sent as before ("Webhooks",
 * message_template_status_update).
 */
static const char *status_of(const char *event)
{
	static const char *const statuses[] = { "APPROVED", "REJECTED",         "PENDING", "PAUSED",    "DISABLED",
						"ARCHIVED", "PENDING_DELETION", "DELETED", "IN_APPEAL", "LIMIT_EXCEEDED" };

	if (event && strcmp(event, "REINSTATED") == 0) {
		return "APPROVED";
	}
	for (size_t i = 0; event && i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (strcmp(event, statuses[i]) == 0) {
			return statuses[i];
		}
	}
	return NULL;
}

void template_due(struct tx *tx, int64_t account, const char *waba_id)
{
	db_run(tx->db, SQL_TEMPLATE_DUE_INSERT, "iti", account, waba_id, tx->now_ms);
	tx->wakes_bridge = true;
}

void template_note(struct tx *tx, int64_t account, const char *waba_id, const json_t *value)
{
	const char *event = json_string_value(json_object_get(value, "event"));

	if (!waba_id) {
		return; /* the App Dashboard's test */
	}
	db_run(tx->db, SQL_TEMPLATE_CHANGE, "itttttt", account, waba_id, text_of(value, "message_template_name"),
	       text_of(value, "message_template_language"), status_of(event),
	       json_string_value(json_object_get(value, "new_category")),
	       json_string_value(json_object_get(value, "new_quality_score")));
	template_due(tx, account, waba_id);
}

enum cw_status apply_templates(struct tx *tx, struct cw_store_op *op)
{
	struct cw_store_templates *templates = &op->templates;
	int64_t account = tx_find_account(tx, templates->account);
	size_t index;
	json_t *row;

	templates->n_stored = 0;
	if (!account || !tx_account(tx, account)) {
		return cw_error_set(&op->error, CW_NOT_FOUND, "account %.70s does not exist", templates->account);
	}
	db_run(tx->db, SQL_TEMPLATE_CLEAR, "it", account, templates->waba_id);
	db_run(tx->db, SQL_TEMPLATE_DUE_DELETE, "iti", account, templates->waba_id,
	       templates->asked_at_ms ? templates->asked_at_ms : tx->now_ms);
	json_array_foreach(templates->rows, index, row)
	{
		templates->n_stored += store_template(tx, account, templates->waba_id, row);
	}
	return CW_OK;
}
