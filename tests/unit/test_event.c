/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define ID "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

/* Strings are borrowed from here, so these values are never finished. */
static struct cw_event whole_event(void)
{
	return (struct cw_event){
		.id = 99,
		.account = "acme",
		.epoch = "9f",
		.seq = 4711,
		.prev = 4702,
		.kind = CW_EVENT_MESSAGE,
		.at_ms = 1767312000123,
		.has_conversation = true,
		.has_contact = true,
		.conversation = { .id = "acme_1001_923456789012",
				  .tag = "…9012#a1b2c3d4",
				  .phone_number_id = "1001",
				  .version = 5,
				  .created_at_ms = 1767311000000,
				  .unread = 2,
				  .window_ends_at_ms = 1767398400000,
				  .last_position = 1767312000000,
				  .last_message = ID,
				  .last_kind = CW_KIND_TEXT,
				  .last_preview = (char *)"hi",
				  .contact = { .id = ID,
					       .version = 1,
					       .name = (char *)"Ayesha",
					       .wa_id = (char *)"923456789012" } },
		.message = { .id = ID,
			     .conversation = "acme_1001_923456789012",
			     .wamid = (char *)"wamid.x",
			     .kind = CW_KIND_TEXT,
			     .origin = CW_ORIGIN_CUSTOMER,
			     .position = 1767312000000,
			     .sent_at_ms = 1767312000000,
			     .received_at_ms = 1767312000100,
			     .version = 1,
			     .body = (char *)"{\"content\":{\"body\":\"hi\"}}" },
	};
}

static void assert_json(json_t *json, const char *expected)
{
	char *quoted = with_quotes(expected);
	json_error_t error;
	json_t *wanted = json_loads(quoted, 0, &error);

	assert_non_null(json);
	if (!wanted) {
		fail_msg("the test's own JSON: %s", error.text);
	}
	if (!json_equal(json, wanted)) {
		char *text = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1));

		fail_msg("found %s", text);
	}
	json_decref(json);
	json_decref(wanted);
	free(quoted);
}

#define CONTACT \
	"{'id':'" ID \
	"','version':1,'name':'Ayesha','username':null,'wa_id':'923456789012','user_id':null,'marketing':null}"

static void an_event_has_one_form_on_the_wire(void **state)
{
	struct cw_event event = whole_event();

	(void)state;
	assert_json(
		cw_event_to_json(&event),
		"{'v':1,'epoch':'9f','seq':4711,'prev':4702,'kind':'message','account':'acme',"
		"'conversation':'acme_1001_923456789012','at':1767312000123,'data':{"
		"'message':{'id':'" ID "','version':1,'conversation':'acme_1001_923456789012','wamid':'wamid.x',"
		"'direction':'in','origin':'customer','kind':'text','position':1767312000000,"
		"'sent_at':1767312000000,'received_at':1767312000100,'content':{'body':'hi'}},"
		"'conversation':{'id':'acme_1001_923456789012','version':5,'tag':'…9012#a1b2c3d4',"
		"'phone_number_id':'1001','created_at':1767311000000,'unread':2,'window_ends_at':1767398400000,"
		"'last_message':{'id':'" ID "','kind':'text','direction':'in','position':1767312000000,"
		"'preview':'hi','status':null},'merged_into':null,'assignee':null,'assigned_by':null,'state':'open','contact':" CONTACT
		"},"
		"'contact':" CONTACT "}}");
}

static void data_holds_only_what_changed(void **state)
{
	struct cw_event event = whole_event();

	(void)state;
	event.has_conversation = false;
	event.message.id[0] = '\0';
	json_t *json = cw_event_to_json(&event);

	assert_json(json_incref(json_object_get(json, "data")), "{'contact':" CONTACT "}");
	assert_string_equal(json_string_value(json_object_get(json, "conversation")), "acme_1001_923456789012");
	json_decref(json);
}

static void an_event_of_the_account_has_no_conversation(void **state)
{
	struct cw_event event = { .account = "acme",
				  .epoch = "9f",
				  .seq = 3,
				  .prev = 1,
				  .kind = CW_EVENT_TEMPLATE,
				  .at_ms = 5,
				  .notice = json_pack("{s:s}", "field", "message_template_status_update") };

	(void)state;
	assert_json(cw_event_to_json(&event),
		    "{'v':1,'epoch':'9f','seq':3,'prev':1,'kind':'template','account':'acme','conversation':null,'at':5,"
		    "'data':{'template':{'field':'message_template_status_update'}}}");
	cw_event_finish(&event);
}

