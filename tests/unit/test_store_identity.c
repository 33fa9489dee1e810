/* SPDX-License-Identifier: MIT */
/* Customers' identities in the store: docs/protocol.md, "Names". */
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

/* A text message from a phone, a business-scoped user id or both, with the matching contact. */
#define FROM_PHONE(phone, wamid) AT("1001") "'messages':[" TEXT(phone, wamid, 1800000000, "x") "]"
#define FROM_BOTH(phone, user_id, wamid) \
	AT("1001") \
	"'contacts':[{'wa_id':'" phone "','user_id':'" user_id "'}],'messages':[{'from':'" phone \
	"','from_user_id':'" user_id "','id':'" wamid "','timestamp':'1800000000','type':'text','text':{'body':'x'}}]"
#define FROM_USER_ID(user_id, wamid) \
	AT("1001") \
	"'contacts':[{'user_id':'" user_id "'}],'messages':[{'from_user_id':'" user_id "','id':'" wamid \
	"','timestamp':'1800000000','type':'text','text':{'body':'x'}}]"
#define USER_ID_UPDATE(more, previous, current, at_s) \
	AT("1001") \
	"'user_id_update':[{" more "'user_id':{'previous':'" previous "','current':'" current "'},'timestamp':" #at_s \
	"}]"

static size_t count(struct fixture *fixture)
{
	return json_array_size(conversations(fixture, "acme"));
}

static void assert_resolves(struct fixture *fixture, const char *id, const char *expected)
{
	json_t *matches = resolve(fixture, id, NULL);

	if (json_array_size(matches) != 1 || strcmp(text_at(matches, "0.id"), expected) != 0) {
		char *text = json_dumps(matches, JSON_COMPACT);

		print_error("%s: %s\n", id, text);
		free(text);
		fail_msg("%s should mean %s", id, expected);
	}
}

/* ---- minting ---- */

static void the_first_identity_names_the_conversation(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("923456789012", "w1"));
	post(fixture, "messages", FROM_USER_ID("US.13491208655302741918", "w2"));
	post(fixture, "messages", FROM_BOTH("16505551234", "US.777", "w3"));
	assert_false(json_is_null(conversation(fixture, "acme_1001_923456789012")));
	assert_false(json_is_null(conversation(fixture, "acme_1001_US-13491208655302741918")));
	assert_false(json_is_null(conversation(fixture, "acme_1001_16505551234"))); /* the phone number if there is one */
	assert_int_equal(count(fixture), 3);
	assert_memory_equal(text_at(conversation(fixture, "acme_1001_923456789012"), "tag"), "…9012#", 8);
}

static void a_customer_at_two_numbers_has_two_conversations_and_one_contact(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_number(fixture, "acme", "1002", NULL), CW_OK);
	post(fixture, "messages", FROM_PHONE("923456789012", "w1"));
	post(fixture, "messages", AT("1002") "'messages':[" TEXT("923456789012", "w2", 1800000000, "x") "]");
	assert_int_equal(count(fixture), 2);
	char *contact = strdup(text_at(conversation(fixture, "acme_1001_923456789012"), "contact.id"));

	assert_string_equal(text_at(conversation(fixture, "acme_1002_923456789012"), "contact.id"), contact);
	free(contact);
	assert_int_equal(json_array_size(resolve(fixture, "923456789012", NULL)), 2);
	assert_int_equal(json_array_size(resolve(fixture, "923456789012", "1002")), 1);
	/* A new name is reported in both conversations. */
	int64_t since = account(fixture, "acme").head;

	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'923456789012','profile':{'name':'A'}}],'messages':[" TEXT(
		     "923456789012", "w3", 1800000001, "x") "]");
	json_t *log = events(fixture, "acme", since);

	assert_int_equal(json_array_size(log), 2);
	assert_string_equal(text_at(log, "1.kind"), "contact");
	assert_string_equal(text_at(log, "1.conversation"), "acme_1002_923456789012");
	assert_string_equal(text_at(log, "1.data.contact.name"), "A");
}

static void a_group_has_one_conversation_whoever_writes(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages",
	     AT("1001") "'messages':[{'from':'111111','group_id':'G:1=','id':'w1','timestamp':'1800000000','type':'text',"
			"'text':{'body':'x'}},{'from':'222222','group_id':'G:1=','id':'w2','timestamp':'1800000001',"
			"'type':'text','text':{'body':'y'}}]");
	assert_int_equal(count(fixture), 1);
	json_t *messages = thread(fixture, "acme_1001_G-1-");

	assert_string_equal(text_at(messages, "0.author.wa_id"), "222222");
	assert_string_equal(text_at(messages, "1.author.wa_id"), "111111");
}

