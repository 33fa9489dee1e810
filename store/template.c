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

void template_note(struct tx *tx, int64_t account, const char *waba_id, const char *field, const json_t *value)
{
	const char *status = json_string_value(json_object_get(value, "event"));
	const char *category = json_string_value(json_object_get(value, "new_category"));
	const char *quality = json_string_value(json_object_get(value, "new_quality_score"));

	if (!waba_id) {
		return; /* the App Dashboard's test */
	}
	db_run(tx->db, SQL_TEMPLATE_CHANGE, "itttttt", account, waba_id, text_of(value, "message_template_name"),
	       text_of(value, "message_template_language"), status, category, quality);
	bool is_new = status && strcmp(status, "APPROVED") == 0;

	if (is_new || strcmp(field, "message_template_components_update") == 0) {
		db_run(tx->db, SQL_TEMPLATE_DUE_INSERT, "iti", account, waba_id, tx->now_ms);
		tx->wakes_bridge = true;
	}
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
	db_run(tx->db, SQL_TEMPLATE_DUE_DELETE, "it", account, templates->waba_id);
	json_array_foreach(templates->rows, index, row)
	{
		templates->n_stored += store_template(tx, account, templates->waba_id, row);
	}
	return CW_OK;
}
