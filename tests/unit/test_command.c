/* SPDX-License-Identifier: MIT */
#include "core/command.h"

#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define MESSAGE "01a20462-5846-7192-9aed-5ab1d5b5eeb2"

/* Parses a command written with ' for ". The caller finishes *command. */
static bool parse(const char *text, struct cw_command *command, struct cw_problem *problem)
{
	char *json = with_quotes(text);

	*problem = (struct cw_problem){ .type = "" };
	bool is_parsed = cw_command_parse(json, strlen(json), command, problem);

	free(json);
	return is_parsed;
}

static void each_type_is_read(void **state)
{
	static const struct {
		const char *text;
		enum cw_command_type type;
	} rows[] = {
		{ "{'id':'1','type':'send','data':{'kind':'text','content':{'body':'x'}}}", CW_COMMAND_SEND },
		{ "{'id':'1','type':'read','data':{'message':'" MESSAGE "'}}", CW_COMMAND_READ },
		{ "{'id':'1','type':'typing'}", CW_COMMAND_TYPING },
		{ "{'id':'1','type':'typing','data':{}}", CW_COMMAND_TYPING },
		{ "{'id':'1','type':'assign','data':{'assignee':'me'}}", CW_COMMAND_ASSIGN },
		{ "{'id':'1','type':'assign','data':{'assignee':null}}", CW_COMMAND_ASSIGN },
		{ "{'id':'1','type':'done'}", CW_COMMAND_DONE },
		{ "{'id':'1','type':'reopen'}", CW_COMMAND_REOPEN },
		{ "{'id':'1','type':'unread'}", CW_COMMAND_UNREAD },
		{ "{'id':'1','type':'retry','data':{'message':'" MESSAGE "'}}", CW_COMMAND_RETRY },
		{ "{'id':'1','type':'discard','data':{'message':'" MESSAGE "'}}", CW_COMMAND_DISCARD },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_command command;
		struct cw_problem problem;

		if (!parse(rows[i].text, &command, &problem)) {
			fail_msg("row %zu: %s", i, problem.detail);
		}
		assert_int_equal(command.type, rows[i].type);
		assert_string_equal(command.id, "1");
		cw_command_finish(&command);
	}
}

static void a_send_has_its_kind_content_and_quote(void **state)
{
	struct cw_command command;
	struct cw_problem problem;

	(void)state;
	assert_true(parse("{'id':'a-b_c.d:9','type':'send','data':{'kind':'voice','content':{'media':'m'},'reply_to':'" MESSAGE
			  "'}}",
			  &command, &problem));
	assert_string_equal(command.id, "a-b_c.d:9");
	assert_int_equal(command.kind, CW_KIND_VOICE);
	assert_string_equal(json_string_value(json_object_get(command.content, "media")), "m");
	assert_string_equal(command.reply_to, MESSAGE);
	cw_command_finish(&command);
	assert_true(parse("{'id':'1','type':'send','data':{'kind':'reaction','content':{'message':'" MESSAGE
			  "','emoji':'👍'}}}",
			  &command, &problem));
	assert_string_equal(command.message, MESSAGE);
	cw_command_finish(&command);
}

static void bad_commands_are_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *type, *says, *id;
	} rows[] = {
		{ "", "bad_command", "A command must be a JSON object", "" },
		{ "nonsense", "bad_command", "A command must be a JSON object", "" },
		{ "[]", "bad_command", "A command must be a JSON object", "" },
		{ "{'id':'1','id':'2','type':'done'}", "bad_command", "A command must be a JSON object", "" },
		{ "{'type':'done'}", "bad_command", "id: must be", "" },
		{ "{'id':7,'type':'done'}", "bad_command", "id: must be", "" },
		{ "{'id':'','type':'done'}", "bad_command", "id: must be", "" },
		{ "{'id':'with space','type':'done'}", "bad_command", "id: must be", "" },
		{ "{'id':'1'}", "unknown_command", "type: must be", "1" },
		{ "{'id':'1','type':'explode'}", "unknown_command", "type: must be", "1" },
		{ "{'id':'1','type':'done','subject':'bob'}", "bad_command", "subject: unknown member", "1" },
		{ "{'id':'1','type':'done','epoch':7}", "bad_command", "epoch: must be", "1" },
		{ "{'id':'1','type':'done','epoch':'short'}", "bad_command", "epoch: must be", "1" },
		{ "{'id':'1','type':'done','data':[]}", "bad_command", "data: must be an object", "1" },
		{ "{'id':'1','type':'done','data':{'x':1}}", "bad_command", "data.x: unknown member", "1" },
		{ "{'id':'1','type':'send','data':{}}", "bad_command", "data.kind: must be", "1" },
		{ "{'id':'1','type':'send','data':{'kind':'edit','content':{}}}", "bad_command", "data.kind: must be",
		  "1" },
		{ "{'id':'1','type':'send','data':{'kind':'text'}}", "bad_command", "data.content: must be an object",
		  "1" },
		{ "{'id':'1','type':'send','data':{'kind':'text','content':{'body':''}}}", "bad_command",
		  "data.content.body: must not be empty", "1" },
		{ "{'id':'1','type':'send','data':{'kind':'text','content':{'body':'x'},'reply_to':'1'}}",
		  "bad_command", "data.reply_to: must be", "1" },
		{ "{'id':'1','type':'send','data':{'kind':'template','content':{'name':'n','language':{'code':'en'}},"
		  "'reply_to':'" MESSAGE "'}}",
		  "bad_command", "data.reply_to: reactions and templates", "1" },
		{ "{'id':'1','type':'send','data':{'kind':'reaction','content':{'message':"
		  "'xxxxxxxx-5846-7192-9aed-5ab1d5b5eeb2','emoji':'x'}}}",
		  "bad_command", "data.content.message: must be", "1" },
		{ "{'id':'1','type':'read','data':{'message':'wamid.x'}}", "bad_command", "data.message: must be", "1" },
		{ "{'id':'1','type':'read'}", "bad_command", "data.message: must be", "1" },
		{ "{'id':'1','type':'assign','data':{}}", "bad_command", "data.assignee: must be", "1" },
		{ "{'id':'1','type':'assign','data':{'assignee':'a@b'}}", "bad_command", "data.assignee: must be", "1" },
		{ "{'id':'1','type':'assign','data':{'assignee':7}}", "bad_command", "data.assignee: must be", "1" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_command command;
		struct cw_problem problem;

		if (parse(rows[i].text, &command, &problem) || problem.status != 400 ||
		    strcmp(problem.type, rows[i].type) != 0 || strcmp(command.id, rows[i].id) != 0 ||
		    strncmp(problem.detail, rows[i].says, strlen(rows[i].says)) != 0) {
			fail_msg("row %zu: %s %d \"%s\"", i, problem.type, problem.status, problem.detail);
		}
		cw_command_finish(&command);
	}
}

