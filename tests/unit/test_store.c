/* SPDX-License-Identifier: MIT */
/* The store as a whole: accounts, numbers, the log, raw changes, notices, reading, checking, opening. */
#include "store/store.h"

#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

static void accounts_are_made_once_and_have_an_epoch(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "acme"), CW_DUPLICATE);
	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(strlen(account(fixture, "acme").epoch), 32);
	assert_string_not_equal(account(fixture, "acme").epoch, account(fixture, "other").epoch);
	assert_int_equal(account(fixture, "other").head, 0);
	assert_int_equal(account(fixture, "other").first_seq, 1);
}

static void account_and_number_ids_have_their_grammar(void **state)
{
	static const char *const accounts[] = { "", "_system", "a_b", "a b", "a/b", "+" };
	static const char *const numbers[] = { "", "10x", "+1001", "1001 ", "111111111111111111111111111111111" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(accounts); i++) {
		assert_int_equal(add_account(fixture, accounts[i]), CW_INVALID);
	}
	for (size_t i = 0; i < N_ROWS(numbers); i++) {
		assert_int_equal(add_number(fixture, "acme", numbers[i], NULL), CW_INVALID);
	}
}

static void a_number_belongs_to_one_account(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_number(fixture, "nobody", "1002", NULL), CW_NOT_FOUND);
	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "1001", NULL), CW_DUPLICATE);
	assert_contains(fixture->error.text, "acme");
	assert_int_equal(add_number(fixture, "other", "1002", NULL), CW_OK);
}

static void a_failed_operation_leaves_nothing_and_the_others_stand(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	assert_int_equal(add_account(fixture, "acme"), CW_DUPLICATE);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1800000001, "two"));
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 2);
	assert_int_equal(check(fixture).faults, 0);
}

static void a_second_delivery_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	int64_t head = account(fixture, "acme").head;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1800000001, "two") "," TEXT(CUSTOMER, "w2", 1800000001, "two"));
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 2);
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 2);
	assert_int_equal(account(fixture, "acme").head, head + 1);
	assert_int_equal(stats(fixture).duplicates, 2);
	assert_int_equal(stats(fixture).messages, 2);
}

static void the_same_wamid_at_two_accounts_is_two_messages(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "1002", NULL), CW_OK);
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	post(fixture, "messages", AT("1002") "'messages':[" TEXT(CUSTOMER, "w1", 1800000000, "one") "]");
	assert_int_equal(json_array_size(thread(fixture, "other_1002_" CUSTOMER)), 1);
	assert_int_equal(json_array_size(conversations(fixture, "acme")), 1);
}

/* seq must be contiguous from 1, and prev the conversation's previous seq, both over MQTT and in the table. */
static void assert_log_is_whole(struct fixture *fixture, const char *account_name)
{
	json_t *log = events(fixture, account_name, 0);
	json_t *newest = json_object(); /* conversation -> seq */
	size_t index;
	json_t *event;

	json_array_foreach(log, index, event)
	{
		const char *name = text_at(event, "conversation");
		const json_t *before = json_object_get(newest, name);

		assert_int_equal(int_at(event, "seq"), index + 1);
		assert_int_equal(int_at(event, "prev"), before ? json_integer_value(before) : 0);
		assert_int_equal(json_object_set(newest, name, json_object_get(event, "seq")), 0);
	}
	json_decref(newest);
}

static void events_have_contiguous_seq_and_name_their_predecessor(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "1002", NULL), CW_OK);
	post_messages(fixture, TEXT("111111", "w1", 1800000000, "a") "," TEXT("222222", "w2", 1800000000, "b") "," TEXT(
				       "111111", "w3", 1800000000, "c"));
	post(fixture, "messages", AT("1002") "'messages':[" TEXT("111111", "w1", 1800000000, "x") "]");
	post(fixture, "account_alerts", "'alert_type':'A'");
	post_messages(fixture, TEXT("222222", "w4", 1800000000, "d"));
	post(fixture, "account_alerts", "'alert_type':'B'");
	assert_log_is_whole(fixture, "acme");
	assert_log_is_whole(fixture, "other");
	assert_int_equal(account(fixture, "acme").head, 6);
	assert_int_equal(account(fixture, "other").head, 1);
	assert_int_equal(check(fixture).faults, 0);
}

