/* SPDX-License-Identifier: MIT */
/* Message templates, as the Graph API last listed them. */
#include <stdlib.h>

#include "store/tx.h"

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
		db_run(tx->db, SQL_TEMPLATE_INSERT, "itttttti", account, waba_id, text_of(row, "name"),
		       text_of(row, "language"), text_of(row, "status"), text_of(row, "category"), text ? text : "[]",
		       tx->now_ms);
	}
	free(text);
	return is_whole;
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
	json_array_foreach(templates->rows, index, row)
	{
		templates->n_stored += store_template(tx, account, templates->waba_id, row);
	}
	return CW_OK;
}