static void an_outbound_message_has_a_status_and_its_error(void **state)
{
	struct cw_message message = whole_event().message;

	(void)state;
	message.is_outbound = true;
	message.origin = CW_ORIGIN_PHONE;
	message.status = CW_STATUS_FAILED;
	message.edited_at_ms = 7;
	message.is_late = true;
	message.sent_at_ms = 0;
	message.wamid = NULL;
	message.body = (char *)"{\"content\":{\"body\":\"hi\"},\"error\":{\"code\":1},\"context\":{\"wamid\":\"w\"}}";
	assert_json(cw_message_to_json(&message),
		    "{'id':'" ID "','version':1,'conversation':'acme_1001_923456789012','wamid':null,'direction':'out',"
		    "'origin':'phone','kind':'text','position':1767312000000,'sent_at':null,'received_at':1767312000100,"
		    "'late':true,'edited_at':7,'status':'failed','content':{'body':'hi'},'error':{'code':1},"
		    "'context':{'wamid':'w'}}");
}

static void a_revoked_message_says_that_it_is_and_nothing_else(void **state)
{
	struct cw_message message = whole_event().message;

	(void)state;
	message.is_revoked = true;
	message.body = (char *)"{\"content\":null}";
	json_t *json = cw_message_to_json(&message);

	assert_true(json_is_null(json_object_get(json, "content")));
	assert_true(json_is_true(json_object_get(json, "revoked")));
	json_decref(json);
}

static void a_reaction_names_its_target_twice(void **state)
{
	struct cw_message message = whole_event().message;

	(void)state;
	message.kind = CW_KIND_REACTION;
	message.target_wamid = (char *)"wamid.t";
	json_t *json = cw_message_to_json(&message);

	assert_json(json_incref(json_object_get(json, "target")), "{'message':null,'wamid':'wamid.t'}");
	json_decref(json);
	memcpy(message.target, ID, sizeof(ID));
	json = cw_message_to_json(&message);
	assert_json(json_incref(json_object_get(json, "target")), "{'message':'" ID "','wamid':'wamid.t'}");
	json_decref(json);
}

static void a_payload_is_compact_json_of_the_event(void **state)
{
	struct cw_event event = whole_event();
	struct cw_buf out;

	(void)state;
	cw_buf_init(&out, 4 * CW_EVENT_MAX_BYTES);
	for (int i = 0; i < 2; i++) { /* the buffer's previous content does not matter */
		assert_int_equal(cw_event_render(&event, &out), CW_OK);
		json_t *json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
		json_t *wanted = cw_event_to_json(&event);

		assert_true(json_equal(json, wanted));
		assert_null(strchr(out.data, '\n'));
		json_decref(json);
		json_decref(wanted);
	}
	cw_buf_finish(&out);
}

/* The size of the payload of an event whose text has n characters. */
static size_t render_with_text(size_t n, size_t cap, struct cw_buf *out)
{
	struct cw_event event = whole_event();
	char *body = malloc(n + 40);
	int len = snprintf(body, n + 40, "{\"content\":{\"body\":\"");

	memset(body + len, 'x', n);
	memcpy(body + len + n, "\"}}", 4);
	event.message.body = body;
	cw_buf_init(out, cap);
	assert_int_equal(cw_event_render(&event, out), CW_OK);
	free(body);
	return out->len;
}

static void a_payload_over_64_kib_goes_out_without_data(void **state)
{
	struct cw_buf out;
	size_t frame = render_with_text(0, 4 * CW_EVENT_MAX_BYTES, &out);

	(void)state;
	cw_buf_finish(&out);
	for (size_t cap = CW_EVENT_MAX_BYTES; cap <= 4 * CW_EVENT_MAX_BYTES; cap *= 4) {
		assert_int_equal(render_with_text(CW_EVENT_MAX_BYTES - frame, cap, &out), CW_EVENT_MAX_BYTES);
		cw_buf_finish(&out);
		assert_true(render_with_text(CW_EVENT_MAX_BYTES - frame + 1, cap, &out) < 1000);
		json_t *json = json_loadb(out.data, out.len, 0, NULL);

		assert_true(json_is_null(json_object_get(json, "data")));
		assert_int_equal(json_integer_value(json_object_get(json, "seq")), 4711);
		json_decref(json);
		cw_buf_finish(&out);
	}
}

static void payloads_of_every_length_around_a_buffers_growth_are_whole(void **state)
{
	struct cw_buf out;

	(void)state;
	for (size_t n = 0; n < 5000; n += 7) {
		(void)render_with_text(n, 4 * CW_EVENT_MAX_BYTES, &out);
		json_t *json = json_loadb(out.data, out.len, 0, NULL);

		assert_non_null(json);
		json_decref(json);
		cw_buf_finish(&out);
	}
}

