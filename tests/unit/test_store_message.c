/* SPDX-License-Identifier: MIT */
/* Messages in the store: position, unread, window, echoes, history, edits, revokes, reactions, statuses. */
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define EDIT(wamid, target, at_s, body) \
	"{'from':'" CUSTOMER "','id':'" wamid "','timestamp':'" #at_s \
	"','type':'edit','edit':{'original_message_id':'" target "','message':{'type':'text','text':{'body':'" body \
	"'}}}}"
#define REVOKE(wamid, target, at_s) \
	"{'from':'" CUSTOMER "','id':'" wamid "','timestamp':'" #at_s \
	"','type':'revoke','revoke':{'original_message_id':'" target "'}}"
#define STATUS(wamid, word, at_s) \
	"{'id':'" wamid "','status':'" word "','timestamp':'" #at_s "','recipient_id':'" CUSTOMER "'}"

static const json_t *message(struct fixture *fixture, const char *wamid)
{
	json_t *messages = thread(fixture, CONVERSATION);
	size_t index;
	json_t *row;

	json_array_foreach(messages, index, row)
	{
		if (strcmp(text_at(row, "wamid"), wamid) == 0) {
			return row;
		}
	}
	fail_msg("no message %s", wamid);
	return NULL;
}

/* ---- position ---- */

static void a_fresh_message_stands_at_metas_time(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1799999990, "ten seconds ago"));
	assert_int_equal(int_at(message(fixture, "w1"), "position"), 1799999990000);
	assert_int_equal(int_at(message(fixture, "w1"), "sent_at"), 1799999990000);
	assert_true(int_at(message(fixture, "w1"), "received_at") >= FIXTURE_NOW_MS);
	assert_null(at(message(fixture, "w1"), "late"));
}

static void fresh_messages_never_stand_before_what_is_there(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a") "," TEXT(CUSTOMER, "w2", 1800000000, "b") "," TEXT(
				       CUSTOMER, "w3", 1799999995, "c"));
	assert_int_equal(int_at(message(fixture, "w2"), "position"), 1800000000001);
	assert_int_equal(int_at(message(fixture, "w3"), "position"), 1800000000002);
	assert_null(at(message(fixture, "w3"), "late"));
}

static void a_message_of_long_ago_takes_the_first_free_place_and_is_late(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1799990000, "old") "," TEXT(CUSTOMER, "w2", 1800000000, "new"));
	post_messages(fixture,
		      TEXT(CUSTOMER, "w3", 1799990000, "old too") "," TEXT(
			      CUSTOMER, "w4", 1799990000, "old as well") "," TEXT(CUSTOMER, "w5", 1799990005, "x"));
	assert_int_equal(int_at(message(fixture, "w1"), "position"), 1799990000000);
	assert_int_equal(int_at(message(fixture, "w3"), "position"), 1799990000001);
	assert_int_equal(int_at(message(fixture, "w4"), "position"), 1799990000002);
	assert_int_equal(int_at(message(fixture, "w5"), "position"), 1799990005000);
	assert_true(json_is_true(at(message(fixture, "w3"), "late")));
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.preview"), "new");
}

/* Jumps an hour ahead, back, and ahead again: our clock decides what is late, but the order is the customer's. */
static void a_clock_that_jumps_changes_no_order(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a"));
	fixture_set_clock(3600);
	post(fixture, "smb_message_echoes", ECHO("e1", 1800003600, "ours"));
	fixture_set_clock(5);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1800000005, "b"));
	fixture_set_clock(3610);
	post_messages(fixture, TEXT(CUSTOMER, "w3", 1800000010, "c") "," TEXT(CUSTOMER, "w4", 1800000010, "d"));
	assert_int_equal(int_at(message(fixture, "e1"), "position"), 1800003600000);
	assert_int_equal(int_at(message(fixture, "w2"), "position"), 1800003600001);
	assert_int_equal(int_at(message(fixture, "w3"), "position"), 1800003600002);
	assert_int_equal(int_at(message(fixture, "w4"), "position"), 1800003600003);
}

static void ten_minutes_divide_fresh_from_late(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture,
		      TEXT(CUSTOMER, "w1", 1799999405, "9:55 ago") "," TEXT(CUSTOMER, "w2", 1799999395, "10:05 ago"));
	assert_null(at(message(fixture, "w1"), "late"));
	assert_true(json_is_true(at(message(fixture, "w2"), "late")));
}

