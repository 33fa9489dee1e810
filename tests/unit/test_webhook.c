/* SPDX-License-Identifier: MIT */
/* The golden pairs in tests/data/webhook test whole bodies; this file tests the rules one by one. */
#include "core/webhook.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define META "'metadata':{'display_phone_number':'+1 555-000-1111','phone_number_id':'1001'}"
#define BODY(field, value) "{'entry':[{'id':'w','changes':[{'field':'" field "','value':{" value "}}]}]}"
#define MESSAGES(messages) BODY("messages", META ",'messages':[" messages "]")
#define TEXT(more) "{'from':'111111','id':'m1','timestamp':'1800000000','type':'text','text':{'body':'hi'}" more "}"

static struct cw_webhook parse(const char *body)
{
	struct cw_webhook webhook = { .root = NULL };
	struct cw_error error;
	char *quoted = with_quotes(body);
	enum cw_status status = cw_webhook_parse(quoted, strlen(quoted), &webhook, &error);

	free(quoted);
	assert_ok(status, error);
	return webhook;
}

static const char *content_text(const struct cw_webhook_item *item, const char *key)
{
	return json_string_value(json_object_get(json_object_get(item->body, "content"), key));
}

static void a_text_message_is_read(void **state)
{
	struct cw_webhook webhook =
		parse(BODY("messages", META
			   ",'contacts':[{'wa_id':'222222','profile':{'name':'Other'}},{'wa_id':'111111',"
			   "'user_id':'US.1','profile':{'name':'Ayesha','username':'@a'}}],'messages':[" TEXT("") "]"));
	const struct cw_webhook_item *item = &webhook.items[0];

	(void)state;
	assert_int_equal(webhook.n_changes, 1);
	assert_int_equal(webhook.n_items, 1);
	assert_string_equal(webhook.changes[0].phone_number_id, "1001");
	assert_string_equal(webhook.changes[0].waba_id, "w");
	assert_int_equal(item->type, CW_ITEM_MESSAGE);
	assert_int_equal(item->kind, CW_KIND_TEXT);
	assert_int_equal(item->origin, CW_ORIGIN_CUSTOMER);
	assert_false(item->is_outbound);
	assert_string_equal(item->wamid, "m1");
	assert_int_equal(item->sent_at_ms, 1800000000000);
	assert_string_equal(content_text(item, "body"), "hi");
	/* contacts[] are matched by id, not by position */
	assert_string_equal(item->party.wa_id, "111111");
	assert_string_equal(item->party.user_id, "US.1");
	assert_string_equal(item->party.name, "Ayesha");
	assert_string_equal(item->party.username, "@a");
	cw_webhook_finish(&webhook);
}

static void every_entry_change_message_and_status_is_read(void **state)
{
	struct cw_webhook webhook = parse(
		"{'entry':[{'changes':[{'value':{" META ",'statuses':[{'id':'s1','status':'read'}],"
		"'messages':[" TEXT("") "," TEXT("") "]},'field':'messages'},{'field':'account_alerts','value':{}}],'id':'a'},"
						     "{'id':'0','changes':[{'field':'messages','value':{" META
						     ",'messages':[" TEXT("") "]}}]}],'object':'x'}");

	(void)state;
	assert_int_equal(webhook.n_changes, 3);
	assert_int_equal(webhook.n_items, 4);
	assert_int_equal(webhook.changes[0].n_items, 3);
	assert_int_equal(webhook.items[2].type, CW_ITEM_STATUS);
	assert_int_equal(webhook.changes[1].type, CW_CHANGE_NOTICE);
	assert_int_equal(webhook.changes[2].first_item, 3);
	assert_null(webhook.changes[2].waba_id); /* "0" is the App Dashboard's test */
	cw_webhook_finish(&webhook);
}