static void kinds_are_read_back_by_their_words(void **state)
{
	(void)state;
	for (int i = 0; i < CW_EVENT_KIND_COUNT; i++) {
		enum cw_event_kind kind = CW_EVENT_KIND_COUNT;

		assert_int_equal(cw_event_kind_parse(cw_event_kind_text((enum cw_event_kind)i), &kind), CW_OK);
		assert_int_equal(kind, i);
	}
	enum cw_event_kind kind = CW_EVENT_MERGE;

	assert_int_equal(cw_event_kind_parse("Message", &kind), CW_NOT_FOUND);
	assert_int_equal(cw_event_kind_parse(NULL, &kind), CW_NOT_FOUND);
	assert_int_equal(kind, CW_EVENT_MERGE);
}

static void a_preview_is_what_a_list_shows(void **state)
{
	static const struct {
		enum cw_message_kind kind;
		const char *body;
		const char *preview; /* NULL: none, the page shows the kind */
	} rows[] = {
		{ CW_KIND_TEXT, "{'content':{'body':'hi'}}", "hi" },
		{ CW_KIND_TEXT, "{'content':{'body':''}}", NULL },
		{ CW_KIND_TEXT, "{'content':null}", NULL },
		{ CW_KIND_TEXT, "{'content':{'body':5}}", NULL },
		{ CW_KIND_IMAGE, "{'content':{'caption':'beach'}}", "beach" },
		{ CW_KIND_IMAGE, "{'content':{}}", NULL },
		{ CW_KIND_DOCUMENT, "{'content':{'filename':'a.pdf','caption':'read this'}}", "read this" },
		{ CW_KIND_DOCUMENT, "{'content':{'filename':'a.pdf'}}", "a.pdf" },
		{ CW_KIND_INTERACTIVE, "{'content':{'list_reply':{'title':'Two'}}}", "Two" },
		{ CW_KIND_STICKER, "{'content':{'body':'x'}}", NULL },
		{ CW_KIND_TEXT, "{'content':{'body':'hi all'},'author':{'name':'Gina','wa_id':'1'}}", "Gina: hi all" },
		{ CW_KIND_TEXT, "{'content':{'body':'hi all'},'author':{'wa_id':'1'}}", "hi all" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char *quoted = with_quotes(rows[i].body);
		json_t *body = json_loads(quoted, 0, NULL);
		char *preview = cw_message_preview(rows[i].kind, body);

		assert_non_null(body);
		if (rows[i].preview) {
			assert_non_null(preview);
			assert_string_equal(preview, rows[i].preview);
		} else {
			assert_null(preview);
		}
		free(preview);
		free(quoted);
		json_decref(body);
	}
	assert_null(cw_message_preview(CW_KIND_TEXT, NULL));
}

static void a_long_preview_is_cut_between_characters(void **state)
{
	char text[4 * 200 + 1] = "";

	(void)state;
	for (int i = 0; i < 200; i++) {
		memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 5); /* an emoji */
	}
	json_t *body = json_pack("{s:{s:s}}", "content", "body", text);
	char *preview = cw_message_preview(CW_KIND_TEXT, body);

	assert_int_equal(strlen(preview), 4 * CW_PREVIEW_CHARACTERS);
	free(preview);
	json_decref(body);
}

static void zeroed_values_can_be_finished(void **state)
{
	struct cw_event event = { .id = 0 };

	(void)state;
	cw_event_finish(&event);
	cw_event_finish(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_one_form_on_the_wire),
		cmocka_unit_test(data_holds_only_what_changed),
		cmocka_unit_test(an_event_of_the_account_has_no_conversation),
		cmocka_unit_test(an_outbound_message_has_a_status_and_its_error),
		cmocka_unit_test(a_revoked_message_says_that_it_is_and_nothing_else),
		cmocka_unit_test(a_reaction_names_its_target_twice),
		cmocka_unit_test(a_payload_is_compact_json_of_the_event),
		cmocka_unit_test(a_payload_over_64_kib_goes_out_without_data),
		cmocka_unit_test(payloads_of_every_length_around_a_buffers_growth_are_whole),
		cmocka_unit_test(kinds_are_read_back_by_their_words),
		cmocka_unit_test(a_preview_is_what_a_list_shows),
		cmocka_unit_test(a_long_preview_is_cut_between_characters),
		cmocka_unit_test(zeroed_values_can_be_finished),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
