/* SPDX-License-Identifier: MIT */
#include "core/phone.h"

#include "tests/unit/unit.h"

static void typed_numbers_become_digits(void **state)
{
	static const struct {
		const char *text;
		const char *digits; /* NULL: refused */
	} rows[] = {
		{ "923456789012", "923456789012" },
		{ "+92 345 678-9012", "923456789012" },
		{ "00923456789012", "923456789012" },
		{ "(92) 345.678.9012", "923456789012" },
		{ " +1 (631) 555-8151 ", "16315558151" },
		{ "12345", "12345" }, /* the fewest */
		{ "1234", NULL },
		{ "12345678901234567890", "12345678901234567890" }, /* the most */
		{ "123456789012345678901", NULL },
		{ "001234", NULL }, /* the prefix 00 does not count */
		{ "0012345", "12345" },
		{ "+0012345", NULL }, /* after a +, there is no prefix, and no country code begins with 0 */
		{ "01012345678", NULL },
		{ "00012345678", NULL },
		{ "+92 (0)345 6789017", "923456789017" },
		{ "0092 (0) 345-6789017", "923456789017" },
		{ "(0)345 6789017", NULL },
		{ "+39 (0)6 12345678", "390612345678" }, /* in Italy, the 0 is dialled from abroad, too */
		{ "\u202a+92\u00a0345\u2011678\u20119012\u202c", "923456789012" }, /* as copied from WhatsApp's web page */
		{ "\uff0b\uff19\uff12 345 6789012", "923456789012" },
		{ "+\u0669\u0662 \u0663\u0664\u0665 \u0666\u0667\u0668\u0669\u0660\u0661\u0662", "923456789012" },
		{ "+\u06f9\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u06f0\u06f1\u06f2", "923456789012" },
		{ "+\u096f\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f\u0966\u0967\u0968", "923456789012" },
		{ "92345678\u2460", NULL }, /* a circled one is no digit */
		{ "92345678\xff", NULL },   /* not UTF-8 */
		{ "92345678\xd9", NULL },
		{ "92+345678", NULL }, /* + only at the beginning */
		{ "++92345678", NULL },
		{ "92345678x", NULL },
		{ "US.13491208655302741918", NULL },
		{ "92345678\n", NULL },
		{ "", NULL },
		{ "+", NULL },
		{ NULL, NULL },
		{ "111111111111111111111111111111111111111111", NULL }, /* beyond any buffer */
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char digits[CW_PHONE_MAX + 1];

		assert_int_equal(cw_phone_digits(rows[i].text, digits, NULL), rows[i].digits ? CW_OK : CW_INVALID);
		if (rows[i].digits) {
			assert_string_equal(digits, rows[i].digits);
		}
	}
}

static void two_spellings_of_one_mobile_have_one_key(void **state)
{
	static const struct {
		const char *one, *other; /* other NULL: one has no key */
	} rows[] = {
		{ "5511987654321", "551187654321" }, /* Brazil: with and without the ninth digit */
		{ "5585966665555", "558566665555" },
		{ "5215512345678", "525512345678" }, /* Mexico: with and without the 1 */
		{ "5491123456789", "541123456789" }, /* Argentina: with and without the 9 */
		{ "551132654321", NULL },            /* a Brazilian landline has one spelling */
		{ "551152654321", NULL },
		{ "5511932654321", NULL },  /* 9 before a landline digit: never a mobile number */
		{ "55119876543210", NULL }, /* too long */
		{ "52123", NULL },
		{ "5225512345678", NULL }, /* 13 digits without the 1 */
		{ "5481123456789", NULL },
		{ "923456789012", NULL }, /* every other country */
		{ "16505551234", NULL },
		{ "", NULL },
		{ "5511x87654321", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char one[CW_PHONE_MAX + 1];
		char other[CW_PHONE_MAX + 1];

		assert_int_equal(cw_phone_match_key(rows[i].one, one), rows[i].other ? CW_OK : CW_NOT_FOUND);
		if (rows[i].other) {
			assert_int_equal(cw_phone_match_key(rows[i].other, other), CW_OK);
			assert_string_equal(one, other);
		}
	}
}

static void different_mobiles_have_different_keys(void **state)
{
	static const char *const rows[][2] = {
		{ "5511987654321", "5511987654322" },
		{ "5511987654321", "5521987654321" }, /* another area */
		{ "5215512345678", "5215512345679" },
		{ "5491123456789", "5215512345678" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char one[CW_PHONE_MAX + 1];
		char other[CW_PHONE_MAX + 1];

		assert_int_equal(cw_phone_match_key(rows[i][0], one), CW_OK);
		assert_int_equal(cw_phone_match_key(rows[i][1], other), CW_OK);
		assert_string_not_equal(one, other);
	}
}

static void parts_of_numbers_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *digits; /* NULL: not a part of a number */
	} rows[] = {
		{ "9012", "9012" },     { "0345 678-9012", "03456789012" },
		{ "+92 345", "92345" }, { "٠٣٤٥", "0345" },
		{ "", NULL },           { "-", NULL },
		{ "order 9012", NULL }, { "1234567890123456789012345678901234567890", NULL },
	};
	char digits[CW_PHONE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_phone_part(rows[i].text, digits), rows[i].digits != NULL);
		if (rows[i].digits) {
			assert_string_equal(digits, rows[i].digits);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed_numbers_become_digits),
		cmocka_unit_test(two_spellings_of_one_mobile_have_one_key),
		cmocka_unit_test(different_mobiles_have_different_keys),
		cmocka_unit_test(parts_of_numbers_are_read),
	};

	return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
