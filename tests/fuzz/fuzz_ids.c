/* SPDX-License-Identifier: MIT */
/* Ids: what the parser accepts, the maker must reproduce exactly, and vice versa. */
#include "core/clock.h"
#include "core/conversation_id.h"
#include "core/phone.h"
#include "core/text.h"
#include "core/topic.h"
#include "fuzz.h"

static void check_conversation(const char *text)
{
	struct cw_conversation_id id;
	char made[CW_CONVERSATION_ID_MAX + 1];
	char tag[CW_TAG_MAX + 1];
	static struct cw_tag_key *key;

	key = key ? key : cw_tag_key_create("key", 3);
	cw_tag_make(key, text, tag);
	FUZZ_CHECK(strlen(tag) > 0 && strlen(tag) <= CW_TAG_MAX);
	if (cw_conversation_id_parse(text, &id) == CW_OK) {
		FUZZ_CHECK(cw_conversation_id_make(id.account, id.phone_number_id, id.customer, made) == CW_OK);
		FUZZ_CHECK(strcmp(made, text) == 0);
	}
}

static void check_parts(const char *account, const char *number, const char *customer)
{
	struct cw_conversation_id id;
	char made[CW_CONVERSATION_ID_MAX + 1];

	if (cw_conversation_id_make(account, number, customer, made) == CW_OK) {
		FUZZ_CHECK(cw_conversation_id_parse(made, &id) == CW_OK);
		FUZZ_CHECK(strcmp(id.account, account) == 0 && strcmp(id.phone_number_id, number) == 0 &&
			   strcmp(id.customer, customer) == 0);
	}
}

static void check_customer(const char *text)
{
	char customer[CW_CUSTOMER_MAX + 1];
	char again[CW_CUSTOMER_MAX + 1];
	char made[CW_CONVERSATION_ID_MAX + 1];

	if (cw_conversation_customer(text, customer) == CW_OK) {
		FUZZ_CHECK(strlen(customer) == strlen(text) && !strchr(customer, '.'));
		FUZZ_CHECK(cw_conversation_customer(customer, again) == CW_OK && strcmp(customer, again) == 0);
		FUZZ_CHECK(cw_conversation_id_make("a", "1", customer, made) == CW_OK);
	}
}

/* Every spelling of a number must give the same key, and the key of a key is itself. */
static void check_phone(const char *text)
{
	char digits[CW_PHONE_MAX + 1];
	char key[CW_PHONE_MAX + 1];
	char again[CW_PHONE_MAX + 1];

	if (cw_phone_digits(text, digits, NULL) == CW_OK) {
		FUZZ_CHECK(cw_text_is_made_of(digits, strlen(digits), 20, CW_TEXT_DIGITS) && strlen(digits) >= 5);
	}
	if (cw_phone_match_key(text, key) == CW_OK) {
		FUZZ_CHECK(cw_phone_match_key(key, again) == CW_OK && strcmp(key, again) == 0);
		FUZZ_CHECK(cw_phone_digits(key, again, NULL) == CW_OK && strcmp(key, again) == 0);
	}
}

static bool same_topic(const struct cw_topic *one, const struct cw_topic *other)
{
	return one->kind == other->kind && strcmp(one->account, other->account) == 0 &&
	       strcmp(one->conversation, other->conversation) == 0 && strcmp(one->subject, other->subject) == 0 &&
	       strcmp(one->tab, other->tab) == 0;
}

static void check_topic(const char *text)
{
	struct cw_topic topic;
	struct cw_topic again;
	char made[CW_TOPIC_MAX + 1];

	if (cw_topic_parse(text, &topic) == CW_OK) {
		FUZZ_CHECK(cw_topic_make(&topic, made) == CW_OK && strcmp(made, text) == 0);
		FUZZ_CHECK(cw_topic_parse(made, &again) == CW_OK && same_topic(&topic, &again));
		FUZZ_CHECK(cw_topic_is_inside(text, topic.account) && cw_topic_filter_is_valid(text));
		FUZZ_CHECK(cw_topic_matches("acct/#", text) && cw_topic_matches(text, text));
	}
}

static void check_uuid(const char *text)
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char made[CW_CLOCK_UUID_TEXT];

	if (cw_clock_uuid_parse(text, uuid) == CW_OK) {
		cw_clock_uuid_text(uuid, made);
		FUZZ_CHECK(strlen(made) == strlen(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *number = fuzz_cut(text);
	char *customer = fuzz_cut(number);

	check_conversation(text);
	check_customer(text);
	check_phone(text);
	check_topic(text);
	check_uuid(text);
	check_parts(text, number, customer);
	free(text);
	return 0;
}