/* ---- phone and user id together ---- */

static void a_user_id_learned_with_the_phone_leads_to_the_same_conversation(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w2"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w3"));
	post(fixture, "messages", FROM_PHONE("111111", "w4"));
	assert_int_equal(count(fixture), 1);
	assert_int_equal(json_array_size(thread(fixture, "acme_1001_111111")), 4);
	assert_string_equal(text_at(conversation(fixture, "acme_1001_111111"), "contact.user_id"), "US.1");
	assert_resolves(fixture, "US.1", "acme_1001_111111");
	assert_resolves(fixture, "+11 11 11", "acme_1001_111111");
}

static void a_phone_that_is_shown_later_does_not_rename_the_conversation(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_USER_ID("US.1", "w1"));
	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w2"));
	assert_int_equal(count(fixture), 1);
	assert_string_equal(text_at(conversation(fixture, "acme_1001_US-1"), "contact.wa_id"), "111111");
	assert_resolves(fixture, "111111", "acme_1001_US-1");
}

static void a_recycled_phone_is_a_stranger_with_a_conversation_of_its_own(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w1"));
	post(fixture, "messages", FROM_BOTH("111111", "US.2", "w2")); /* same phone, another person */
	assert_int_equal(count(fixture), 2);
	assert_string_equal(text_at(thread(fixture, "acme_1001_111111"), "0.wamid"), "w1");
	assert_string_equal(text_at(thread(fixture, "acme_1001_111111-2"), "0.wamid"), "w2");
	assert_true(json_is_null(at(conversation(fixture, "acme_1001_111111"), "contact.wa_id")));
	assert_resolves(fixture, "111111", "acme_1001_111111-2");
	assert_resolves(fixture, "US.1", "acme_1001_111111");
	post(fixture, "messages", FROM_USER_ID("US.1", "w3")); /* the first person stays where they were */
	assert_string_equal(text_at(thread(fixture, "acme_1001_111111"), "0.wamid"), "w3");
	assert_int_equal(check(fixture).faults, 0);
}

static void two_conversations_that_turn_out_to_be_one_customer_are_merged(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w2"));
	assert_int_equal(count(fixture), 2);
	int64_t since = account(fixture, "acme").head;

	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w3"));
	assert_string_equal(text_at(conversation(fixture, "acme_1001_US-1"), "merged_into"), "acme_1001_111111");
	assert_int_equal(int_at(conversation(fixture, "acme_1001_111111"), "unread"), 3);
	assert_int_equal(int_at(conversation(fixture, "acme_1001_US-1"), "unread"), 0);
	assert_int_equal(json_array_size(thread(fixture, "acme_1001_111111")), 3); /* the thread shows both */
	assert_resolves(fixture, "US.1", "acme_1001_111111");
	assert_resolves(fixture, "acme_1001_US-1", "acme_1001_111111");
	json_t *log = events(fixture, "acme", since);

	assert_string_equal(text_at(log, "0.kind"), "merge");
	assert_string_equal(text_at(log, "0.conversation"), "acme_1001_US-1");
	assert_string_equal(text_at(log, "0.data.conversation.merged_into"), "acme_1001_111111");
	post(fixture, "messages", FROM_USER_ID("US.1", "w4")); /* new messages go to the older conversation */
	assert_int_equal(json_array_size(thread(fixture, "acme_1001_111111")), 4);
	assert_int_equal(check(fixture).faults, 0);
}

struct page {
	json_t *wamids;
	int64_t last;
};

static bool take_message(void *context, const struct cw_message *message)
{
	struct page *page = context;

	page->last = message->position;
	return json_array_append_new(page->wamids, json_string(message->wamid)) == 0;
}

static void paging_through_a_merged_thread_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct page page = { json_array(), INT64_MAX };
	struct cw_reader *reader = NULL;

	/* Both wrote in the same second, Meta's resolution, so their positions are equal. */
	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w2"));
	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w3"));
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	for (int i = 0; i < 3; i++) {
		assert_ok(cw_store_messages(reader, "acme_1001_111111", page.last, 1, take_message, &page,
					    &fixture->error),
			  fixture->error);
	}
	cw_reader_release(reader);
	size_t n_seen = json_array_size(page.wamids);

	json_decref(page.wamids);
	assert_int_equal(n_seen, 3);
}

