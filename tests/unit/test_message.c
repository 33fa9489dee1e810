/* SPDX-License-Identifier: MIT */
#include "core/message.h"

#include "core/buf.h"
#include "core/file.h"

#include "tests/unit/unit.h"

static void every_word_is_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < CW_KIND_COUNT; i++) {
		enum cw_message_kind kind = CW_KIND_COUNT;

		assert_int_equal(cw_message_kind_parse(cw_message_kind_text((enum cw_message_kind)i), &kind), CW_OK);
		assert_int_equal(kind, i);
	}
	for (int i = CW_STATUS_QUEUED; i < CW_MESSAGE_STATUS_COUNT; i++) {
		enum cw_message_status status = CW_STATUS_NONE;

		assert_int_equal(cw_message_status_parse(cw_message_status_text((enum cw_message_status)i), &status),
				 CW_OK);
		assert_int_equal(status, i);
	}
	assert_string_equal(cw_message_origin_text(CW_ORIGIN_CUSTOMER), "customer");
	assert_string_equal(cw_message_origin_text(CW_ORIGIN_PHONE), "phone");
	assert_string_equal(cw_message_origin_text(CW_ORIGIN_HISTORY), "history");
	assert_string_equal(cw_message_origin_text(CW_ORIGIN_AGENT), "agent");
}

static void whatsapp_reports_none_of_our_own_words(void **state)
{
	enum cw_message_status status = CW_STATUS_READ;

	(void)state;
	for (int i = CW_STATUS_NONE; i < CW_STATUS_ACCEPTED; i++) {
		assert_int_equal(cw_message_status_reported(cw_message_status_text((enum cw_message_status)i), &status),
				 CW_NOT_FOUND);
	}
	assert_int_equal(status, CW_STATUS_READ);
	assert_int_equal(cw_message_status_reported("played", &status), CW_OK);
	assert_int_equal(status, CW_STATUS_PLAYED);
}

static void words_that_are_none_are_refused(void **state)
{
	static const char *const rows[] = { "", "Text", "texts", "text ", "delete", "deleted", NULL };
	enum cw_message_kind kind = CW_KIND_ORDER;
	enum cw_message_status status = CW_STATUS_READ;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_message_kind_parse(rows[i], &kind), CW_NOT_FOUND);
		assert_int_equal(cw_message_status_parse(rows[i], &status), CW_NOT_FOUND);
	}
	assert_int_equal(kind, CW_KIND_ORDER);
	assert_int_equal(status, CW_STATUS_READ);
	assert_string_equal(cw_message_kind_text(CW_KIND_COUNT), "unsupported");
	assert_string_equal(cw_message_status_text(CW_STATUS_NONE), "");
	assert_string_equal(cw_message_status_text(CW_MESSAGE_STATUS_COUNT), "");
}

static void statuses_only_climb(void **state)
{
	/* One row per current status; an x for each status that WhatsApp may report then. */
	static const char *const table[CW_MESSAGE_STATUS_COUNT] = {
		/* next: none queued sending retrying unknown accepted sent failed delivered read played */
		[CW_STATUS_NONE] = ".....xxxxxx",      [CW_STATUS_QUEUED] = ".....xxxxxx",
		[CW_STATUS_SENDING] = ".....xxxxxx",   [CW_STATUS_RETRYING] = ".....xxxxxx",
		[CW_STATUS_UNKNOWN] = ".....xxxxxx",   [CW_STATUS_ACCEPTED] = "......xxxxx",
		[CW_STATUS_SENT] = ".......xxxx",      [CW_STATUS_FAILED] = "........xxx",
		[CW_STATUS_DELIVERED] = ".........xx", [CW_STATUS_READ] = "..........x",
		[CW_STATUS_PLAYED] = "...........",
	};

	(void)state;
	for (int now = 0; now < CW_MESSAGE_STATUS_COUNT; now++) {
		for (int next = 0; next < CW_MESSAGE_STATUS_COUNT; next++) {
			bool may = cw_message_status_may_follow((enum cw_message_status)now,
								(enum cw_message_status)next);

			if (may != (table[now][next] == 'x')) {
				fail_msg("%d -> %d", now, next);
			}
		}
	}
}

static void in_any_order_of_arrival_the_highest_status_stands(void **state)
{
	static const enum cw_message_status climbing[] = { CW_STATUS_SENT, CW_STATUS_FAILED, CW_STATUS_DELIVERED,
							   CW_STATUS_READ };

	(void)state;
	for (int order = 0; order < 256; order++) {
		enum cw_message_status now = CW_STATUS_ACCEPTED;
		enum cw_message_status highest = CW_STATUS_ACCEPTED;
		const int picks[] = { order % 4, order / 4 % 4, order / 16 % 4, order / 64 };

		for (size_t i = 0; i < N_ROWS(picks); i++) {
			enum cw_message_status next = climbing[picks[i]];

			now = cw_message_status_may_follow(now, next) ? next : now;
			highest = next > highest ? next : highest;
		}
		assert_int_equal(now, highest);
	}
}