static void events_are_handed_over_as_the_table_tells_them(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	post(fixture, "account_alerts", "'alert_type':'A'");
	json_t *log = events(fixture, "acme", 0);
	size_t index;
	json_t *event;

	assert_int_equal(json_array_size(fixture->handed_over), json_array_size(log));
	json_array_foreach(log, index, event)
	{
		json_t *given = json_array_get(fixture->handed_over, index);

		assert_int_equal(int_at(given, "id"), index + 1);
		assert_int_equal(json_object_del(given, "id"), 0);
		assert_int_equal(json_object_del(given, "quiet"), 0);
		char *one = json_dumps(given, JSON_SORT_KEYS);
		char *other = json_dumps(event, JSON_SORT_KEYS);

		assert_string_equal(one, other);
		free(one);
		free(other);
	}
}

static void seq_and_event_ids_go_on_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	char *epoch = strdup(account(fixture, "acme").epoch);

	fixture_close(fixture);
	fixture_open(fixture);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1800000001, "two"));
	assert_log_is_whole(fixture, "acme");
	assert_string_equal(account(fixture, "acme").epoch, epoch);
	assert_int_equal(int_at(json_array_get(fixture->handed_over, 1), "id"), 2);
	free(epoch);
}

static void every_conversation_in_the_list_was_told_by_an_event(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT("111111", "w1", 1800000000, "a"));
	/* The first thing seen of a customer is a deletion: the conversation is created, and followers must be told. */
	post_messages(fixture, "{'from':'222222','id':'w2','timestamp':'1800000000','type':'revoke',"
			       "'revoke':{'original_message_id':'w0'}}");
	size_t n_listed = json_array_size(conversations(fixture, "acme"));
	json_t *log = events(fixture, "acme", 0);
	json_t *told = json_object();
	size_t index;
	json_t *event;

	json_array_foreach(log, index, event)
	{
		if (at(event, "data.conversation")) {
			(void)json_object_set_new(told, text_at(event, "conversation"), json_true());
		}
	}
	size_t n_told = json_object_size(told);

	json_decref(told);
	assert_int_equal(n_listed, n_told);
}

static void a_history_of_more_than_200_messages_is_quiet(void **state)
{
	struct fixture *fixture = *state;
	char *value = NULL;
	char *grown = NULL;

	assert_true(asprintf(&value, AT("1001") "'messages':[") > 0);
	for (int i = 0; i <= 200; i++) {
		assert_true(asprintf(&grown,
				     "%s%s{'from':'111111','id':'w%d','timestamp':'1800000000','type':'text',"
				     "'text':{'body':'x'}}",
				     value, i ? "," : "", i) > 0);
		free(value);
		value = grown;
	}
	assert_true(asprintf(&grown, "%s]", value) > 0);
	post(fixture, "messages", grown);
	free(value);
	free(grown);
	post_messages(fixture, TEXT("111111", "v", 1800000001, "loud"));
	assert_true(json_is_true(at(fixture->handed_over, "0.quiet")));
	assert_true(json_is_true(at(fixture->handed_over, "200.quiet")));
	assert_true(json_is_false(at(fixture->handed_over, "201.quiet")));
	assert_log_is_whole(fixture, "acme");
	/* A quiet event is complete when it is fetched. */
	assert_string_equal(text_at(events(fixture, "acme", 0), "0.data.message.content.body"), "x");
}

/* ---- raw changes ---- */