static void a_stamp_from_the_future_counts_as_arrival(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000500, "8 min ahead"));
	assert_int_equal(int_at(message(fixture, "w1"), "position"), 1800000500000);
	post_messages(fixture, TEXT("111111", "w2", 1800000700, "12 min ahead"));
	int64_t position = int_at(thread(fixture, "acme_1001_111111"), "0.position");

	assert_true(position >= FIXTURE_NOW_MS && position < FIXTURE_NOW_MS + 60000);
	post_messages(fixture, "{'from':'222222','id':'w3','type':'text','text':{'body':'no stamp'}}");
	position = int_at(thread(fixture, "acme_1001_222222"), "0.position");
	assert_true(position >= FIXTURE_NOW_MS && position < FIXTURE_NOW_MS + 60000);
}

/* ---- unread and window ---- */

static void customers_messages_are_unread_until_the_phone_answers(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a") "," TEXT(CUSTOMER, "w2", 1800000001, "b"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 2);
	post(fixture, "smb_message_echoes", ECHO("e1", 1800000002, "answer"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 0);
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.direction"), "out");
	post_messages(fixture, TEXT(CUSTOMER, "w3", 1800000003, "c"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 1);
}

static void an_echo_from_before_a_message_does_not_cover_it(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1799990000, "old") "," TEXT(CUSTOMER, "w2", 1800000000, "new"));
	post(fixture, "smb_message_echoes", ECHO("e1", 1799995000, "late echo, between the two"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 1);
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.preview"), "new");
}

static void reactions_system_lines_and_history_are_not_unread(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture,
		      TEXT(CUSTOMER, "w1", 1800000000,
			   "a") ",{'from':'" CUSTOMER "','id':'r1','timestamp':'1800000001','type':'reaction',"
				"'reaction':{'message_id':'w1','emoji':'+'}},"
				"{'from':'" CUSTOMER "','id':'s1','timestamp':'1800000002','type':'system',"
				"'system':{'body':'x','type':'customer_identity_changed'}},"
				"{'from':'" CUSTOMER "','id':'q1','timestamp':'1800000003','type':'request_welcome'}");
	post(fixture, "history",
	     AT("1001") "'history':[{'threads':[{'id':'" CUSTOMER
			"','messages':[" TEXT(CUSTOMER, "h1", 1700000000, "h") "]}]}]");
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "unread"), 1);
}

static void the_window_ends_a_day_after_the_customers_newest_message(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "smb_message_echoes", ECHO("e1", 1800000000, "the business writes first"));
	assert_true(json_is_null(at(conversation(fixture, CONVERSATION), "window_ends_at")));
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1799999990, "a"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "window_ends_at"), 1800086390000);
	post_messages(fixture, TEXT(CUSTOMER, "w2", 1799990000, "a late one does not shorten it"));
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "window_ends_at"), 1800086390000);
	post_messages(fixture, "{'from':'" CUSTOMER "','id':'r1','timestamp':'1799999999','type':'reaction',"
			       "'reaction':{'message_id':'w1','emoji':'+'}}");
	assert_int_equal(int_at(conversation(fixture, CONVERSATION), "window_ends_at"), 1800086390000);
	post_messages(fixture, TEXT(CUSTOMER, "w3", 1800000500, "a stamp ahead opens no longer window"));
	assert_true(int_at(conversation(fixture, CONVERSATION), "window_ends_at") < 1800086460000);
}

/* ---- echoes and history ---- */

static void an_echo_is_outbound_and_its_statuses_climb(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "smb_message_echoes", ECHO("e1", 1800000000, "from the phone"));
	assert_string_equal(text_at(message(fixture, "e1"), "direction"), "out");
	assert_string_equal(text_at(message(fixture, "e1"), "origin"), "phone");
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "sent");
	post_statuses(fixture, STATUS("e1", "read", 1800000005));
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "read");
}

