/* SPDX-License-Identifier: MIT */
/* Any bytes as a webhook's body: parsed, repaired, kept raw and parsed again. */
#include <jansson.h>

#include "core/repair.h"
#include "core/webhook.h"
#include "fuzz.h"

static void check_kept(const struct cw_webhook *webhook, const struct cw_webhook_change *change)
{
	char *text = cw_webhook_keep(change);
	struct cw_webhook again;
	struct cw_error error;

	FUZZ_CHECK(text);
	FUZZ_CHECK(cw_webhook_parse_kept(text, &again, &error) == CW_OK);
	FUZZ_CHECK(again.n_changes == 1);
	FUZZ_CHECK(again.changes[0].type == change->type && again.changes[0].n_items == change->n_items);
	FUZZ_CHECK(again.changes[0].reason == change->reason);
	for (size_t i = 0; i < change->n_items; i++) {
		const struct cw_webhook_item *one = &webhook->items[change->first_item + i];
		const struct cw_webhook_item *other = &again.items[i];

		FUZZ_CHECK(one->type == other->type && one->kind == other->kind && one->status == other->status);
		FUZZ_CHECK(!one->wamid == !other->wamid && (!one->wamid || strcmp(one->wamid, other->wamid) == 0));
		FUZZ_CHECK(one->sent_at_ms == other->sent_at_ms);
		FUZZ_CHECK(!one->body == !other->body && (!one->body || json_equal(one->body, other->body)));
	}
	cw_webhook_finish(&again);
	free(text);
}

static void check_parse(const char *text, size_t size)
{
	struct cw_webhook webhook;
	struct cw_error error;

	if (cw_webhook_parse(text, size, &webhook, &error) != CW_OK) {
		return;
	}
	size_t n_items = 0;

	for (size_t i = 0; i < webhook.n_changes; i++) {
		FUZZ_CHECK(webhook.changes[i].first_item == n_items);
		n_items += webhook.changes[i].n_items;
		check_kept(&webhook, &webhook.changes[i]);
	}
	FUZZ_CHECK(n_items == webhook.n_items);
	for (size_t i = 0; i < webhook.n_items; i++) {
		const struct cw_webhook_item *item = &webhook.items[i];

		FUZZ_CHECK(item->type == CW_ITEM_IDENTITY || item->wamid);
		FUZZ_CHECK(item->type != CW_ITEM_MESSAGE || item->body);
		FUZZ_CHECK(item->sent_at_ms >= 0);
	}
	cw_webhook_finish(&webhook);
}

/*
 * Valid JSON stays valid, and repaired JSON needs no further repair. (Except where a NUL between two tokens was
 * dropped: two numbers may become one.)
 */
static void check_repair(const char *text, size_t size)
{
	struct cw_buf once;
	struct cw_buf twice;
	json_t *strict = json_loadb(text, size, 0, NULL);

	cw_buf_init(&once, 8 * size + 16);
	cw_buf_init(&twice, 64 * size + 16);
	FUZZ_CHECK(cw_repair_json(text, size, &once) == CW_OK);
	FUZZ_CHECK(cw_repair_json(once.data ? once.data : "", once.len, &twice) == CW_OK);
	json_t *mended = json_loadb(once.data ? once.data : "", once.len, 0, NULL);

	FUZZ_CHECK(!strict || mended);
	FUZZ_CHECK(!mended || memchr(text, 0, size) ||
		   (once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0));
	json_decref(strict);
	json_decref(mended);
	cw_buf_finish(&once);
	cw_buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_repair(text, size);
	check_parse(text, size);
	free(text);
	return 0;
}