static void a_revoke_in_a_merged_conversation_reaches_the_list(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages",
	     AT("1001") "'contacts':[{'user_id':'US.1'}],'messages':[{'from_user_id':'US.1','id':'w2',"
			"'timestamp':'1800000009','type':'text','text':{'body':'secret'}}]");
	/* The merge, by a reaction, so that w2 stays the last message. */
	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'111111','user_id':'US.1'}],'messages':[{'from':'111111',"
			"'from_user_id':'US.1','id':'r1','timestamp':'1800000010','type':'reaction',"
			"'reaction':{'message_id':'w2','emoji':'+'}}]");
	assert_string_equal(text_at(conversation(fixture, "acme_1001_111111"), "last_message.preview"), "secret");
	post(fixture, "messages",
	     AT("1001") "'messages':[{'from_user_id':'US.1','id':'x1','timestamp':'1800000011','type':'revoke',"
			"'revoke':{'original_message_id':'w2'}}]");
	assert_true(json_is_null(at(conversation(fixture, "acme_1001_111111"), "last_message.preview")));
}

/* ---- changes of identity ---- */

static void a_changed_number_stays_in_its_conversation_and_frees_the_old_one(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages",
	     AT("1001") "'messages':[{'from':'111111','id':'s1','timestamp':'1800000001','type':'system',"
			"'system':{'body':'changed','type':'user_changed_number','wa_id':'222222'}}]");
	post(fixture, "messages", FROM_PHONE("222222", "w2"));
	assert_int_equal(count(fixture), 1);
	assert_int_equal(json_array_size(thread(fixture, "acme_1001_111111")), 3);
	assert_string_equal(text_at(conversation(fixture, "acme_1001_111111"), "contact.wa_id"), "222222");
	post(fixture, "messages", FROM_PHONE("111111", "w3")); /* the old number's new owner is a stranger */
	assert_string_equal(text_at(thread(fixture, "acme_1001_111111-2"), "0.wamid"), "w3");
	assert_resolves(fixture, "222222", "acme_1001_111111");
	assert_resolves(fixture, "111111", "acme_1001_111111-2");
}

static void a_changed_number_that_wrote_already_is_merged(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_PHONE("222222", "w2")); /* before the change that says who it is */
	post(fixture, "messages",
	     AT("1001") "'messages':[{'from':'111111','id':'s1','timestamp':'1800000001','type':'system',"
			"'system':{'type':'user_changed_number','wa_id':'222222'}}]");
	assert_string_equal(text_at(conversation(fixture, "acme_1001_222222"), "merged_into"), "acme_1001_111111");
}

static void a_number_taken_over_from_a_known_stranger_is_not_merged_with_them(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_BOTH("222222", "US.2", "w1")); /* Y, who gives 222222 up */
	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w2")); /* X, who gets it */
	post(fixture, "messages",
	     AT("1001") "'messages':[{'from':'111111','from_user_id':'US.1','id':'s1','timestamp':'1800000001',"
			"'type':'system','system':{'type':'user_changed_number','wa_id':'222222','user_id':'US.3'}}]");
	assert_true(json_is_null(at(conversation(fixture, "acme_1001_111111"), "merged_into")));
	assert_true(json_is_null(at(conversation(fixture, "acme_1001_222222"), "merged_into")));
	assert_resolves(fixture, "222222", "acme_1001_111111");
	assert_resolves(fixture, "US.2", "acme_1001_222222");
}

static void a_new_user_id_replaces_the_old_one(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_USER_ID("US.1", "w1"));
	post(fixture, "user_id_update", USER_ID_UPDATE("", "US.1", "US.2", 1800000001));
	post(fixture, "messages", FROM_USER_ID("US.2", "w2"));
	assert_int_equal(count(fixture), 1);
	assert_string_equal(text_at(conversation(fixture, "acme_1001_US-1"), "contact.user_id"), "US.2");
	assert_resolves(fixture, "US.2", "acme_1001_US-1");
}

static void a_user_id_update_that_comes_again_later_undoes_nothing(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w1"));
	post(fixture, "user_id_update", USER_ID_UPDATE("'wa_id':'111111',", "US.1", "US.2", 1800000001));
	post(fixture, "user_id_update", USER_ID_UPDATE("'wa_id':'111111',", "US.2", "US.3", 1800000002));
	post(fixture, "user_id_update", USER_ID_UPDATE("'wa_id':'111111',", "US.1", "US.2", 1800000001)); /* a retry */
	assert_string_equal(text_at(conversation(fixture, "acme_1001_111111"), "contact.user_id"), "US.3");
}

static void a_change_of_somebody_unknown_makes_nobody(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "user_id_update", USER_ID_UPDATE("", "US.1", "US.2", 1800000001));
	assert_int_equal(count(fixture), 0);
	assert_int_equal(account(fixture, "acme").head, 0);
}

