/* SPDX-License-Identifier: MIT */
#include "core/conversation_id.h"

#include <jansson.h>

#include "tests/unit/unit.h"

static int load_vectors(void **state)
{
	json_error_t error;

	*state = json_load_file(CW_SOURCE_DIR "/tests/data/conversation_ids.json", JSON_REJECT_DUPLICATES, &error);
	if (!*state) {
		fail_msg("conversation_ids.json:%d: %s", error.line, error.text);
	}
	return 0;
}

static int free_vectors(void **state)
{
	json_decref(*state);
	return 0;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_non_null(text);
	return text;
}

static const json_t *rows_of(void **state, const char *key)
{
	const json_t *rows = json_object_get(*state, key);

	assert_true(json_array_size(rows) > 0);
	return rows;
}

static void ids_are_made_of_their_parts_and_split_one_way(void **state)
{
	const json_t *rows = rows_of(state, "ids");
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		char made[CW_CONVERSATION_ID_MAX + 1];
		struct cw_conversation_id id;

		assert_int_equal(cw_conversation_id_make(text_of(row, "account"), text_of(row, "phone_number_id"),
							 text_of(row, "customer"), made),
				 CW_OK);
		assert_string_equal(made, text_of(row, "id"));
		assert_int_equal(cw_conversation_id_parse(text_of(row, "id"), &id), CW_OK);
		assert_string_equal(id.account, text_of(row, "account"));
		assert_string_equal(id.phone_number_id, text_of(row, "phone_number_id"));
		assert_string_equal(id.customer, text_of(row, "customer"));
	}
}

static void texts_that_are_no_id_are_refused_and_nothing_is_written(void **state)
{
	const json_t *rows = rows_of(state, "invalid_ids");
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		struct cw_conversation_id id = { .account = "untouched" };

		if (cw_conversation_id_parse(json_string_value(row), &id) != CW_INVALID) {
			fail_msg("\"%s\" was taken for an id", json_string_value(row));
		}
		assert_string_equal(id.account, "untouched");
	}
	assert_int_equal(cw_conversation_id_parse(NULL, &(struct cw_conversation_id){ .account = "" }), CW_INVALID);
}

static void parts_that_break_the_grammar_make_no_id(void **state)
{
	const json_t *rows = rows_of(state, "invalid_parts");
	char made[CW_CONVERSATION_ID_MAX + 1];
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		assert_int_equal(cw_conversation_id_make(text_of(row, "account"), text_of(row, "phone_number_id"),
							 text_of(row, "customer"), made),
				 CW_INVALID);
	}
	assert_int_equal(cw_conversation_id_make(NULL, "1", "2", made), CW_INVALID);
	assert_int_equal(cw_conversation_id_make("a", NULL, "2", made), CW_INVALID);
	assert_int_equal(cw_conversation_id_make("a", "1", NULL, made), CW_INVALID);
}

static void identities_become_customers(void **state)
{
	const json_t *rows = rows_of(state, "customers");
	char customer[CW_CUSTOMER_MAX + 1];
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		assert_int_equal(cw_conversation_customer(text_of(row, "identity"), customer), CW_OK);
		assert_string_equal(customer, text_of(row, "customer"));
	}
	rows = rows_of(state, "invalid_identities");
	json_array_foreach(rows, index, row)
	{
		assert_int_equal(cw_conversation_customer(json_string_value(row), customer), CW_INVALID);
	}
	assert_int_equal(cw_conversation_customer(NULL, customer), CW_INVALID);
}

static void accounts_numbers_and_subjects_have_their_grammar(void **state)
{
	static const struct {
		const char *text;
		bool is_account, is_number;
	} rows[] = {
		{ "acme", true, false }, { "1003", true, true },      { "A-z-0", true, false },
		{ "", false, false },    { "_system", false, false }, /* deliberately outside the grammar for tenants */
		{ "a_b", false, false }, { "a/b", false, false },     { "a+b", false, false },
		{ "a@b", false, false }, { "1.2", false, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_account_is_valid(rows[i].text), rows[i].is_account);
		assert_int_equal(cw_subject_is_valid(rows[i].text), rows[i].is_account);
		assert_int_equal(cw_phone_number_id_is_valid(rows[i].text), rows[i].is_number);
	}
	assert_false(cw_account_is_valid(NULL));
	assert_false(cw_subject_is_valid(NULL));
	assert_false(cw_phone_number_id_is_valid(NULL));
}

static void a_tag_shows_the_last_digits_and_a_keyed_hash(void **state)
{
	static const char id[] = "acme_1003_923456789012";
	struct cw_tag_key *key = cw_tag_key_create("key", 3);
	struct cw_tag_key *other = cw_tag_key_create("other", 5);
	char tag[CW_TAG_MAX + 1];
	char again[CW_TAG_MAX + 1];

	(void)state;
	cw_tag_make(key, id, tag);
	assert_memory_equal(tag, "…9012#", 8);
	assert_int_equal(strlen(tag), 16);
	/* printf acme_1003_923456789012 | openssl dgst -sha256 -hmac key */
	assert_string_equal(tag + 8, "8201e205");
	cw_tag_make(key, id, again);
	assert_string_equal(tag, again);
	cw_tag_make(other, id, again);
	assert_string_not_equal(tag, again);
	cw_tag_make(key, "acme_1003_923456789013", again);
	assert_string_not_equal(tag, again);
	cw_tag_make(key, "acme_1003_12", again); /* customer shorter than four digits */
	assert_memory_equal(again, "…12#", 6);
	cw_tag_key_destroy(key);
	cw_tag_key_destroy(other);
}

static void a_tag_of_nothing_is_marked_as_such(void **state)
{
	struct cw_tag_key *key = cw_tag_key_create("key", 3);
	char tag[CW_TAG_MAX + 1];

	(void)state;
	cw_tag_make(key, "no id", tag);
	assert_string_equal(tag, "…#invalid");
	cw_tag_make(NULL, "acme_1003_9", tag);
	assert_string_equal(tag, "…#invalid");
	assert_null(cw_tag_key_create("", 0));
	cw_tag_key_destroy(NULL);
	cw_tag_key_destroy(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_made_of_their_parts_and_split_one_way),
		cmocka_unit_test(texts_that_are_no_id_are_refused_and_nothing_is_written),
		cmocka_unit_test(parts_that_break_the_grammar_make_no_id),
		cmocka_unit_test(identities_become_customers),
		cmocka_unit_test(accounts_numbers_and_subjects_have_their_grammar),
		cmocka_unit_test(a_tag_shows_the_last_digits_and_a_keyed_hash),
		cmocka_unit_test(a_tag_of_nothing_is_marked_as_such),
	};

	return cmocka_run_group_tests_name("conversation_id", tests, load_vectors, free_vectors);
}