static void changes_of_an_unknown_number_wait_and_are_replayed_in_order(void **state)
{
	struct fixture *fixture = *state;

	post_as(fixture, "main", "waba-1", "messages",
		AT("2002") "'messages':[" TEXT("111111", "w1", 1800000000, "one") "]");
	post_as(fixture, "main", "waba-1", "messages",
		AT("2002") "'messages':[" TEXT("111111", "w2", 1800000000, "two") "]");
	assert_int_equal(stats(fixture).waiting_changes, 2);
	assert_int_equal(check(fixture).waiting_changes, 2);
	assert_int_equal(account(fixture, "acme").head, 0);
	assert_int_equal(add_number(fixture, "acme", "2002", NULL), CW_OK);
	json_t *messages = thread(fixture, "acme_2002_111111");

	assert_int_equal(json_array_size(messages), 2);
	assert_string_equal(text_at(messages, "0.wamid"), "w2");
	assert_string_equal(text_at(messages, "1.wamid"), "w1");
	assert_int_equal(check(fixture).waiting_changes, 0);
	assert_log_is_whole(fixture, "acme");
}

static void replay_checks_the_secret_that_signed(void **state)
{
	struct fixture *fixture = *state;

	post_as(fixture, "foreign", "0", "messages",
		AT("2002") "'messages':[" TEXT("111111", "w1", 1800000000, "forged") "]");
	post_as(fixture, "main", "0", "messages", AT("2002") "'messages':[" TEXT("111111", "w2", 1800000000, "true") "]");
	assert_int_equal(add_number(fixture, "acme", "2002", NULL), CW_OK);
	json_t *messages = thread(fixture, "acme_2002_111111");

	assert_int_equal(json_array_size(messages), 1);
	assert_string_equal(text_at(messages, "0.wamid"), "w2");
	assert_int_equal(stats(fixture).refused_changes, 1);
}

static void a_secret_of_another_account_is_refused_and_the_rest_is_stored(void **state)
{
	struct fixture *fixture = *state;
	char *body = with_quotes("{'entry':[{'id':'0','changes':["
				 "{'field':'messages','value':{" AT("1001") "'messages':[" TEXT(
					 "111111", "w1", 1800000000,
					 "forged") "]}},"
						   "{'field':'messages','value':{" AT("3003") "'messages':[" TEXT(
							   "111111", "w2", 1800000000, "own") "]}}]}]}");

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "3003", NULL), CW_OK);
	post_body(fixture, "foreign", body);
	free(body);
	assert_int_equal(stats(fixture).refused_changes, 1);
	assert_int_equal(json_array_size(conversations(fixture, "acme")), 0);
	assert_int_equal(json_array_size(thread(fixture, "other_3003_111111")), 1);
}

static void bodies_and_items_that_are_not_understood_are_kept(void **state)
{
	struct fixture *fixture = *state;

	post_body(fixture, "main", "no JSON at all");
	post_messages(fixture, "{'from':'111111','timestamp':'1800000000','type':'text','text':{'body':'no id'}}," TEXT(
				       "111111", "w1", 1800000000, "with id"));
	assert_int_equal(stats(fixture).raw_changes, 2);
	assert_int_equal(check(fixture).kept_changes, 2);
	assert_int_equal(json_array_size(thread(fixture, "acme_1001_111111")), 1);
}

/* ---- notices ---- */

static void account_level_changes_go_to_the_accounts_of_the_waba(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "3003", "waba-3"), CW_OK);
	post_as(fixture, "main", "waba-3", "message_template_status_update",
		"'event':'APPROVED','message_template_id':806312974732579");
	assert_int_equal(account(fixture, "acme").head, 0);
	json_t *log = events(fixture, "other", 0);

	assert_string_equal(text_at(log, "0.kind"), "template");
	assert_string_equal(text_at(log, "0.conversation"), "null");
	assert_string_equal(text_at(log, "0.data.template.subject"), "806312974732579");
	assert_string_equal(text_at(log, "0.data.template.value.event"), "APPROVED");
	assert_int_equal(int_at(log, "0.data.template.version"), 1);
}

static void a_waba_is_learned_from_a_body_that_carries_both_ids(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(add_account(fixture, "other"), CW_OK);
	assert_int_equal(add_number(fixture, "other", "3003", NULL), CW_OK);
	post_as(fixture, "main", "waba-3", "messages",
		AT("3003") "'messages':[" TEXT("111111", "w1", 1800000000, "a") "]");
	post_as(fixture, "main", "waba-3", "phone_number_quality_update", "'display_phone_number':'15550001111'");
	json_t *log = events(fixture, "other", 1);

	assert_int_equal(json_array_size(log), 1);
	assert_string_equal(text_at(log, "0.kind"), "number");
}