static void a_name_changes_with_a_fresh_message_only(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'111111','profile':{'name':'New'}}],'messages':[" TEXT(
		     "111111", "w1", 1800000000, "x") "]");
	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'111111','profile':{'name':'Old'}}],'messages':[" TEXT(
		     "111111", "w2", 1799990000, "late") "]");
	assert_string_equal(text_at(conversation(fixture, "acme_1001_111111"), "contact.name"), "New");
}

/* ---- match keys ---- */

static void two_spellings_of_a_mobile_meet_in_one_conversation(void **state)
{
	static const struct {
		const char *first, *second;
	} rows[] = {
		{ "551187654321", "5511987654321" }, /* Brazil, first without the ninth digit */
		{ "5521987654321", "552187654321" }, /* and the other way round */
		{ "5215512345678", "525512345678" }, /* Mexico */
		{ "541123456789", "5491123456789" }, /* Argentina */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char value[400];
		char id[64];

		(void)snprintf(value, sizeof(value),
			       "{'from':'%s','id':'a%zu','timestamp':'1800000000','type':'text',"
			       "'text':{'body':'x'}}",
			       rows[i].first, i);
		post_messages(fixture, value);
		(void)snprintf(value, sizeof(value),
			       "{'from':'%s','id':'b%zu','timestamp':'1800000001','type':'text',"
			       "'text':{'body':'x'}}",
			       rows[i].second, i);
		post_messages(fixture, value);
		(void)snprintf(id, sizeof(id), "acme_1001_%s", rows[i].first);
		assert_int_equal(json_array_size(thread(fixture, id)), 2);
		assert_int_equal(count(fixture), i + 1);
		assert_string_equal(text_at(conversation(fixture, id), "contact.wa_id"), rows[i].second); /* the newest */
		assert_resolves(fixture, rows[i].first, id);
		assert_resolves(fixture, rows[i].second, id);
	}
}

static void landlines_and_other_countries_do_not_meet(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture,
		      TEXT("551132654321", "w1", 1800000000, "x") "," TEXT("5511932654321", "w2", 1800000000, "x") "," TEXT(
			      "923456789012", "w3", 1800000000, "x") "," TEXT("9293456789012", "w4", 1800000000, "x"));
	assert_int_equal(count(fixture), 4);
}

static void a_match_key_with_two_candidates_decides_nothing(void **state)
{
	struct fixture *fixture = *state;

	/* Two people who share the key; each has their own user id, so they were never merged. */
	post(fixture, "messages", FROM_BOTH("541123456789", "AR.1", "w1"));
	post(fixture, "messages", FROM_BOTH("5491123456789", "AR.2", "w2"));
	assert_int_equal(count(fixture), 2);
	assert_resolves(fixture, "541123456789", "acme_1001_541123456789"); /* the exact number wins */
	assert_resolves(fixture, "5491123456789", "acme_1001_5491123456789");
}

/* ---- aliases ---- */

static void a_legacy_id_names_a_conversation_and_mints_it_when_needed(void **state)
{
	struct fixture *fixture = *state;
	char id[CW_CONVERSATION_ID_MAX + 1];

	assert_int_equal(add_alias(fixture, "1001", "+92 345 6789012", "65f0c0ffee", id), CW_OK);
	assert_string_equal(id, "acme_1001_923456789012");
	assert_string_equal(text_at(events(fixture, "acme", 0), "0.kind"), "conversation");
	assert_int_equal(add_alias(fixture, "1001", "923456789012", "65f0c0ffee", id), CW_DUPLICATE);
	assert_int_equal(account(fixture, "acme").head, 1);
	assert_resolves(fixture, "65f0c0ffee", "acme_1001_923456789012");
	assert_string_equal(text_at(resolve(fixture, "65f0c0ffee", NULL), "0.matched_by"), "legacy id");
	post(fixture, "messages", FROM_PHONE("923456789012", "w1"));
	assert_int_equal(count(fixture), 1);
	assert_int_equal(add_alias(fixture, "1001", "US.77", "65f0c0ffed", id), CW_OK);
	assert_string_equal(id, "acme_1001_US-77");
}