static void a_command_is_not_larger_than_64_kib(void **state)
{
	char *text = calloc(1, CW_COMMAND_MAX_BYTES + 2);
	struct cw_command command;
	struct cw_problem problem;

	(void)state;
	memset(text, ' ', CW_COMMAND_MAX_BYTES + 1);
	assert_false(cw_command_parse(text, CW_COMMAND_MAX_BYTES + 1, &command, &problem));
	assert_int_equal(problem.status, 413);
	free(text);
}

static void digests(const char *text, unsigned char out[CW_COMMAND_DIGEST_BYTES])
{
	struct cw_command command;
	struct cw_problem problem;

	assert_true(cw_command_parse(text, strlen(text), &command, &problem));
	memcpy(out, command.digest, CW_COMMAND_DIGEST_BYTES);
	cw_command_finish(&command);
}

static void bodies_that_parse_alike_digest_alike_and_no_others(void **state)
{
	static const char one[] =
		"{\"id\":\"1\",\"type\":\"send\",\"data\":{\"kind\":\"text\",\"content\":{\"body\":\"\\u00e4\"}}}";
	static const char same[] =
		"{ \"type\":\"send\", \"data\":{\"content\":{\"body\":\"ä\"},\"kind\":\"text\"}, \"id\":\"1\" }";
	static const char other[] =
		"{\"id\":\"1\",\"type\":\"send\",\"data\":{\"kind\":\"text\",\"content\":{\"body\":\"a\"}}}";
	unsigned char first[CW_COMMAND_DIGEST_BYTES];
	unsigned char second[CW_COMMAND_DIGEST_BYTES];

	(void)state;
	digests(one, first);
	digests(same, second);
	assert_memory_equal(first, second, sizeof(first));
	digests(other, second);
	assert_memory_not_equal(first, second, sizeof(first));
}

static void answers_are_alike_at_both_doors(void **state)
{
	struct cw_problem problem;
	char *text = cw_command_answer("1", MESSAGE);

	(void)state;
	assert_string_equal(text, "{\"id\":\"1\",\"ok\":true,\"message\":\"" MESSAGE "\"}");
	free(text);
	text = cw_command_answer("1", NULL);
	assert_string_equal(text, "{\"id\":\"1\",\"ok\":true,\"message\":null}");
	free(text);
	cw_problem_set(&problem, "window_closed", 409, "Only %s.", "templates");
	text = cw_command_refusal("", &problem);
	assert_string_equal(text, "{\"id\":null,\"ok\":false,\"problem\":{\"type\":\"urn:convwire:problem:window_closed\","
				  "\"title\":\"window_closed\",\"status\":409,\"detail\":\"Only templates.\"}}");
	free(text);
	assert_string_equal(cw_command_type_text(CW_COMMAND_RETRY), "retry");
	assert_string_equal(cw_command_type_text(CW_COMMAND_TYPE_COUNT), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_read),
		cmocka_unit_test(a_send_has_its_kind_content_and_quote),
		cmocka_unit_test(bad_commands_are_refused_with_a_sentence),
		cmocka_unit_test(a_command_is_not_larger_than_64_kib),
		cmocka_unit_test(bodies_that_parse_alike_digest_alike_and_no_others),
		cmocka_unit_test(answers_are_alike_at_both_doors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
