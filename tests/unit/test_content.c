/* SPDX-License-Identifier: MIT */
#include "core/content.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

static enum cw_status check(enum cw_message_kind kind, const char *text, struct cw_error *error)
{
	char *json = with_quotes(text);
	json_t *content = json_loads(json, JSON_DECODE_ANY, NULL);

	free(json);
	assert_non_null(content);
	*error = (struct cw_error){ .text = "" };
	enum cw_status status = cw_content_check(kind, content, error);

	json_decref(content);
	return status;
}

#define BUTTON(id, title) "{'type':'reply','reply':{'id':'" id "','title':'" title "'}}"
#define BUTTONS(list) "{'type':'button','body':{'text':'Which?'},'action':{'buttons':[" list "]}}"
#define ROW(id) "{'id':'" id "','title':'t'}"
#define FIVE(p) ROW(p "1") "," ROW(p "2") "," ROW(p "3") "," ROW(p "4") "," ROW(p "5")
#define LIST(sections) "{'type':'list','body':{'text':'b'},'action':{'button':'Open','sections':[" sections "]}}"

static void what_whatsapp_takes_is_taken(void **state)
{
	static const struct {
		enum cw_message_kind kind;
		const char *content;
	} rows[] = {
		{ CW_KIND_TEXT, "{'body':'x'}" },
		{ CW_KIND_TEXT, "{'body':'see https://a.b','preview_url':true}" },
		{ CW_KIND_IMAGE, "{'media':'0198'}" },
		{ CW_KIND_VIDEO, "{'link':'https://a.b/c.mp4','caption':''}" },
		{ CW_KIND_AUDIO, "{'media':'0198'}" },
		{ CW_KIND_VOICE, "{'media':'0198'}" },
		{ CW_KIND_DOCUMENT, "{'media':'0198','filename':'Reçu.pdf','caption':'yours'}" },
		{ CW_KIND_STICKER, "{'media':'0198'}" },
		{ CW_KIND_LOCATION, "{'latitude':33.7,'longitude':-73,'name':'n','address':'a'}" },
		{ CW_KIND_CONTACTS, "{'contacts':[{'name':{'formatted_name':'A'},'phones':[{'phone':'1'}]}]}" },
		{ CW_KIND_REACTION, "{'message':'01a20462-5846-7192-9aed-5ab1d5b5eeb2','emoji':''}" },
		{ CW_KIND_INTERACTIVE, BUTTONS(BUTTON("1", "Yes") "," BUTTON("2", "No")) },
		{ CW_KIND_INTERACTIVE, LIST("{'title':'s','rows':[" FIVE("a") "]},{'rows':[" FIVE("b") "]}") },
		{ CW_KIND_INTERACTIVE, "{'type':'cta_url','body':{'text':'b'},'action':{'name':'cta_url',"
				       "'parameters':{'display_text':'Go','url':'https://a.b'}}}" },
		{ CW_KIND_TEMPLATE, "{'name':'hello_world','language':{'code':'en_US'}}" },
		{ CW_KIND_TEMPLATE, "{'name':'n','language':{'code':'en'},'components':[{'type':'button','sub_type':'url',"
				    "'index':'0','parameters':[{'type':'text','text':'1'}]}]}" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_error error;

		if (check(rows[i].kind, rows[i].content, &error) != CW_OK) {
			fail_msg("row %zu: %s", i, error.text);
		}
		assert_true(cw_content_can_send(rows[i].kind));
	}
}

static void what_it_does_not_is_refused_with_its_place(void **state)
{
	static const struct {
		enum cw_message_kind kind;
		const char *content, *says;
	} rows[] = {
		{ CW_KIND_TEXT, "null", "content: must be an object" },
		{ CW_KIND_TEXT, "[]", "content: must be an object" },
		{ CW_KIND_TEXT, "{}", "content.body: is missing" },
		{ CW_KIND_TEXT, "{'body':''}", "content.body: must not be empty" },
		{ CW_KIND_TEXT, "{'body':7}", "content.body: must be a string" },
		{ CW_KIND_TEXT, "{'body':'x','preview_url':'yes'}", "content.preview_url: must be true or false" },
		{ CW_KIND_TEXT, "{'body':'x','to':'bob'}", "content.to: is an unknown member" },
		{ CW_KIND_IMAGE, "{}", "content: must name a file by media or by link, not both" },
		{ CW_KIND_IMAGE, "{'media':'1','link':'https://a.b'}",
		  "content: must name a file by media or by link, not both" },
		{ CW_KIND_IMAGE, "{'link':'javascript:alert(1)'}", "content: link must be an http" },
		{ CW_KIND_STICKER, "{'media':'1','caption':'x'}", "content.caption: is an unknown member" },
		{ CW_KIND_IMAGE, "{'media':'1','filename':'x'}", "content.filename: is an unknown member" },
		{ CW_KIND_LOCATION, "{'latitude':91,'longitude':0}", "content.latitude: is out of range" },
		{ CW_KIND_LOCATION, "{'latitude':'33','longitude':0}", "content.latitude: must be a number" },
		{ CW_KIND_CONTACTS, "{'contacts':[]}", "content.contacts: must not be empty" },
		{ CW_KIND_CONTACTS, "{'contacts':[{'name':{}}]}", "content.contacts[0].name.formatted_name: is missing" },
		{ CW_KIND_REACTION, "{'emoji':'x'}", "content.message: is missing" },
		{ CW_KIND_INTERACTIVE, "{}", "content.type: must be button, list or cta_url" },
		{ CW_KIND_INTERACTIVE, "{'type':'flow'}", "content.type: must be button, list or cta_url" },
		{ CW_KIND_INTERACTIVE, "7", "content.type: must be button, list or cta_url" },
		{ CW_KIND_INTERACTIVE, BUTTONS("{'type':'rpley','reply':{'id':'1','title':'t'}}"),
		  "content.action.buttons[0].type: must be one of reply" },
		{ CW_KIND_INTERACTIVE,
		  "{'type':'cta_url','body':{'text':'b'},'action':{'name':'cta_rul','parameters':"
		  "{'display_text':'Go','url':'https://a.b'}}}",
		  "content.action.name: must be one of cta_url" },
		{ CW_KIND_INTERACTIVE,
		  "{'type':'button','header':{'type':'text'},'body':{'text':'b'},'action':{'buttons':[" BUTTON(
			  "1", "a") "]}}",
		  "content.header: must have a type" },
		{ CW_KIND_INTERACTIVE, BUTTONS(""), "content.action.buttons: must not be empty" },
		{ CW_KIND_INTERACTIVE,
		  BUTTONS(BUTTON("1", "a") "," BUTTON("2", "b") "," BUTTON("3", "c") "," BUTTON("4", "d")),
		  "content.action.buttons: must not have more than 3 elements" },
		{ CW_KIND_INTERACTIVE, BUTTONS(BUTTON("1", "a") "," BUTTON("1", "b")),
		  "content: must not have the same id twice" },
		{ CW_KIND_INTERACTIVE, BUTTONS(BUTTON("1", "a title of over twenty letters")),
		  "content.action.buttons[0].reply.title: must not be longer than 20" },
		{ CW_KIND_INTERACTIVE, LIST("{'rows':[" FIVE("a") "]},{'rows':[" FIVE("b") "]},{'rows':[" ROW("c") "]}"),
		  "content: must not have more than 10 rows in total" },
		{ CW_KIND_TEMPLATE, "{'name':'n'}", "content.language: is missing" },
		{ CW_KIND_TEMPLATE, "{'name':'n','language':'en'}", "content.language: must be an object" },
		{ CW_KIND_SYSTEM, "{}", "kind: system cannot be sent" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_error error;

		if (check(rows[i].kind, rows[i].content, &error) != CW_INVALID ||
		    strncmp(error.text, rows[i].says, strlen(rows[i].says)) != 0) {
			fail_msg("row %zu: \"%s\", not \"%s\"", i, error.text, rows[i].says);
		}
	}
	assert_false(cw_content_can_send(CW_KIND_EDIT));
}

static void lengths_count_characters_not_bytes(void **state)
{
	char body[4097 * 2 + 16] = "{'body':'";
	struct cw_error error;

	(void)state;
	for (int i = 0; i < 4096; i++) {
		memcpy(body + strlen("{'body':'") + (size_t)i * 2, "ä", 2);
	}
	memcpy(body + strlen("{'body':'") + 8192, "'}", 3);
	assert_int_equal(check(CW_KIND_TEXT, body, &error), CW_OK);
	memcpy(body + strlen("{'body':'") + 8192, "x'}", 4);
	assert_int_equal(check(CW_KIND_TEXT, body, &error), CW_INVALID);
	assert_string_equal(error.text, "content.body: must not be longer than 4096 characters");
}

static void files_have_types_and_sizes_by_kind(void **state)
{
	static const struct {
		enum cw_message_kind kind;
		const char *mime_type;
		int64_t size;
		enum cw_status status;
	} rows[] = {
		{ CW_KIND_IMAGE, "image/jpeg", 5 * 1024 * 1024, CW_OK },
		{ CW_KIND_IMAGE, "image/jpeg", 5 * 1024 * 1024 + 1, CW_TOO_LARGE },
		{ CW_KIND_IMAGE, "image/webp", 10, CW_INVALID },
		{ CW_KIND_IMAGE, "image/gif", 10, CW_INVALID },
		{ CW_KIND_IMAGE, "image/svg+xml", 10, CW_INVALID },
		{ CW_KIND_VIDEO, "video/mp4", 16 * 1024 * 1024, CW_OK },
		{ CW_KIND_VIDEO, "video/quicktime", 10, CW_INVALID },
		{ CW_KIND_AUDIO, "audio/mpeg", 10, CW_OK },
		{ CW_KIND_VOICE, "audio/ogg", 10, CW_OK },
		{ CW_KIND_VOICE, "audio/mpeg", 10, CW_INVALID },
		{ CW_KIND_STICKER, "image/webp", 500 * 1024 + 1, CW_TOO_LARGE },
		{ CW_KIND_DOCUMENT, "application/x-anything", 100 * 1024 * 1024, CW_OK },
		{ CW_KIND_DOCUMENT, "application/pdf", 100 * 1024 * 1024 + 1, CW_TOO_LARGE },
		{ CW_KIND_DOCUMENT, "application/pdf", 0, CW_INVALID },
		{ CW_KIND_TEXT, "text/plain", 1, CW_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_error error;

		assert_int_equal(cw_content_check_file(rows[i].kind, rows[i].mime_type, rows[i].size, &error),
				 rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_whatsapp_takes_is_taken),
		cmocka_unit_test(what_it_does_not_is_refused_with_its_place),
		cmocka_unit_test(lengths_count_characters_not_bytes),
		cmocka_unit_test(files_have_types_and_sizes_by_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
