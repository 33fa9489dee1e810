/* SPDX-License-Identifier: MIT */
#include "core/token_signer.h"

#include "tests/unit/jws.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define HOUSE "algorithm = ES256\naccounts = *\nissuer = convwire\nhighest_role = service\nmax_lifetime_s = 3600\n"

/* Writes a pair: the private half as NAME.private, the public one with its settings. */
static void write_pair(struct temp_dir *dir, const char *name, const char *settings)
{
	EVP_PKEY *key = jws_make_ec("P-256");
	char *private_pem = jws_private_pem(key);
	char *public_pem = jws_public_pem(key);
	char file[80];

	(void)snprintf(file, sizeof(file), "%s.private", name);
	temp_dir_write_text(dir, file, private_pem);
	(void)snprintf(file, sizeof(file), "public/%s.pem", name);
	temp_dir_write_text(dir, file, public_pem);
	(void)snprintf(file, sizeof(file), "public/%s.conf", name);
	temp_dir_write_text(dir, file, settings);
	free(private_pem);
	free(public_pem);
	EVP_PKEY_free(key);
}

static void the_private_half_finds_its_public_one(void **state)
{
	static const char *const names[] = { "house", "house-20261126" };
	struct cw_token wanted = { .account = "acme", .subject = "bob", .role = "admin", .expires_at_s = 1800000900 };
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;

	(void)state;
	temp_dir_make(&dir);
	write_pair(&dir, names[0], HOUSE);
	write_pair(&dir, names[1], HOUSE);
	assert_ok(cw_token_keys_load(dir.path, &keys, &error), error);
	for (size_t i = 0; i < N_ROWS(names); i++) {
		struct cw_token_signer *signer = NULL;
		struct cw_token token;
		char file[80];
		char *text = NULL;

		(void)snprintf(file, sizeof(file), "%s.private", names[i]);
		assert_ok(cw_token_signer_load(temp_dir_path(&dir, file), keys, &signer, &error), error);
		assert_string_equal(cw_token_signer_kid(signer), names[i]);
		assert_int_equal(cw_token_signer_longest_s(signer), 3600);
		assert_ok(cw_token_mint(signer, &wanted, INT64_C(1800000000) * 1000, &text, &error), error);
		assert_ok(cw_token_verify(keys, text, INT64_C(1800000000) * 1000, &token, &error), error);
		assert_string_equal(token.account, "acme");
		assert_string_equal(token.subject, "bob");
		assert_string_equal(token.role, "admin");
		assert_string_equal(token.kid, names[i]);
		assert_int_equal(token.issued_at_s, 1800000000);
		assert_int_equal(token.expires_at_s, 1800000900);
		assert_int_equal(strlen(token.jti), 36);
		free(text);
		cw_token_signer_destroy(signer);
	}
	cw_token_keys_destroy(keys);
	temp_dir_remove(&dir);
}

static void a_key_that_fits_nothing_is_refused(void **state)
{
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_token_signer *signer = NULL;
	struct cw_error error;

	(void)state;
	temp_dir_make(&dir);
	write_pair(&dir, "house", HOUSE);
	write_pair(&dir, "other", "algorithm = ES256\naccounts = *\nissuer = convwire\nhighest_role = admin\n");
	temp_dir_write_text(&dir, "text.private", "no key");
	temp_dir_write_text(&dir, "empty.private", "");
	assert_ok(cw_token_keys_load(dir.path, &keys, &error), error);
	static const char *const files[] = { "other.private", "text.private", "empty.private" };

	for (size_t i = 0; i < N_ROWS(files); i++) {
		assert_int_equal(cw_token_signer_load(temp_dir_path(&dir, files[i]), keys, &signer, &error), CW_INVALID);
		assert_contains(error.text, "keys/public does not verify what");
		assert_null(signer);
	}
	assert_int_equal(cw_token_signer_load(temp_dir_path(&dir, "none"), keys, &signer, &error), CW_NOT_FOUND);
	cw_token_signer_destroy(NULL);
	cw_token_keys_destroy(keys);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_private_half_finds_its_public_one),
					    cmocka_unit_test(a_key_that_fits_nothing_is_refused) };

	return cmocka_run_group_tests_name("token_signer", tests, NULL, NULL);
}