static void history_is_neither_late_nor_fresh(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "history",
	     AT("1001") "'history':[{'threads':[{'id':'" CUSTOMER "','messages':["
			"{'from':'15550001111','to':'" CUSTOMER "','id':'h2','timestamp':'1700000001','type':'text',"
			"'text':{'body':'ours'},'history_context':{'status':'READ'}}," TEXT(CUSTOMER, "h1", 1700000000,
											    "theirs") "]}]}]");
	assert_string_equal(text_at(message(fixture, "h1"), "origin"), "history");
	assert_null(at(message(fixture, "h1"), "late"));
	assert_string_equal(text_at(message(fixture, "h2"), "direction"), "out");
	assert_string_equal(text_at(message(fixture, "h2"), "status"), "read");
	assert_int_equal(int_at(message(fixture, "h1"), "position"), 1700000000000);
	assert_true(json_is_null(at(conversation(fixture, CONVERSATION), "window_ends_at")));
}

static void a_placeholder_is_filled_once_by_the_message_of_the_same_id(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "history",
	     AT("1001") "'history':[{'threads':[{'id':'" CUSTOMER "','messages':[{'from':'" CUSTOMER
			"','id':'h1','timestamp':'1700000000','type':'media_placeholder'}]}]}]");
	assert_string_equal(text_at(message(fixture, "h1"), "kind"), "media_placeholder");
	char *id = strdup(text_at(message(fixture, "h1"), "id"));

	for (int i = 0; i < 2; i++) { /* and the second delivery changes nothing */
		post(fixture, "history",
		     AT("1001") "'messages':[{'from':'" CUSTOMER "','id':'h1','timestamp':'1700000000','type':'image',"
				"'image':{'id':'m1','mime_type':'image/jpeg','caption':'beach'}}]");
		assert_string_equal(text_at(message(fixture, "h1"), "kind"), "image");
		assert_string_equal(text_at(message(fixture, "h1"), "id"), id);
		assert_int_equal(int_at(message(fixture, "h1"), "version"), 2);
	}
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.preview"), "beach");
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 1);
	free(id);
}

/* ---- edits and revokes ---- */

static void an_edit_changes_the_message_and_the_list(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "helo"));
	post_messages(fixture, EDIT("x1", "w1", 1800000005, "hello"));
	assert_string_equal(text_at(message(fixture, "w1"), "content.body"), "hello");
	assert_int_equal(int_at(message(fixture, "w1"), "edited_at"), 1800000005000);
	assert_int_equal(int_at(message(fixture, "w1"), "version"), 2);
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.preview"), "hello");
	assert_int_equal(json_array_size(thread(fixture, CONVERSATION)), 1); /* the edit is not a message of its own */
	json_t *log = events(fixture, "acme", 1);

	assert_string_equal(text_at(log, "0.kind"), "edit");
	assert_string_equal(text_at(log, "0.data.message.content.body"), "hello");
	post_messages(fixture, EDIT("x1", "w1", 1800000005, "hello")); /* delivered again */
	assert_int_equal(account(fixture, "acme").head, 2);
}

static void an_edit_that_comes_late_does_not_undo_a_newer_one(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	post_messages(fixture, EDIT("x2", "w1", 1800000009, "three"));
	post_messages(fixture, EDIT("x1", "w1", 1800000005, "two"));
	assert_string_equal(text_at(message(fixture, "w1"), "content.body"), "three");
}

static void a_revoke_takes_the_content_away_for_good(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "secret"));
	post_messages(fixture, REVOKE("x1", "w1", 1800000005));
	assert_true(json_is_true(at(message(fixture, "w1"), "revoked")));
	assert_true(json_is_null(at(message(fixture, "w1"), "content")));
	assert_true(json_is_null(at(conversation(fixture, CONVERSATION), "last_message.preview")));
	post_messages(fixture, EDIT("x2", "w1", 1800000009, "secret again"));
	assert_true(json_is_null(at(message(fixture, "w1"), "content")));
	assert_string_equal(text_at(events(fixture, "acme", 1), "0.kind"), "revoke");
}

static void edits_and_revokes_wait_for_their_message(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, EDIT("x1", "w1", 1800000005, "edited"));
	post_messages(fixture, REVOKE("x2", "w2", 1800000005));
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "first") "," TEXT(CUSTOMER, "w2", 1800000001, "second"));
	assert_string_equal(text_at(message(fixture, "w1"), "content.body"), "edited");
	assert_true(json_is_true(at(message(fixture, "w2"), "revoked")));
	assert_true(json_is_null(at(message(fixture, "w2"), "content")));
	assert_true(json_is_null(at(conversation(fixture, CONVERSATION), "last_message.preview")));
}