static void an_alias_that_cannot_be_is_refused_and_makes_nothing(void **state)
{
	static const struct {
		const char *phone_number_id, *customer, *legacy_id;
		enum cw_status status;
	} rows[] = {
		{ "9999", "923456789012", "a1", CW_NOT_FOUND }, /* no such number */
		{ "1001", "nobody", "a1", CW_INVALID },         /* neither phone number nor user id */
		{ "1001", "923456789012", "", CW_INVALID },
		{ "3003", "923456789012", "a1", CW_INVALID }, /* another account's number */
		{ "1001", "333333", "taken", CW_INVALID },    /* already refers to another conversation */
	};
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "3003", NULL), CW_OK);
	assert_int_equal(add_alias(fixture, "1001", "111111", "taken", NULL), CW_OK);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(add_alias(fixture, rows[i].phone_number_id, rows[i].customer, rows[i].legacy_id, NULL),
				 rows[i].status);
		assert_true(strlen(fixture->error.text) > 0);
	}
	assert_int_equal(count(fixture), 1);
}

static void a_typed_spelling_does_not_replace_what_whatsapp_gave(void **state)
{
	struct fixture *fixture = *state;
	char id[CW_CONVERSATION_ID_MAX + 1];

	post(fixture, "messages", FROM_PHONE("5491123456789", "w1"));
	assert_int_equal(add_alias(fixture, "1001", "541123456789", "65f0", id), CW_OK);
	assert_string_equal(id, "acme_1001_5491123456789");
	assert_string_equal(text_at(conversation(fixture, id), "contact.wa_id"), "5491123456789");
}

/* ---- resolve ---- */

static void resolve_lists_all_or_none_and_stays_in_the_account(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "3003", NULL), CW_OK);
	post(fixture, "messages", AT("3003") "'messages':[" TEXT("111111", "w1", 1800000000, "x") "]");
	post(fixture, "messages", FROM_PHONE("222222", "w2"));
	assert_int_equal(json_array_size(resolve(fixture, "111111", NULL)), 0);
	assert_int_equal(json_array_size(resolve(fixture, "other_3003_111111", NULL)), 0);
	assert_int_equal(json_array_size(resolve(fixture, "", NULL)), 0);
	assert_resolves(fixture, "acme_1001_222222", "acme_1001_222222");
	assert_string_equal(text_at(resolve(fixture, "acme_1001_222222", NULL), "0.matched_by"), "canonical id");
	assert_string_equal(text_at(resolve(fixture, "00222222", NULL), "0.matched_by"), "phone number");
	assert_int_equal(json_array_size(resolve(fixture, "222222", "9999")), 0);
}

static void a_phone_spelled_the_other_way_is_found_by_its_key(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("551187654321", "w1"));
	assert_resolves(fixture, "+55 11 98765-4321", "acme_1001_551187654321");
	assert_contains(text_at(resolve(fixture, "5511987654321", NULL), "0.matched_by"), "spelling");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(the_first_identity_names_the_conversation),
		STORE_TEST(a_customer_at_two_numbers_has_two_conversations_and_one_contact),
		STORE_TEST(a_group_has_one_conversation_whoever_writes),
		STORE_TEST(a_user_id_learned_with_the_phone_leads_to_the_same_conversation),
		STORE_TEST(a_phone_that_is_shown_later_does_not_rename_the_conversation),
		STORE_TEST(a_recycled_phone_is_a_stranger_with_a_conversation_of_its_own),
		STORE_TEST(two_conversations_that_turn_out_to_be_one_customer_are_merged),
		STORE_TEST(paging_through_a_merged_thread_loses_nothing),
		STORE_TEST(a_revoke_in_a_merged_conversation_reaches_the_list),
		STORE_TEST(a_changed_number_stays_in_its_conversation_and_frees_the_old_one),
		STORE_TEST(a_changed_number_that_wrote_already_is_merged),
		STORE_TEST(a_number_taken_over_from_a_known_stranger_is_not_merged_with_them),
		STORE_TEST(a_new_user_id_replaces_the_old_one),
		STORE_TEST(a_user_id_update_that_comes_again_later_undoes_nothing),
		STORE_TEST(a_change_of_somebody_unknown_makes_nobody),
		STORE_TEST(a_name_changes_with_a_fresh_message_only),
		STORE_TEST(two_spellings_of_a_mobile_meet_in_one_conversation),
		STORE_TEST(landlines_and_other_countries_do_not_meet),
		STORE_TEST(a_match_key_with_two_candidates_decides_nothing),
		STORE_TEST(a_legacy_id_names_a_conversation_and_mints_it_when_needed),
		STORE_TEST(an_alias_that_cannot_be_is_refused_and_makes_nothing),
		STORE_TEST(a_typed_spelling_does_not_replace_what_whatsapp_gave),
		STORE_TEST(resolve_lists_all_or_none_and_stays_in_the_account),
		STORE_TEST(a_phone_spelled_the_other_way_is_found_by_its_key),
	};

	return cmocka_run_group_tests_name("store_identity", tests, NULL, NULL);
}