static void an_unknown_waba_means_the_secrets_only_account_or_is_kept(void **state)
{
	struct fixture *fixture = *state;

	post_as(fixture, "main", "waba-9", "account_alerts", "'alert_type':'A'"); /* main lists only acme */
	assert_string_equal(text_at(events(fixture, "acme", 0), "0.kind"), "settings");
	post_as(fixture, "foreign", "waba-9", "account_alerts", "'alert_type':'B'");
	assert_int_equal(check(fixture).kept_changes, 1);
	assert_int_equal(account(fixture, "acme").head, 1);
}

static void a_later_notice_about_the_same_thing_has_a_higher_version(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "message_template_status_update", "'event':'PENDING','message_template_id':7");
	post(fixture, "message_template_status_update", "'event':'APPROVED','message_template_id':7");
	post(fixture, "message_template_status_update", "'event':'APPROVED','message_template_id':8");
	json_t *log = events(fixture, "acme", 1);

	assert_int_equal(json_array_size(log), 2);
	assert_int_equal(int_at(log, "0.data.template.version"), 2);
	assert_string_equal(text_at(log, "0.data.template.value.event"), "APPROVED");
	assert_int_equal(int_at(log, "1.data.template.version"), 1);
	assert_int_equal(int_at(log, "1.prev"), 2);
}

/* ---- reading ---- */

struct paging {
	json_t *ids;
	size_t left;
};

static bool take_page(void *context, const struct cw_conversation *row)
{
	struct paging *paging = context;

	(void)json_array_append_new(paging->ids, json_string(row->id));
	return --paging->left > 0;
}

static void the_list_is_by_last_activity_and_pages_without_loss(void **state)
{
	struct fixture *fixture = *state;
	struct paging paging = { json_array(), 0 };
	char cursor[CW_LIST_CURSOR_MAX] = "";
	struct cw_reader *reader = NULL;

	/* Two of them have the same timestamp. */
	post_messages(fixture, TEXT("111111", "w1", 1800000001, "a") "," TEXT("222222", "w2", 1800000003, "b") "," TEXT(
				       "333333", "w3", 1800000003, "c") "," TEXT("444444", "w4", 1800000002, "d"));
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	for (int page = 0; page < 4; page++) {
		paging.left = 1;
		assert_ok(cw_store_conversations(reader, "acme", NULL, cursor, take_page, &paging, &fixture->error),
			  fixture->error);
	}
	assert_int_equal(json_array_size(paging.ids), 4);
	assert_string_equal(text_at(paging.ids, "0"), "acme_1001_333333");
	assert_string_equal(text_at(paging.ids, "1"), "acme_1001_222222");
	assert_string_equal(text_at(paging.ids, "2"), "acme_1001_444444");
	assert_string_equal(text_at(paging.ids, "3"), "acme_1001_111111");
	json_decref(paging.ids);
	char bad[CW_LIST_CURSOR_MAX] = "nonsense";

	assert_int_equal(cw_store_conversations(reader, "acme", NULL, bad, take_page, &paging, &fixture->error),
			 CW_INVALID);
	assert_int_equal(cw_store_conversations(reader, "nobody", NULL, cursor, take_page, &paging, &fixture->error),
			 CW_NOT_FOUND);
	cw_reader_release(reader);
}

static bool count_event(void *context, const struct cw_event *event)
{
	(void)event;
	(*(int *)context)++;
	return true;
}

static void a_reader_sees_one_moment(void **state)
{
	struct fixture *fixture = *state;
	struct cw_reader *reader = NULL;
	int n_before = 0;
	int n_after = 0;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_log_after(reader, 0, 100, count_event, &n_before, &fixture->error), fixture->error);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1800000001, "two"));
	assert_ok(cw_store_log_after(reader, 0, 100, count_event, &n_after, &fixture->error), fixture->error);
	cw_reader_release(reader);
	assert_int_equal(n_before, 1);
	assert_int_equal(n_after, 1);
}