static void a_name_that_comes_with_an_edit_is_told_in_the_conversation(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one"));
	int64_t since = account(fixture, "acme").head;

	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'" CUSTOMER
			"','profile':{'name':'Ayesha'}}],'messages':[" EDIT("x1", "w1", 1800000005, "two") "]");
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "contact.name"), "Ayesha");
	json_t *log = events(fixture, "acme", since);
	bool is_told = false;

	for (size_t i = 0; i < json_array_size(log); i++) {
		const json_t *event = json_array_get(log, i);

		is_told = is_told || at(event, "data.contact") || at(event, "data.conversation.contact");
	}
	assert_true(is_told);
}

static void an_edit_of_an_older_message_tells_a_new_name_too(void **state)
{
	struct fixture *fixture = *state;

	/* w1 is not the last message, so the event of its edit contains no list row. */
	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "one") "," TEXT(CUSTOMER, "w2", 1800000001, "last"));
	int64_t since = account(fixture, "acme").head;

	post(fixture, "messages",
	     AT("1001") "'contacts':[{'wa_id':'" CUSTOMER
			"','profile':{'name':'Ayesha'}}],'messages':[" EDIT("x1", "w1", 1800000005, "two") "]");
	json_t *log = events(fixture, "acme", since);
	bool is_told = false;

	for (size_t i = 0; i < json_array_size(log); i++) {
		const json_t *event = json_array_get(log, i);

		is_told = is_told || at(event, "data.contact") || at(event, "data.conversation.contact");
	}
	assert_true(is_told);
}

/* ---- reactions and quotes ---- */

static void a_reaction_is_a_message_that_names_its_target(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000,
				    "a") ",{'from':'" CUSTOMER "','id':'r1','timestamp':'1800000001','type':'reaction',"
					 "'reaction':{'message_id':'w1','emoji':'+'}}");
	char *id = strdup(text_at(message(fixture, "w1"), "id"));

	assert_string_equal(text_at(message(fixture, "r1"), "target.message"), id);
	assert_string_equal(text_at(message(fixture, "r1"), "target.wamid"), "w1");
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.preview"), "a");
	post_messages(fixture, "{'from':'" CUSTOMER "','id':'r2','timestamp':'1800000001','type':'reaction',"
			       "'reaction':{'message_id':'unknown','emoji':'+'}}");
	assert_true(json_is_null(at(message(fixture, "r2"), "target.message")));
	assert_string_equal(text_at(message(fixture, "r2"), "target.wamid"), "unknown");
	free(id);
}

static void a_quote_names_our_message_when_it_is_known(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000,
				    "a") ",{'from':'" CUSTOMER
					 "','id':'w2','timestamp':'1800000001','type':'text','text':{'body':'b'},"
					 "'context':{'from':'" CUSTOMER "','id':'w1'}}");
	char *id = strdup(text_at(message(fixture, "w1"), "id"));

	assert_string_equal(text_at(message(fixture, "w2"), "context.message"), id);
	assert_string_equal(text_at(message(fixture, "w2"), "context.wamid"), "w1");
	free(id);
}

/* ---- statuses ---- */

static void statuses_only_climb_and_each_step_is_an_event(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "smb_message_echoes", ECHO("e1", 1800000000, "x"));
	post_statuses(fixture,
		      STATUS("e1", "read", 1800000003) "," STATUS("e1", "delivered", 1800000002) "," STATUS(
			      "e1", "sent", 1800000001) "," STATUS("e1", "read", 1800000003) "," STATUS("e1", "failed",
													1800000004));
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "read");
	json_t *log = events(fixture, "acme", 1);

	assert_int_equal(json_array_size(log), 1);
	assert_string_equal(text_at(log, "0.kind"), "status");
	assert_string_equal(text_at(conversation(fixture, CONVERSATION), "last_message.status"), "read");
	assert_int_equal(stats(fixture).statuses, 5);
}