static void every_kind_is_known_and_what_is_not_is_kept_as_unsupported(void **state)
{
	static const struct {
		const char *members;
		enum cw_message_kind kind;
	} rows[] = {
		{ "'type':'text','text':{'body':'x'}", CW_KIND_TEXT },
		{ "'type':'image','image':{'id':'1'}", CW_KIND_IMAGE },
		{ "'type':'video','video':{'id':'1'}", CW_KIND_VIDEO },
		{ "'type':'audio','audio':{'id':'1','voice':false}", CW_KIND_AUDIO },
		{ "'type':'audio','audio':{'id':'1','voice':true}", CW_KIND_VOICE },
		{ "'type':'voice','voice':{'id':'1'}", CW_KIND_VOICE },
		{ "'type':'document','document':{'id':'1'}", CW_KIND_DOCUMENT },
		{ "'type':'sticker','sticker':{'id':'1'}", CW_KIND_STICKER },
		{ "'type':'location','location':{'latitude':1,'longitude':2}", CW_KIND_LOCATION },
		{ "'location':{'latitude':1,'longitude':2}", CW_KIND_LOCATION }, /* without type */
		{ "'type':'contacts','contacts':[{}]", CW_KIND_CONTACTS },
		{ "'type':'interactive','interactive':{'type':'button_reply'}", CW_KIND_INTERACTIVE },
		{ "'type':'button','button':{'text':'x'}", CW_KIND_BUTTON },
		{ "'type':'reaction','reaction':{'message_id':'m0'}", CW_KIND_REACTION }, /* removed: no emoji */
		{ "'type':'order','order':{}", CW_KIND_ORDER },
		{ "'type':'system','system':{}", CW_KIND_SYSTEM },
		{ "'type':'edit','edit':{'original_message_id':'m0','message':{'type':'text','text':{'body':'x'}}}",
		  CW_KIND_EDIT },
		{ "'type':'revoke','revoke':{'original_message_id':'m0'}", CW_KIND_REVOKE },
		{ "'type':'request_welcome'", CW_KIND_REQUEST_WELCOME },
		{ "'type':'media_placeholder'", CW_KIND_MEDIA_PLACEHOLDER },
		{ "'type':'unsupported','errors':[{'code':131051}]", CW_KIND_UNSUPPORTED },
		{ "'type':'hologram','hologram':{'id':'1'}", CW_KIND_UNSUPPORTED }, /* a future kind */
		{ "'type':'text'", CW_KIND_UNSUPPORTED },                           /* no text */
		{ "'type':'text','text':'x'", CW_KIND_UNSUPPORTED },
		{ "'type':'text','text':{}", CW_KIND_UNSUPPORTED },
		{ "'type':'reaction','reaction':{'emoji':'x'}", CW_KIND_UNSUPPORTED },
		{ "'type':'contacts','contacts':{}", CW_KIND_UNSUPPORTED },
		{ "'type':5", CW_KIND_UNSUPPORTED },
		{ "'x':1", CW_KIND_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char body[600];

		(void)snprintf(body, sizeof(body), MESSAGES("{'from':'111111','id':'m1','timestamp':'1800000000',%s}"),
			       rows[i].members);
		struct cw_webhook webhook = parse(body);

		assert_int_equal(webhook.n_items, 1);
		if (webhook.items[0].kind != rows[i].kind) {
			fail_msg("%s: %s", rows[i].members, cw_message_kind_text(webhook.items[0].kind));
		}
		assert_non_null(json_object_get(webhook.items[0].body, "content"));
		cw_webhook_finish(&webhook);
	}
}

static void times_are_read_however_they_are_written(void **state)
{
	static const struct {
		const char *timestamp;
		int64_t at_ms;
	} rows[] = {
		{ "'1800000000'", 1800000000000 },
		{ "1800000000", 1800000000000 },
		{ "'1800000000123'", 1800000000123 }, /* milliseconds, as Meta sometimes sends */
		{ "1800000000.5", 1800000000000 },
		{ "'0'", 0 },
		{ "'-5'", 0 },
		{ "'soon'", 0 },
		{ "''", 0 },
		{ "null", 0 },
		{ "1e300", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char body[400];

		(void)snprintf(body, sizeof(body),
			       MESSAGES("{'from':'111111','id':'m1','timestamp':%s,'type':'text','text':{'body':'x'}}"),
			       rows[i].timestamp);
		struct cw_webhook webhook = parse(body);

		assert_int_equal(webhook.items[0].sent_at_ms, rows[i].at_ms);
		cw_webhook_finish(&webhook);
	}
}

static void a_user_id_says_by_its_form_what_it_is(void **state)
{
	struct cw_webhook webhook = parse(MESSAGES(
		"{'from':'US.1','id':'m1','type':'request_welcome'},{'from_user_id':'US.2','id':'m2','type':'request_welcome'},"
		"{'from':923456789012,'id':'m3','type':'request_welcome'}"));

	(void)state;
	assert_null(webhook.items[0].party.wa_id);
	assert_string_equal(webhook.items[0].party.user_id, "US.1");
	assert_null(webhook.items[1].party.wa_id);
	assert_string_equal(webhook.items[1].party.user_id, "US.2");
	assert_string_equal(webhook.items[2].party.wa_id, "923456789012"); /* a number instead of a string */
	cw_webhook_finish(&webhook);
}

static void a_bad_element_never_hides_the_others(void **state)
{
	static const char *const bad[] = {
		"5",
		"null",
		"[]",
		"'x'",
		"{}",
		"{'from':'111111','type':'text','text':{'body':'no id'}}",
		"{'id':'m0','type':'text','text':{'body':'nobody'}}",
		"{'from':'a/b','id':'m0','type':'text','text':{'body':'x'}}",
		"{'from':'+','id':'m0','type':'text','text':{'body':'x'}}",
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		char body[600];

		(void)snprintf(body, sizeof(body), MESSAGES(TEXT("") ",%s," TEXT("")), bad[i]);
		struct cw_webhook webhook = parse(body);

		assert_int_equal(webhook.n_items, 2);
		assert_int_equal(webhook.changes[0].n_items, 2);
		assert_non_null(webhook.changes[0].reason); /* so that the raw change is kept, too */
		cw_webhook_finish(&webhook);
	}
}

static void changes_that_cannot_be_placed_are_kept(void **state)
{
	static const char *const rows[] = {
		"{'entry':[{'changes':[5]}]}",
		"{'entry':[{'changes':[{'value':{}}]}]}",         /* no field */
		"{'entry':[{'changes':[{'field':'messages'}]}]}", /* no value */
		"{'entry':[{'changes':[{'field':'messages','value':[]}]}]}",
		"{'entry':[{'changes':[{'field':'messages','value':{'messages':[]}}]}]}", /* no number */
		"{'entry':[{'changes':[{'field':'messages','value':{'metadata':{'phone_number_id':'a/b'}}}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_webhook webhook = parse(rows[i]);

		assert_int_equal(webhook.n_changes, 1);
		assert_int_equal(webhook.changes[0].type, CW_CHANGE_RAW);
		assert_non_null(webhook.changes[0].reason);
		char *kept = cw_webhook_keep(&webhook.changes[0]);

		assert_non_null(kept);
		free(kept);
		cw_webhook_finish(&webhook);
	}
}

static void bodies_of_another_form_are_refused(void **state)
{
	static const char *const rows[] = { "",
					    "x",
					    "5",
					    "null",
					    "[]",
					    "{}",
					    "{'entry':{}}",
					    "{'entry':[5]}",
					    "{'entry':[{}]}",
					    "{'entry':[{'changes':{}}]}",
					    "{'entry':[",
					    "{'entry':[]}}" };

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_webhook webhook = { .n_items = 77 };
		struct cw_error error;
		char *quoted = with_quotes(rows[i]);

		assert_int_equal(cw_webhook_parse(quoted, strlen(quoted), &webhook, &error), CW_INVALID);
		assert_int_equal(webhook.n_items, 77);
		free(quoted);
	}
}

static void one_odd_character_is_repaired(void **state)
{
	struct cw_webhook webhook = parse(
		MESSAGES("{'from':'111111','id':'m1','type':'text','text':{'body':'half \\ud83d emoji'}}," TEXT("")));

	(void)state;
	assert_true(webhook.was_repaired);
	assert_int_equal(webhook.n_items, 2);
	assert_string_equal(content_text(&webhook.items[0], "body"), "half \xef\xbf\xbd emoji");
	cw_webhook_finish(&webhook);
	webhook = parse(MESSAGES(TEXT("")));
	assert_false(webhook.was_repaired);
	cw_webhook_finish(&webhook);
}

static void an_echo_is_ours_and_names_the_customer(void **state)
{
	struct cw_webhook webhook = parse(BODY(
		"smb_message_echoes", META ",'message_echoes':[{'from':'15550001111','to':'111111','to_user_id':'US.1',"
					   "'id':'e1','type':'text','text':{'body':'x'}}]"));

	(void)state;
	assert_true(webhook.items[0].is_outbound);
	assert_int_equal(webhook.items[0].origin, CW_ORIGIN_PHONE);
	assert_int_equal(webhook.items[0].status, CW_STATUS_SENT);
	assert_string_equal(webhook.items[0].party.wa_id, "111111");
	assert_string_equal(webhook.items[0].party.user_id, "US.1");
	cw_webhook_finish(&webhook);
}

static void statuses_carry_word_time_errors_and_our_id(void **state)
{
	struct cw_webhook webhook = parse(
		BODY("messages", META
		     ",'statuses':[{'id':'m1','status':'failed','timestamp':'1800000000','recipient_id':'111111',"
		     "'biz_opaque_callback_data':'id.1','errors':[{'code':131047}]},{'id':'m1','status':'deleted'},"
		     "{'status':'read'},{'id':'m2','status':'played'}]"));

	(void)state;
	assert_int_equal(webhook.n_items, 2); /* an unknown status and one without an id are kept raw */
	assert_non_null(webhook.changes[0].reason);
	assert_int_equal(webhook.items[0].status, CW_STATUS_FAILED);
	assert_int_equal(webhook.items[0].sent_at_ms, 1800000000000);
	assert_string_equal(webhook.items[0].our_id, "id.1");
	assert_int_equal(json_array_size(webhook.items[0].errors), 1);
	assert_int_equal(webhook.items[1].status, CW_STATUS_PLAYED);
	cw_webhook_finish(&webhook);
}

static void context_referral_and_errors_stay_with_the_message(void **state)
{
	struct cw_webhook webhook = parse(MESSAGES(
		TEXT(",'context':{'from':'1','id':'m0'},'referral':{'source_id':'ad'},'errors':[{'code':1}]") "," TEXT(
			",'context':{'forwarded':true}") "," TEXT(",'context':'x','referral':5,'errors':{}")));
	json_t *first = webhook.items[0].body;

	(void)state;
	assert_string_equal(webhook.items[0].context_wamid, "m0");
	assert_string_equal(json_string_value(json_object_get(json_object_get(first, "context"), "wamid")), "m0");
	assert_non_null(json_object_get(first, "referral"));
	assert_int_equal(json_array_size(json_object_get(first, "errors")), 1);
	assert_null(webhook.items[1].context_wamid);
	assert_true(json_is_true(json_object_get(json_object_get(webhook.items[1].body, "context"), "forwarded")));
	assert_int_equal(json_object_size(webhook.items[2].body), 1); /* only the message's content */
	cw_webhook_finish(&webhook);
}

static void changes_of_identity_are_read(void **state)
{
	struct cw_webhook webhook = parse(MESSAGES(
		"{'from':'111111','id':'m1','type':'system','system':{'type':'user_changed_number','wa_id':'222222'}},"
		"{'from':'111111','id':'m2','type':'system','system':{'type':'user_changed_user_id','user_id':'US.2'}},"
		"{'from':'111111','id':'m3','type':'system','system':{'type':'customer_identity_changed','wa_id':'333333'}}"));

	(void)state;
	assert_string_equal(webhook.items[0].new_wa_id, "222222");
	assert_string_equal(webhook.items[1].new_user_id, "US.2");
	assert_null(webhook.items[2].new_wa_id);
	cw_webhook_finish(&webhook);
	webhook = parse(BODY("user_id_update", META ",'user_id_update':[{'user_id':{'previous':'US.1','current':'US.2'},"
						    "'timestamp':1800000000},{'user_id':{'current':'US.3'}}]"));
	assert_int_equal(webhook.n_items, 1);
	assert_int_equal(webhook.items[0].type, CW_ITEM_IDENTITY);
	assert_string_equal(webhook.items[0].party.user_id, "US.1");
	assert_string_equal(webhook.items[0].new_user_id, "US.2");
	cw_webhook_finish(&webhook);
}

/* What is unusable is left out by itself; the message is read with the rest. */
static void one_bad_member_costs_no_message(void **state)
{
	static const struct {
		const char *contacts, *from;
		const char *wa_id, *user_id, *name; /* NULL: none */
	} rows[] = {
		{ "{'wa_id':'111111','user_id':'foo_bar','profile':{'name':'A'}}",
		  "'from':'111111','from_user_id':'foo_bar'", "111111", NULL, "A" },
		{ "{'wa_id':'ann','user_id':'US.1','profile':{'name':'A'}}", "'from':'ann','from_user_id':'US.1'", NULL,
		  "US.1", "A" },
		{ "{'wa_id':'+92 345 678-9012','profile':{'name':'A'}}", "'from':'923456789012'", "923456789012", NULL,
		  "A" },
		{ "{'wa_id':'923456789012','profile':{'name':'A'}}", "'from':'\u202a+92\u00a0345\u2011678 9012\u202c'",
		  "923456789012", NULL, "A" },
		{ "{'wa_id':923456789012,'profile':{'name':'A'}}", "'from':'00923456789012'", "923456789012", NULL, "A" },
		{ "{'wa_id':'5511987650001','profile':{'name':'A'}}", "'from':'551187650001'", "551187650001", NULL, "A" },
		{ "{'wa_id':'5511987650001','user_id':'BR.1','profile':{'name':'A'}},{'wa_id':'222222','profile':{'name':'B'}}",
		  "'from':'551187650001'", "551187650001", "BR.1", "A" },
		/* The only contact is the only sender, but other ids of it are not believed. */
		{ "{'wa_id':'111112','user_id':'US.1','profile':{'name':'A'}}", "'from':'111111'", "111111", NULL, "A" },
		{ "{'wa_id':'111112','profile':{'name':'A'}},{'wa_id':'111113','profile':{'name':'B'}}",
		  "'from':'111111'", "111111", NULL, NULL },
		{ "{'wa_id':'111111','profile':'A'},7", "'from':'111111'", "111111", NULL, NULL },
		{ "{'wa_id':'US.1','profile':{'name':'A'}}", "'from':'US.1'", NULL, "US.1", "A" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char body[1000];

		(void)snprintf(body, sizeof(body),
			       BODY("messages", META
				    ",'contacts':[%s],'messages':[{%s,'id':'m1','type':'text','text':{'body':'hi'}}]"),
			       rows[i].contacts, rows[i].from);
		struct cw_webhook webhook = parse(body);

		assert_int_equal(webhook.n_items, 1);
		assert_null(webhook.changes[0].reason);
		const char *const found[] = { webhook.items[0].party.wa_id, webhook.items[0].party.user_id,
					      webhook.items[0].party.name };
		const char *const expected[] = { rows[i].wa_id, rows[i].user_id, rows[i].name };

		for (size_t j = 0; j < N_ROWS(found); j++) {
			assert_string_equal(found[j] ? found[j] : "none", expected[j] ? expected[j] : "none");
		}
		cw_webhook_finish(&webhook);
	}
}

static void one_message_of_two_needs_its_own_contact(void **state)
{
	struct cw_webhook webhook = parse(BODY("messages", META ",'contacts':[{'wa_id':'111112','profile':{'name':'A'}}],"
								"'messages':[" TEXT("") "," TEXT("") "]"));

	(void)state;
	assert_int_equal(webhook.n_items, 2);
	assert_null(webhook.items[0].party.name);
	assert_null(webhook.items[1].party.name);
	cw_webhook_finish(&webhook);
}

static void a_long_name_is_cut_at_a_character(void **state)
{
	/* A family of 25 bytes, three times seven: 525 bytes, of which 20 whole families fit into 512. */
	static const char family[] = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466";
	char body[2000];
	char *end = body + snprintf(body, sizeof(body), "%s",
				    "{'entry':[{'id':'w','changes':[{'field':'messages','value':{" META
				    ",'contacts':[{'wa_id':'111111','profile':{'name':'");

	(void)state;
	for (int i = 0; i < 21; i++) {
		end += snprintf(end, (size_t)(body + sizeof(body) - end), "%s", family);
	}
	(void)snprintf(end, (size_t)(body + sizeof(body) - end), "%s", "'}}],'messages':[" TEXT("") "]}}]}]}");
	struct cw_webhook webhook = parse(body);

	assert_int_equal(strlen(webhook.items[0].party.name), 20 * strlen(family));
	cw_webhook_finish(&webhook);
}

static void phone_numbers_in_echoes_and_history_are_digits(void **state)
{
	struct cw_webhook webhook = parse(BODY("smb_message_echoes", META
					       ",'message_echoes':[{'from':'15550001111','to':'+92 345 6789012','id':'e1',"
					       "'type':'text','text':{'body':'x'}}]"));

	(void)state;
	assert_string_equal(webhook.items[0].party.wa_id, "923456789012");
	assert_true(webhook.items[0].is_outbound);
	cw_webhook_finish(&webhook);
	webhook = parse(BODY("history",
			     META ",'history':[{'threads':[{'id':'+923456789012','messages':["
				  "{'from':'923456789012','id':'h1','type':'text','text':{'body':'x'}},"
				  "{'from':'+1 555 000 1111','id':'h2','type':'text','text':{'body':'x'}}]}]}]"));
	assert_string_equal(webhook.items[0].party.wa_id, "923456789012");
	assert_false(webhook.items[0].is_outbound);
	assert_true(webhook.items[1].is_outbound);
	cw_webhook_finish(&webhook);
}

/* Of a payment or a call: it must not move the message's tick. */
static void a_status_of_something_else_is_kept_raw(void **state)
{
	struct cw_webhook webhook = parse(BODY("messages", META ",'statuses':[{'id':'m1','status':'failed','type':'payment'},"
								"{'id':'m1','status':'delivered','type':'message'}]"));

	(void)state;
	assert_int_equal(webhook.n_items, 1);
	assert_int_equal(webhook.items[0].status, CW_STATUS_DELIVERED);
	assert_non_null(webhook.changes[0].reason);
	cw_webhook_finish(&webhook);
}

static void history_says_who_wrote_and_how_far_it_got(void **state)
{
	struct cw_webhook webhook = parse(
		BODY("history",
		     META ",'history':[{'metadata':{'phase':0},'threads':[{'id':'111111','messages':["
			  "{'from':'15550001111','to':'111111','id':'h1','type':'text','text':{'body':'x'},"
			  "'history_context':{'status':'DELIVERED'}}," TEXT("") "]}]},{'errors':[{'code':2593109}]}]"));

	(void)state;
	assert_int_equal(webhook.n_items, 2);
	assert_true(webhook.items[0].is_outbound);
	assert_int_equal(webhook.items[0].status, CW_STATUS_DELIVERED);
	assert_string_equal(webhook.items[0].party.wa_id, "111111");
	assert_false(webhook.items[1].is_outbound);
	assert_int_equal(webhook.items[1].origin, CW_ORIGIN_HISTORY);
	assert_non_null(webhook.changes[0].reason); /* the errors */
	cw_webhook_finish(&webhook);
}

static void a_group_message_belongs_to_the_group(void **state)
{
	struct cw_webhook webhook = parse(MESSAGES(TEXT(",'group_id':'G1'")));

	(void)state;
	assert_string_equal(webhook.items[0].party.group_id, "G1");
	assert_null(webhook.items[0].party.wa_id);
	json_t *author = json_object_get(webhook.items[0].body, "author");

	assert_string_equal(json_string_value(json_object_get(author, "wa_id")), "111111");
	cw_webhook_finish(&webhook);
}

static void a_kept_change_is_read_again_as_it_was(void **state)
{
	struct cw_webhook webhook = parse(MESSAGES(TEXT("") "," TEXT("")));
	struct cw_webhook again = { .root = NULL };
	struct cw_error error;
	char *kept = cw_webhook_keep(&webhook.changes[0]);

	(void)state;
	assert_ok(cw_webhook_parse_kept(kept, &again, &error), error);
	assert_int_equal(again.n_changes, 1);
	assert_int_equal(again.n_items, 2);
	assert_string_equal(again.changes[0].waba_id, "w");
	assert_string_equal(again.items[1].wamid, "m1");
	assert_true(json_equal(again.items[0].body, webhook.items[0].body));
	free(kept);
	cw_webhook_finish(&again);
	cw_webhook_finish(&webhook);
	assert_int_equal(cw_webhook_parse_kept("{}", &again, &error), CW_INVALID);
	assert_int_equal(cw_webhook_parse_kept("x", &again, &error), CW_INVALID);
	cw_webhook_finish(&again);
}

static void a_thousand_updates_are_all_there(void **state)
{
	size_t room = 200000;
	char *body = malloc(room);
	size_t len = (size_t)snprintf(
		body, room, "{'entry':[{'id':'w','changes':[{'field':'messages','value':{" META ",'messages':[");

	(void)state;
	for (int i = 0; i < 1000; i++) { /* every third one has no id, so that items are dropped while the array grows */
		len += (size_t)snprintf(body + len, room - len,
					"%s{'from':'111111','id':'%s%d','type':'request_welcome'}", i ? "," : "",
					i % 3 ? "m" : "", i % 3 ? i : 0);
		if (i % 3 == 0) {
			char *id = strstr(body + len - 45, "'id':'0'");

			if (id) {
				memcpy(id, "'xx':'0'", 8);
			}
		}
	}
	(void)snprintf(body + len, room - len, "]}}]}]}");
	struct cw_webhook webhook = parse(body);

	assert_int_equal(webhook.n_items, 666);
	assert_string_equal(webhook.items[665].wamid, "m998");
	cw_webhook_finish(&webhook);
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_message_is_read),
		cmocka_unit_test(every_entry_change_message_and_status_is_read),
		cmocka_unit_test(every_kind_is_known_and_what_is_not_is_kept_as_unsupported),
		cmocka_unit_test(times_are_read_however_they_are_written),
		cmocka_unit_test(a_user_id_says_by_its_form_what_it_is),
		cmocka_unit_test(a_bad_element_never_hides_the_others),
		cmocka_unit_test(changes_that_cannot_be_placed_are_kept),
		cmocka_unit_test(bodies_of_another_form_are_refused),
		cmocka_unit_test(one_odd_character_is_repaired),
		cmocka_unit_test(an_echo_is_ours_and_names_the_customer),
		cmocka_unit_test(statuses_carry_word_time_errors_and_our_id),
		cmocka_unit_test(context_referral_and_errors_stay_with_the_message),
		cmocka_unit_test(changes_of_identity_are_read),
		cmocka_unit_test(one_bad_member_costs_no_message),
		cmocka_unit_test(one_message_of_two_needs_its_own_contact),
		cmocka_unit_test(a_long_name_is_cut_at_a_character),
		cmocka_unit_test(phone_numbers_in_echoes_and_history_are_digits),
		cmocka_unit_test(a_status_of_something_else_is_kept_raw),
		cmocka_unit_test(history_says_who_wrote_and_how_far_it_got),
		cmocka_unit_test(a_group_message_belongs_to_the_group),
		cmocka_unit_test(a_kept_change_is_read_again_as_it_was),
		cmocka_unit_test(a_thousand_updates_are_all_there),
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