static void the_cursor_and_the_lag_behind_it_are_kept(void **state)
{
	struct fixture *fixture = *state;
	struct cw_store_op op = { .type = CW_STORE_CURSOR, .cursor = { .event_id = 1 } };
	struct cw_reader *reader = NULL;
	int64_t cursor = 0;
	int64_t n_events = 0;
	int64_t oldest_at_ms = 0;

	post_messages(fixture, TEXT("111111", "w1", 1800000000, "a") "," TEXT("222222", "w2", 1800000000, "b"));
	assert_ok(cw_store_run(fixture->store, &op), op.error);
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_cursor(reader, &cursor, &fixture->error), fixture->error);
	assert_ok(cw_store_log_lag(reader, cursor, &n_events, &oldest_at_ms, &fixture->error), fixture->error);
	cw_reader_release(reader);
	assert_int_equal(cursor, 1);
	assert_int_equal(n_events, 1);
	assert_true(oldest_at_ms >= FIXTURE_NOW_MS);
}

static void counters_tell_what_happened(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	post_body(fixture, "main", "{\"entry\":[{\"id\":\"0\",\"changes\":[]}],\"x\":\"\\ud83d\"}");
	struct cw_store_stats counters = stats(fixture);

	assert_int_equal(counters.webhooks, 2);
	assert_int_equal(counters.messages, 1);
	assert_int_equal(counters.events, 1);
	assert_int_equal(counters.repaired, 1);
	assert_true(counters.commits >= 4);
	assert_int_equal(counters.batch_max, 1); /* one after another */
	assert_int_equal(counters.queue_ops, 0);
	assert_int_equal(counters.queue_bytes, 0);
	assert_false(counters.is_full);
}

static void a_queue_over_its_limit_refuses(void **state)
{
	struct fixture *fixture = *state;
	struct cw_store_op op = { .type = CW_STORE_CURSOR, .bytes = (1 << 24) + 1 };

	assert_int_equal(cw_store_submit(fixture->store, &op), CW_BUSY);
	cw_store_stop_writing(fixture->store);
	op.bytes = 1;
	assert_int_equal(cw_store_run(fixture->store, &op), CW_BUSY);         /* nothing is accepted after stopping */
	assert_int_equal(json_array_size(conversations(fixture, "acme")), 0); /* reading still works */
}

#define TEST(name) STORE_TEST(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accounts_are_made_once_and_have_an_epoch),
		TEST(account_and_number_ids_have_their_grammar),
		TEST(a_number_belongs_to_one_account),
		TEST(a_failed_operation_leaves_nothing_and_the_others_stand),
		TEST(a_second_delivery_changes_nothing),
		TEST(the_same_wamid_at_two_accounts_is_two_messages),
		TEST(events_have_contiguous_seq_and_name_their_predecessor),
		TEST(events_are_handed_over_as_the_table_tells_them),
		TEST(seq_and_event_ids_go_on_after_a_restart),
		TEST(every_conversation_in_the_list_was_told_by_an_event),
		TEST(a_history_of_more_than_200_messages_is_quiet),
		TEST(changes_of_an_unknown_number_wait_and_are_replayed_in_order),
		TEST(replay_checks_the_secret_that_signed),
		TEST(a_secret_of_another_account_is_refused_and_the_rest_is_stored),
		TEST(bodies_and_items_that_are_not_understood_are_kept),
		TEST(account_level_changes_go_to_the_accounts_of_the_waba),
		TEST(a_waba_is_learned_from_a_body_that_carries_both_ids),
		TEST(an_unknown_waba_means_the_secrets_only_account_or_is_kept),
		TEST(a_later_notice_about_the_same_thing_has_a_higher_version),
		TEST(the_list_is_by_last_activity_and_pages_without_loss),
		TEST(a_reader_sees_one_moment),
		TEST(the_cursor_and_the_lag_behind_it_are_kept),
		TEST(counters_tell_what_happened),
		TEST(a_queue_over_its_limit_refuses),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