static void kinds_are_shown_count_and_open_windows_as_they_should(void **state)
{
	static const struct {
		enum cw_message_kind kind;
		bool is_shown, is_unread, opens_window;
	} rows[] = {
		{ CW_KIND_TEXT, true, true, true },
		{ CW_KIND_VOICE, true, true, true },
		{ CW_KIND_UNSUPPORTED, true, true, true },
		{ CW_KIND_BUTTON, true, true, true },
		{ CW_KIND_MEDIA_PLACEHOLDER, true, true, true },
		{ CW_KIND_REACTION, false, false, false },
		{ CW_KIND_EDIT, false, false, false },
		{ CW_KIND_REVOKE, false, false, false },
		{ CW_KIND_SYSTEM, true, false, false },
		{ CW_KIND_REQUEST_WELCOME, true, false, true }, /* the chat was opened: nothing to read */
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_message_kind_is_shown(rows[i].kind), rows[i].is_shown);
		assert_int_equal(cw_message_kind_is_unread(rows[i].kind), rows[i].is_unread);
		assert_int_equal(cw_message_kind_opens_window(rows[i].kind), rows[i].opens_window);
	}
}

/* ---- the TypeScript twin ---- */

static void write_kinds(struct cw_buf *out)
{
	assert_int_equal(
		cw_buf_append_text(
			out,
			"/*\n * What each kind of message counts as. Made from CW_MESSAGE_KIND_LIST (core/message.h) by UPDATE_GOLDEN=1\n"
			" * ctest -R unit.message; that test fails when the two differ.\n */\n"
			"export interface KindTraits {\n"
			"\t/** It can be a conversation's last message; reactions, edits and revokes cannot. */\n\tshown: boolean;\n"
			"\t/** A customer's makes the conversation unread. */\n\tunread: boolean;\n"
			"\t/** A customer's opens the 24-hour customer service window. */\n\twindow: boolean;\n"
			"\t/** Its content is a file. */\n\tfile: boolean;\n}\n\n"
			"const TRAITS: Record<string, KindTraits> = {\n"),
		CW_OK);
	for (int i = 0; i < CW_KIND_COUNT; i++) {
		enum cw_message_kind kind = (enum cw_message_kind)i;
		static const char *const words[] = { "false", "true" };

		assert_int_equal(cw_buf_append_format(out, "\t%s: { shown: %s, unread: %s, window: %s, file: %s },\n",
						      cw_message_kind_text(kind), words[cw_message_kind_is_shown(kind)],
						      words[cw_message_kind_is_unread(kind)],
						      words[cw_message_kind_opens_window(kind)],
						      words[cw_message_kind_is_media(kind)]),
				 CW_OK);
	}
	assert_int_equal(
		cw_buf_append_text(out, "};\n\n/** Of a kind; one of a newer server counts as `unsupported` does. */\n"
					"export function traitsOf(kind: string): KindTraits {\n"
					"\treturn TRAITS[kind] ?? (TRAITS[\"unsupported\"] as KindTraits);\n}\n"),
		CW_OK);
}

static void typescript_says_the_same_of_each_kind(void **state)
{
	static const char path[] = CW_SOURCE_DIR "/client/src/kinds.ts";
	struct cw_buf wanted;
	struct cw_buf found;
	struct cw_error error = { .text = "" };

	(void)state;
	cw_buf_init(&wanted, 1 << 16);
	cw_buf_init(&found, 1 << 16);
	write_kinds(&wanted);
	if (getenv("UPDATE_GOLDEN")) {
		assert_ok(cw_file_write(path, wanted.data, wanted.len, 0644, &error), error);
	}
	assert_ok(cw_file_read(path, &found, &error), error);
	assert_string_equal(found.data, wanted.data);
	cw_buf_finish(&found);
	cw_buf_finish(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read_back),
		cmocka_unit_test(words_that_are_none_are_refused),
		cmocka_unit_test(whatsapp_reports_none_of_our_own_words),
		cmocka_unit_test(statuses_only_climb),
		cmocka_unit_test(in_any_order_of_arrival_the_highest_status_stands),
		cmocka_unit_test(kinds_are_shown_count_and_open_windows_as_they_should),
		cmocka_unit_test(typescript_says_the_same_of_each_kind),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