static void a_failure_has_its_error_until_whatsapp_says_it_arrived(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "smb_message_echoes", ECHO("e1", 1800000000, "x"));
	post_statuses(fixture,
		      "{'id':'e1','status':'failed','timestamp':'1800000001','errors':[{'code':131047,'title':'t'}]}");
	post_statuses(fixture, STATUS("e1", "sent", 1800000002));
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "failed");
	assert_int_equal(int_at(message(fixture, "e1"), "error.code"), 131047);
	post_statuses(fixture, STATUS("e1", "read", 1800000003));
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "read");
	assert_null(json_object_get(message(fixture, "e1"), "error"));
}

static void statuses_wait_for_their_message(void **state)
{
	struct fixture *fixture = *state;

	post_statuses(fixture, STATUS("e1", "delivered", 1800000002) "," STATUS("e1", "read", 1800000003));
	assert_int_equal(account(fixture, "acme").head, 0);
	post(fixture, "smb_message_echoes", ECHO("e1", 1800000000, "x"));
	assert_string_equal(text_at(message(fixture, "e1"), "status"), "read");
	assert_int_equal(json_array_size(events(fixture, "acme", 0)), 1);
}

static void a_status_says_nothing_about_a_customers_message(void **state)
{
	struct fixture *fixture = *state;

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "a"));
	post_statuses(fixture, STATUS("w1", "read", 1800000002));
	assert_null(at(message(fixture, "w1"), "status"));
	assert_int_equal(account(fixture, "acme").head, 1);
}

/* ---- all together ---- */

static void in_any_order_of_delivery_a_conversation_ends_the_same(void **state)
{
	static const char *const parts[] = {
		TEXT(CUSTOMER, "w1", 1800000000, "one"),
		EDIT("x1", "w1", 1800000002, "two"),
		EDIT("x2", "w1", 1800000004, "three"),
	};
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct fixture *fixture = *state;

	(void)fixture;
	for (size_t i = 0; i < N_ROWS(orders); i++) {
		void *own = NULL;

		(void)fixture_start(&own);
		for (size_t k = 0; k < 3; k++) {
			post_messages(own, parts[orders[i][k]]);
		}
		assert_string_equal(text_at(message(own, "w1"), "content.body"), "three");
		assert_int_equal(check(own).faults, 0);
		(void)fixture_stop(&own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_fresh_message_stands_at_metas_time),
		STORE_TEST(fresh_messages_never_stand_before_what_is_there),
		STORE_TEST(a_message_of_long_ago_takes_the_first_free_place_and_is_late),
		STORE_TEST(a_clock_that_jumps_changes_no_order),
		STORE_TEST(ten_minutes_divide_fresh_from_late),
		STORE_TEST(a_stamp_from_the_future_counts_as_arrival),
		STORE_TEST(customers_messages_are_unread_until_the_phone_answers),
		STORE_TEST(an_echo_from_before_a_message_does_not_cover_it),
		STORE_TEST(reactions_system_lines_and_history_are_not_unread),
		STORE_TEST(the_window_ends_a_day_after_the_customers_newest_message),
		STORE_TEST(an_echo_is_outbound_and_its_statuses_climb),
		STORE_TEST(history_is_neither_late_nor_fresh),
		STORE_TEST(a_placeholder_is_filled_once_by_the_message_of_the_same_id),
		STORE_TEST(an_edit_changes_the_message_and_the_list),
		STORE_TEST(an_edit_that_comes_late_does_not_undo_a_newer_one),
		STORE_TEST(a_revoke_takes_the_content_away_for_good),
		STORE_TEST(edits_and_revokes_wait_for_their_message),
		STORE_TEST(a_name_that_comes_with_an_edit_is_told_in_the_conversation),
		STORE_TEST(an_edit_of_an_older_message_tells_a_new_name_too),
		STORE_TEST(a_reaction_is_a_message_that_names_its_target),
		STORE_TEST(a_quote_names_our_message_when_it_is_known),
		STORE_TEST(statuses_only_climb_and_each_step_is_an_event),
		STORE_TEST(a_failure_has_its_error_until_whatsapp_says_it_arrived),
		STORE_TEST(statuses_wait_for_their_message),
		STORE_TEST(a_status_says_nothing_about_a_customers_message),
		STORE_TEST(in_any_order_of_delivery_a_conversation_ends_the_same),
	};

	return cmocka_run_group_tests_name("store_message", tests, NULL, NULL);
}
