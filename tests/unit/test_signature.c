/* SPDX-License-Identifier: MIT */
#include "core/signature.h"

#include "tests/unit/unit.h"

/* Computed with Python's hmac; the first two are those of nyaruka/courier's facebook_test.go. */
#define ESCAPED_BODY \
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"0\",\"changes\":[{\"field\":\"messages\"," \
	"\"value\":{\"messages\":[{\"text\":{\"body\":\"caf\\u00e9 \\ud83d\\ude00 a\\/b 100\\u0025 \\u003Cx> " \
	"me\\u0040x.co\"}}]}}]}]}"
static const struct {
	const char *key, *body, *hex;
} vectors[] = {
	{ "sesame", "hello world", "f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17" },
	{ "sesame", "hello world2", "60905fdf409d0b4f721e99f6f25b31567a68a6b45e933d814e17a246be4c5a53" },
	{ "test_app_secret", "{\"object\":\"whatsapp_business_account\",\"entry\":[]}",
	  "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756" },
	/* as Meta sends it: escaped ASCII, which is what is signed */
	{ "test_app_secret", ESCAPED_BODY, "2082a172de69f8b1196683dc0498a008473c5bab08aef61c9fe50df21e61b1b9" },
};
/* The signature of the same JSON, reserialised as UTF-8. */
#define RESERIALISED_HEX "419df20881735e21a4623f2af2e14033b907d9a3ec8b9bd25ca8d993d33a9a76"

static struct cw_hmac *key_of(const char *text)
{
	struct cw_hmac *hmac = cw_hmac_create(text, strlen(text));

	assert_non_null(hmac);
	return hmac;
}

static void known_bodies_have_known_signatures(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(vectors); i++) {
		struct cw_hmac *hmac = key_of(vectors[i].key);
		size_t len = strlen(vectors[i].body);
		char header[CW_SIGNATURE_TEXT + 1];
		unsigned char claimed[CW_HMAC_BYTES];

		assert_int_equal(cw_signature_make(hmac, vectors[i].body, len, header), CW_OK);
		assert_memory_equal(header, "sha256=", 7);
		assert_string_equal(header + 7, vectors[i].hex);
		assert_int_equal(cw_signature_parse(header, claimed), CW_OK);
		assert_true(cw_signature_matches(hmac, vectors[i].body, len, claimed));
		assert_false(cw_signature_matches(hmac, vectors[i].body, len - 1, claimed));
		claimed[31] ^= 1;
		assert_false(cw_signature_matches(hmac, vectors[i].body, len, claimed));
		cw_hmac_destroy(hmac);
	}
}

static void json_that_was_written_again_does_not_fit(void **state)
{
	struct cw_hmac *hmac = key_of("test_app_secret");
	unsigned char claimed[CW_HMAC_BYTES];

	(void)state;
	assert_int_equal(cw_signature_parse("sha256=" RESERIALISED_HEX, claimed), CW_OK);
	assert_false(cw_signature_matches(hmac, ESCAPED_BODY, strlen(ESCAPED_BODY), claimed));
	cw_hmac_destroy(hmac);
}

static void another_key_makes_another_signature(void **state)
{
	struct cw_hmac *hmac = key_of("sesamf");
	unsigned char claimed[CW_HMAC_BYTES];

	(void)state;
	assert_int_equal(
		cw_signature_parse("sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17", claimed),
		CW_OK);
	assert_false(cw_signature_matches(hmac, "hello world", 11, claimed));
	cw_hmac_destroy(hmac);
}

static void one_key_serves_many_bodies(void **state)
{
	struct cw_hmac *hmac = key_of("sesame");
	unsigned char first[CW_HMAC_BYTES];
	unsigned char again[CW_HMAC_BYTES];

	(void)state;
	assert_int_equal(cw_hmac_compute(hmac, "hello world", 11, first), CW_OK);
	assert_int_equal(cw_hmac_compute(hmac, "other", 5, again), CW_OK);
	assert_int_equal(cw_hmac_compute(hmac, "hello world", 11, again), CW_OK);
	assert_memory_equal(first, again, sizeof(first));
	assert_int_equal(cw_hmac_compute(hmac, "", 0, again), CW_OK);
	cw_hmac_destroy(hmac);
}

static void headers_of_another_form_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"sha256=",
		"f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17",      /* no prefix */
		"sha1=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17", /* X-Hub-Signature */
		"SHA256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17",
		"sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b1",   /* a digit short */
		"sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b171", /* a digit long */
		"sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b1g",
		"sha256= f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b1",
		" sha256=f39034b29165ec6a5104d9aef27266484ab26c8caa7bca8bcb2dd02e8be61b17",
	};
	unsigned char out[CW_HMAC_BYTES];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_signature_parse(rows[i], out), CW_INVALID);
	}
	assert_int_equal(cw_signature_parse(NULL, out), CW_INVALID);
}

static void an_empty_key_is_no_key(void **state)
{
	unsigned char out[CW_HMAC_BYTES] = { 0 };

	(void)state;
	assert_null(cw_hmac_create("", 0));
	cw_hmac_destroy(NULL);
	assert_int_equal(cw_hmac_compute(NULL, "x", 1, out), CW_INVALID);
	assert_false(cw_signature_matches(NULL, "x", 1, out));
}

static void texts_are_the_same_only_when_equal(void **state)
{
	(void)state;
	assert_true(cw_signature_same_text("token", "token"));
	assert_true(cw_signature_same_text("", ""));
	assert_false(cw_signature_same_text("token", "tokem"));
	assert_false(cw_signature_same_text("token", "toke"));
	assert_false(cw_signature_same_text("token", "tokens"));
	assert_false(cw_signature_same_text("token", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_bodies_have_known_signatures),
		cmocka_unit_test(json_that_was_written_again_does_not_fit),
		cmocka_unit_test(another_key_makes_another_signature),
		cmocka_unit_test(one_key_serves_many_bodies),
		cmocka_unit_test(headers_of_another_form_are_refused),
		cmocka_unit_test(an_empty_key_is_no_key),
		cmocka_unit_test(texts_are_the_same_only_when_equal),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
