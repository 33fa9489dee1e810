/* SPDX-License-Identifier: MIT */
#include "core/token.h"

#include "tests/unit/jws.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define NOW_S INT64_C(1800000000)
#define NOW_MS (NOW_S * 1000)
/* The time claims: valid for an hour from now. */
#define TIMES "'iat':1800000000,'exp':1800003600"
#define SECRET "a secret of an older back end"

/* Keys are generated once: RSA keys take long. */
static struct {
	struct temp_dir dir;
	EVP_PKEY *house, *rsa, *foreign;
	char *rsa_public, *ec_public;
	struct cw_token_keys *keys;
} all;

static int make_keys(void **state)
{
	struct cw_error error;

	(void)state;
	temp_dir_make(&all.dir);
	all.house = jws_make_ec("P-256");
	all.rsa = jws_make_rsa(2048);
	all.foreign = jws_make_ec("P-256");
	all.ec_public = jws_public_pem(all.house);
	all.rsa_public = jws_public_pem(all.rsa);
	temp_dir_write_text(&all.dir, "public/house.pem", all.ec_public);
	temp_dir_write_text(&all.dir, "public/house.conf", "algorithm = ES256\naccounts = *\nhighest_role = service\n");
	temp_dir_write_text(&all.dir, "public/rsa.pem", all.rsa_public);
	temp_dir_write_text(&all.dir, "public/rsa.conf",
			    "algorithm = RS256\naccounts = acme, other\nhighest_role = supervisor\nissuer = idp\n"
			    "audience = inbox\nmax_lifetime_s = 3600\n");
	temp_dir_write_text(&all.dir, "shared/node.secret", SECRET "\n");
	temp_dir_write_text(&all.dir, "shared/node.conf",
			    "algorithm = HS256\naccounts = acme\naccount_claim = accountId\nsubject_claim = userId\n"
			    "without_kid = yes\n");
	assert_ok(cw_token_keys_load(all.dir.path, &all.keys, &error), error);
	assert_int_equal(cw_token_keys_count(all.keys), 3);
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	cw_token_keys_destroy(all.keys);
	EVP_PKEY_free(all.house);
	EVP_PKEY_free(all.rsa);
	EVP_PKEY_free(all.foreign);
	free(all.rsa_public);
	free(all.ec_public);
	temp_dir_remove(&all.dir);
	return 0;
}

static char *node(const char *claims)
{
	return jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT'}", claims);
}

static char *rsa(const char *claims)
{
	return jws_sign(all.rsa, "{'alg':'RS256','typ':'JWT','kid':'rsa'}", claims);
}

static char *house(const char *claims)
{
	return jws_sign(all.house, "{'alg':'ES256','typ':'JWT','kid':'house'}", claims);
}

/* Takes ownership of text. */
static enum cw_status verify_at(char *text, int64_t now_ms, struct cw_token *token, struct cw_error *error)
{
	enum cw_status status = cw_token_verify(all.keys, text, now_ms, token, error);

	free(text);
	return status;
}

static void assert_denied(char *text, const char *what)
{
	struct cw_token token = { .account = "untouched" };
	struct cw_error error = { .text = "" };

	if (verify_at(text, NOW_MS, &token, &error) != CW_DENIED) {
		fail_msg("taken: %s", what);
	}
	assert_string_equal(token.account, "untouched");
	assert_true(strlen(error.text) > 0);
}

/* ---- valid tokens ---- */

static void a_token_of_an_existing_node_back_end_works_unchanged(void **state)
{
	struct cw_token token;
	struct cw_error error;

	(void)state;
	assert_ok(verify_at(node("{'accountId':'acme','userId':'65f0','name':'Bob'," TIMES "}"), NOW_MS, &token, &error),
		  error);
	assert_string_equal(token.account, "acme");
	assert_string_equal(token.subject, "65f0");
	assert_string_equal(token.role, "agent");
	assert_string_equal(token.kid, "node");
	assert_string_equal(token.jti, "");
	assert_int_equal(token.issued_at_s, NOW_S);
	assert_int_equal(token.expires_at_s, NOW_S + 3600);
}

static void a_token_of_an_identity_provider_works(void **state)
{
	static const char *const audiences[] = { "'inbox'", "['other','inbox']" };
	struct cw_token token;
	struct cw_error error;

	(void)state;
	for (size_t i = 0; i < N_ROWS(audiences); i++) {
		char claims[300];

		(void)snprintf(claims, sizeof(claims),
			       "{'account':'other','sub':'b','role':'viewer','jti':'j%zu','iss':'idp','aud':%s," TIMES
			       "}",
			       i, audiences[i]);
		assert_ok(verify_at(rsa(claims), NOW_MS, &token, &error), error);
		assert_string_equal(token.role, "viewer");
		assert_string_equal(token.kid, "rsa");
	}
}

static void the_house_key_speaks_for_the_system(void **state)
{
	struct cw_token token;
	struct cw_error error;

	(void)state;
	assert_ok(verify_at(house("{'account':'_system','sub':'publisher','role':'service'," TIMES "}"), NOW_MS, &token,
			    &error),
		  error);
	assert_string_equal(token.account, CW_SYSTEM_ACCOUNT);
	assert_denied(house("{'account':'acme','sub':'publisher','role':'service'," TIMES "}"),
		      "role service for a tenant");
}

static void a_skew_of_half_a_minute_is_forgiven(void **state)
{
	struct cw_token token;
	struct cw_error error;

	(void)state;
	assert_ok(verify_at(node("{'accountId':'acme','userId':'b','iat':1800000030,'nbf':1800000030,'exp':1800000060}"),
			    NOW_MS, &token, &error),
		  error);
}

/* ---- the traps of libjwt, facts/mqtt.md section 3 ---- */

#define NODE_CLAIMS "{'accountId':'acme','userId':'b'," TIMES "}"
#define HOUSE_CLAIMS "{'account':'acme','sub':'b','role':'agent'," TIMES "}"
#define RSA_CLAIMS "{'account':'acme','sub':'b','iss':'idp','aud':'inbox'," TIMES "}"

static void the_algorithm_is_the_keys_and_never_the_headers(void **state)
{
	const char *rsa_pem = all.rsa_public;
	const char *ec_pem = all.ec_public;

	(void)state;
	assert_denied(jws_mac(rsa_pem, strlen(rsa_pem), "{'alg':'HS256','typ':'JWT','kid':'rsa'}", RSA_CLAIMS),
		      "HS256 made with the RSA public key");
	assert_denied(jws_mac(ec_pem, strlen(ec_pem), "{'alg':'HS256','typ':'JWT','kid':'house'}", HOUSE_CLAIMS),
		      "HS256 made with the EC public key");
	assert_denied(jws_mac(rsa_pem, strlen(rsa_pem), "{'alg':'RS256','typ':'JWT','kid':'rsa'}", RSA_CLAIMS),
		      "a MAC that says RS256");
	assert_denied(jws_mac(SECRET, strlen(SECRET), "{'alg':'hs256','typ':'JWT'}", NODE_CLAIMS),
		      "alg in small letters");
	assert_denied(jws_mac(SECRET, strlen(SECRET), "{'alg':'HS384','typ':'JWT'}", NODE_CLAIMS), "another HMAC");
	assert_denied(jws_mac(SECRET, strlen(SECRET), "{'typ':'JWT'}", NODE_CLAIMS), "no alg");
	assert_denied(jws_mac(SECRET, strlen(SECRET), "{'alg':1,'typ':'JWT'}", NODE_CLAIMS), "alg as a number");
	assert_denied(jws_sign(all.house, "{'alg':'ES256','typ':'JWT','kid':'rsa'}", RSA_CLAIMS),
		      "ES256 under an RSA kid");
}

static void an_unsigned_token_is_no_token(void **state)
{
	char *signed_text = node(NODE_CLAIMS);

	(void)state;
	assert_denied(jws_unsigned("{'alg':'none','typ':'JWT'}", NODE_CLAIMS), "alg none");
	assert_denied(jws_unsigned("{'alg':'none','typ':'JWT','kid':'house'}", HOUSE_CLAIMS), "alg none with a kid");
	assert_denied(jws_unsigned("{'alg':'HS256','typ':'JWT'}", NODE_CLAIMS), "an empty signature");
	*strrchr(signed_text, '.') = '\0';
	assert_denied(signed_text, "two parts");
	assert_denied(jws_mac("", 0, "{'alg':'HS256','typ':'JWT'}", NODE_CLAIMS), "an empty key");
}

static char *with_suffix(char *text, const char *suffix)
{
	char *longer = NULL;

	assert_true(asprintf(&longer, "%s%s", text, suffix) > 0);
	free(text);
	return longer;
}

static void junk_around_a_good_signature_is_refused(void **state)
{
	static const char *const suffixes[] = { "!", "=", "==", " ", "\n", "A", ".", ".e30", "\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < N_ROWS(suffixes); i++) {
		assert_denied(with_suffix(node(NODE_CLAIMS), suffixes[i]), suffixes[i]);
		assert_denied(with_suffix(house(HOUSE_CLAIMS), suffixes[i]), suffixes[i]);
	}
	char *text = node(NODE_CLAIMS);

	char *within = NULL;
	int first = (int)strcspn(text, ".");

	assert_true(asprintf(&within, "%.*s.!%s", first, text, text + first + 1) > 0);
	free(text);
	assert_denied(within, "junk within");
	assert_denied(strdup(""), "nothing");
	assert_denied(strdup(".."), "only dots");
	assert_denied(strdup("a.b.c"), "letters");
	assert_denied(NULL, "NULL");
}

static void a_changed_token_is_refused(void **state)
{
	char *good = house(HOUSE_CLAIMS);
	char *other = house("{'account':'other','sub':'b','role':'admin'," TIMES "}");
	char *text = NULL;

	(void)state;
	assert_true(asprintf(&text, "%.*s%s", (int)(strrchr(other, '.') - other), other, strrchr(good, '.')) > 0);
	assert_denied(text, "claims of one, signature of another");
	free(good);
	free(other);
	assert_denied(jws_sign(all.foreign, "{'alg':'ES256','typ':'JWT','kid':'house'}", HOUSE_CLAIMS),
		      "another key under the house's kid");
}

static void claims_have_their_types_and_stand_once(void **state)
{
	static const struct {
		const char *claims, *what;
	} rows[] = {
		{ "{'accountId':'acme','userId':'b','iat':1800000000}", "no exp" },
		{ "{'accountId':'acme','userId':'b','exp':1800003600.5}", "exp with a fraction" },
		{ "{'accountId':'acme','userId':'b','exp':1.8e9}", "exp as a double" },
		{ "{'accountId':'acme','userId':'b','exp':'1800003600'}", "exp as a text" },
		{ "{'accountId':'acme','userId':'b','exp':true}", "exp as a truth" },
		{ "{'accountId':'acme','userId':'b','exp':null}", "exp as nothing" },
		{ "{'accountId':'acme','userId':'b','exp':99999999999999999999}", "exp beyond 64 bits" },
		{ "{'accountId':'acme','userId':'b','iat':'x','exp':1800003600}", "iat as a text" },
		{ "{'accountId':'acme','userId':'b','iat':1800000031,'exp':1800003600}", "iat in the future" },
		{ "{'accountId':'acme','userId':'b','iat':-5,'exp':1800003600}", "iat before 1970" },
		{ "{'accountId':'acme','userId':'b','nbf':1800000031,'exp':1800003600}", "nbf in the future" },
		{ "{'accountId':'acme','userId':'b','nbf':1.5,'exp':1800003600}", "nbf with a fraction" },
		{ "{'accountId':'acme','userId':'b','iat':1800000000,'exp':1800086401}", "a second over a day" },
		{ "{'accountId':'acme','userId':'b','exp':1800086401}", "the same without iat" },
		{ "{'accountId':'acme','userId':'b','iat':0,'exp':9223372036854775807}", "for ever" },
		{ "{'accountId':'acme','accountId':'other','userId':'b'," TIMES "}", "a claim twice" },
		{ "{'accountId':'acme','userId':'b','exp':1,'exp':1800003600}", "exp twice" },
		{ "{'accountId':'other','userId':'b'," TIMES "}", "an account the key may not speak for" },
		{ "{'accountId':'*','userId':'b'," TIMES "}", "an account that is a star" },
		{ "{'accountId':'_system','userId':'publisher','role':'service'," TIMES "}", "the system" },
		{ "{'accountId':'_system','userId':'b'," TIMES "}", "the system as an agent" },
		{ "{'accountId':'acme','userId':'b','role':'service'," TIMES "}", "role service" },
		{ "{'accountId':'acme','userId':'b','role':'supervisor'," TIMES "}", "a higher role" },
		{ "{'accountId':'acme','userId':'b','role':'owner'," TIMES "}", "a role without a rank" },
		{ "{'accountId':'acme','userId':'b','role':5," TIMES "}", "a role as a number" },
		{ "{'accountId':5,'userId':'b'," TIMES "}", "an account as a number" },
		{ "{'account':'acme','sub':'b'," TIMES "}", "other claim names than the key's" },
		{ "{'accountId':'acme'," TIMES "}", "no subject" },
		{ "{'accountId':'acme','userId':''," TIMES "}", "an empty subject" },
		{ "{'accountId':'acme','userId':'b+'," TIMES "}", "a subject that is a wildcard" },
		{ "{'accountId':'acme','userId':'a/b'," TIMES "}", "a subject of two levels" },
		{ "{'accountId':'acme','userId':'b@x.com'," TIMES "}", "a subject that is an address" },
		{ "{'accountId':'acme','userId':'b','jti':7," TIMES "}", "jti as a number" },
		{ "{'accountId':'acme','userId':'b','acl':{'pub':['a']}," TIMES "}",
		  "an acl claim that is not in list form" },
		{ "{'accountId':'acme','userId':'b','acl':[{'permission':'allow'}]," TIMES "}",
		  "an entry without action" },
		{ "['accountId']", "a list" },
		{ "'text'", "a text" },
		{ "{", "no JSON" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_denied(node(rows[i].claims), rows[i].what);
	}
}

static void a_token_that_is_over_is_told_apart(void **state)
{
	static const char *const rows[] = {
		"{'accountId':'acme','userId':'b','exp':1800000000}", /* this very second */
		"{'accountId':'acme','userId':'b','iat':1799990000,'exp':1799999999}",
		"{'accountId':'acme','userId':'b','exp':0}",
		"{'accountId':'acme','userId':'b','exp':-1}",
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_token token = { .account = "untouched" };
		struct cw_error error;

		assert_int_equal(verify_at(node(rows[i]), NOW_MS, &token, &error), CW_EXPIRED);
		assert_contains(error.text, "expired");
		assert_string_equal(token.account, "untouched");
	}
	/* For a token that nobody signed, the error does not say that it has expired. */
	assert_denied(jws_mac("sixteen bytes...", 16, "{'alg':'HS256','typ':'JWT'}", rows[0]), "another secret");
}

static void a_token_without_iat_counts_as_issued_as_early_as_it_can(void **state)
{
	struct cw_token token;
	struct cw_error error;

	(void)state;
	assert_ok(verify_at(node("{'accountId':'acme','userId':'b','exp':1800003600}"), NOW_MS, &token, &error), error);
	assert_int_equal(token.issued_at_s, NOW_S + 3600 - 86400); /* its key's longest lifetime */
	assert_ok(verify_at(rsa("{'account':'acme','sub':'b','iss':'idp','aud':'inbox','exp':1800003600}"), NOW_MS,
			    &token, &error),
		  error);
	assert_int_equal(token.issued_at_s, NOW_S);
	assert_int_equal(cw_token_keys_longest_s(all.keys), 86400);
	assert_int_equal(cw_token_keys_longest_s(NULL), 0);
}

/* RFC 9068 defines tokens with typ at+jwt, which libjwt rejects. */
static void the_headers_typ_is_nobodys_business(void **state)
{
	static const char *const headers[] = { "{'alg':'HS256','typ':'at+jwt'}", "{'alg':'HS256'}",
					       "{'typ':7,'alg':'HS256'}" };
	struct cw_token token;
	struct cw_error error;

	(void)state;
	for (size_t i = 0; i < N_ROWS(headers); i++) {
		assert_ok(verify_at(jws_mac(SECRET, strlen(SECRET), headers[i], NODE_CLAIMS), NOW_MS, &token, &error),
			  error);
	}
}

/* ---- the acl claim ---- */

static bool may_publish(const struct cw_claim *claim, const char *topic)
{
	const struct cw_filter_names names = { "acme", "b", "" };
	struct cw_levels levels;
	const struct cw_claim_request request = { .action = CW_CLAIM_PUBLISH, .names = &names, .levels = &levels };

	assert_true(cw_levels_split(topic, &levels));
	return cw_claim_decide(claim, &request, NULL) == CW_CLAIM_ALLOWS;
}

static void an_acl_claim_is_the_tokens_and_outlives_keys_and_cache(void **state)
{
	char *text = node(
		"{'accountId':'acme','userId':'acl','acl':[{'permission':'allow','action':'pub','topic':'a/${username}"
		"'}]," TIMES "}");
	struct cw_token first, second;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;

	(void)state;
	assert_ok(cw_token_keys_load(all.dir.path, &keys, &error), error);
	assert_ok(cw_token_verify(keys, text, NOW_MS, &first, &error), error);
	assert_ok(cw_token_verify(keys, text, NOW_MS, &second, &error), error); /* from the cache */
	assert_non_null(first.claim);
	assert_ptr_equal(first.claim, second.claim);
	cw_token_finish(&first);
	assert_null(first.claim);
	cw_token_keys_destroy(keys);
	assert_true(may_publish(second.claim, "a/acme/b"));
	assert_false(may_publish(second.claim, "a/acme/c"));
	cw_token_finish(&second);
	cw_token_finish(&second); /* may be called twice */
	free(text);
}

static void a_fault_in_the_acl_claim_refuses_the_token_with_the_reason(void **state)
{
	static const struct {
		const char *acl, *part;
	} rows[] = {
		{ "null", "must be a list" },
		{ "{'pub':['a']}", "must be a list" },
		{ "[{'permission':'allow','action':'all','topic':'a'},{'permission':'maybe','action':'all','topic':'a'}]",
		  "entry 2" },
		{ "[{'permission':'allow','action':'all','topic':'a','ip':'::1'}]", "entry 1" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char claims[400];
		struct cw_token token = { .account = "untouched" };
		struct cw_error error;

		(void)snprintf(claims, sizeof(claims), "{'accountId':'acme','userId':'b','acl':%s," TIMES "}",
			       rows[i].acl);
		assert_int_equal(verify_at(node(claims), NOW_MS, &token, &error), CW_DENIED);
		assert_contains(error.text, rows[i].part);
		assert_string_equal(token.account, "untouched");
	}
}

static void headers_that_ask_for_more_are_refused(void **state)
{
	static const struct {
		const char *header, *what;
	} rows[] = {
		{ "{'alg':'HS256','typ':'JWT','kid':'nobody'}", "an unknown kid" },
		{ "{'alg':'HS256','typ':'JWT','kid':''}", "an empty kid" },
		{ "{'alg':'HS256','typ':'JWT','kid':['node']}", "a kid that is a list" },
		{ "{'alg':'HS256','typ':'JWT','kid':'../shared/node'}", "a kid that is a path" },
		{ "{'alg':'HS256','typ':'JWT','crit':['exp']}", "crit" },
		{ "{'alg':'HS256','typ':'JWT','crit':[]}", "crit that is empty" },
		{ "{'alg':'none','alg':'HS256','typ':'JWT'}", "alg twice" },
		{ "[]", "a list" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_denied(jws_mac(SECRET, strlen(SECRET), rows[i].header, NODE_CLAIMS), rows[i].what);
	}
	struct cw_token token;
	struct cw_error error;

	assert_ok(verify_at(jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT','kid':'node'}", NODE_CLAIMS),
			    NOW_MS, &token, &error),
		  error);
	/* The RSA key does not accept tokens without kid. */
	assert_denied(jws_sign(all.rsa, "{'alg':'RS256','typ':'JWT'}", RSA_CLAIMS), "no kid");
}

static void issuer_audience_role_and_lifetime_are_the_keys(void **state)
{
	static const struct {
		const char *claims, *what;
	} rows[] = {
		{ "{'account':'acme','sub':'b','aud':'inbox'," TIMES "}", "no issuer" },
		{ "{'account':'acme','sub':'b','iss':'idp2','aud':'inbox'," TIMES "}", "another issuer" },
		{ "{'account':'acme','sub':'b','iss':'idp'," TIMES "}", "no audience" },
		{ "{'account':'acme','sub':'b','iss':'idp','aud':['x',1]," TIMES "}", "another audience" },
		{ "{'account':'acme','sub':'b','iss':'idp','aud':'inbox','role':'admin'," TIMES "}", "a higher role" },
		{ "{'account':'third','sub':'b','iss':'idp','aud':'inbox'," TIMES "}", "a third account" },
		{ "{'account':'acme','sub':'b','iss':'idp','aud':'inbox','iat':1800000000,'exp':1800003601}",
		  "an hour and a second" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_denied(rsa(rows[i].claims), rows[i].what);
	}
}

static void a_token_over_8_kib_is_not_even_read(void **state)
{
	char claims[9000];
	size_t len = (size_t)snprintf(claims, sizeof(claims), "{'accountId':'acme','userId':'b'," TIMES ",'x':'");
	struct cw_token token;
	struct cw_error error;

	(void)state;
	memset(claims + len, 'x', 5000);
	memcpy(claims + len + 5000, "'}", 3);
	assert_ok(verify_at(node(claims), NOW_MS, &token, &error), error);
	memset(claims + len, 'x', 7000);
	memcpy(claims + len + 7000, "'}", 3);
	assert_int_equal(verify_at(node(claims), NOW_MS, &token, &error), CW_DENIED);
	assert_contains(error.text, "8 KiB");
}

/* ---- the cache ---- */

static void a_verified_token_is_remembered_until_it_expires(void **state)
{
	struct cw_token token;
	struct cw_error error;
	char *text = house("{'account':'acme','sub':'cached','role':'agent'," TIMES "}");

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(&token, 0, sizeof(token));
		assert_ok(cw_token_verify(all.keys, text, NOW_MS + i, &token, &error), error);
		assert_string_equal(token.subject, "cached");
		assert_string_equal(token.kid, "house");
	}
	assert_ok(cw_token_verify(all.keys, text, NOW_MS + 3599999, &token, &error), error);
	assert_int_equal(cw_token_verify(all.keys, text, NOW_MS + 3600000, &token, &error), CW_EXPIRED);
	free(text);
	assert_denied(with_suffix(house("{'account':'acme','sub':'cached','role':'agent'," TIMES "}"), "="),
		      "a remembered token with junk");
}

/* ---- key directories ---- */

static void a_fault_in_any_key_refuses_the_whole_set(void **state)
{
	static const struct {
		const char *file, *content, *part;
	} rows[] = {
		{ "shared/a.conf", "algorithm = RS256\naccounts = acme\n", "needs algorithm = HS256" },
		{ "shared/a.conf", "algorithm = HS256\n", "accounts" },
		{ "shared/a.conf", "algorithm = HS256\naccounts = acme\nhighest_role = service\n", "service" },
		{ "shared/a.conf", "algorithm = HS256\naccounts = acme\nhighest_role = king\n", "highest_role" },
		{ "shared/a.conf", "algorithm = HS256\naccounts = acme\naccount_claim =\n", "account_claim" },
		{ "shared/a.conf", "algorthm = HS256\n", "a.conf:1" },
		{ "shared/a.secret", "fifteen bytes..\n", "shorter" },
		{ "shared/b.conf", "algorithm = HS256\naccounts = acme\n", "b.secret" }, /* half a key */
		{ "public/p.conf", "algorithm = ES256\naccounts = acme\n", "p.pem" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct temp_dir dir;
		struct cw_token_keys *keys = NULL;
		struct cw_error error;

		temp_dir_make(&dir);
		temp_dir_write_text(&dir, "shared/a.conf", "algorithm = HS256\naccounts = acme\n");
		temp_dir_write_text(&dir, "shared/a.secret", "sixteen bytes...");
		assert_ok(cw_token_keys_load(dir.path, &keys, &error), error);
		cw_token_keys_destroy(keys);
		keys = NULL;
		temp_dir_write_text(&dir, rows[i].file, rows[i].content);
		assert_int_not_equal(cw_token_keys_load(dir.path, &keys, &error), CW_OK);
		assert_null(keys);
		assert_contains(error.text, rows[i].part);
		temp_dir_remove(&dir);
	}
}

static void assert_public_key_refused(const char *pem, const char *algorithm)
{
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;
	char conf[100];

	temp_dir_make(&dir);
	(void)snprintf(conf, sizeof(conf), "algorithm = %s\naccounts = acme\n", algorithm);
	temp_dir_write_text(&dir, "public/k.conf", conf);
	temp_dir_write_text(&dir, "public/k.pem", pem);
	assert_int_equal(cw_token_keys_load(dir.path, &keys, &error), CW_INVALID);
	assert_contains(error.text, "k.pem");
	temp_dir_remove(&dir);
}

static void a_public_key_must_fit_its_algorithm(void **state)
{
	EVP_PKEY *p384 = jws_make_ec("P-384");
	EVP_PKEY *small = jws_make_rsa(1024);
	char *p384_pem = jws_public_pem(p384);
	char *small_pem = jws_public_pem(small);

	(void)state;
	assert_public_key_refused(p384_pem, "ES256"); /* libjwt does not check the curve */
	assert_public_key_refused(small_pem, "RS256");
	assert_public_key_refused(all.rsa_public, "ES256");
	assert_public_key_refused(all.ec_public, "RS256");
	assert_public_key_refused(all.ec_public, "HS256");
	assert_public_key_refused(all.ec_public, "ES384");
	assert_public_key_refused("no PEM", "ES256");
	char *private_pem = jws_private_pem(all.house);

	assert_public_key_refused(private_pem, "ES256"); /* a private key in the wrong place */
	free(private_pem);
	free(p384_pem);
	free(small_pem);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(small);
}

static void a_directory_without_keys_is_told_apart_and_names_are_unique(void **state)
{
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(cw_token_keys_load(dir.path, &keys, &error), CW_NOT_FOUND);
	temp_dir_write_text(&dir, "shared/house.conf", "algorithm = HS256\naccounts = acme\n");
	temp_dir_write_text(&dir, "shared/house.secret", "sixteen bytes...");
	temp_dir_write_text(&dir, "public/house.conf", "algorithm = ES256\naccounts = *\n");
	temp_dir_write_text(&dir, "public/house.pem", all.ec_public);
	assert_int_equal(cw_token_keys_load(dir.path, &keys, &error), CW_INVALID);
	assert_contains(error.text, "another key");
	temp_dir_remove(&dir);
	assert_int_equal(cw_token_keys_count(NULL), 0);
	cw_token_keys_destroy(NULL);
}

static void a_shared_secret_called_house_is_not_the_house(void **state)
{
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_token token;
	struct cw_error error;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write_text(&dir, "shared/house.conf", "algorithm = HS256\naccounts = *\nhighest_role = admin\n");
	temp_dir_write_text(&dir, "shared/house.secret", "sixteen bytes...");
	assert_ok(cw_token_keys_load(dir.path, &keys, &error), error);
	char *text = jws_mac("sixteen bytes...", 16, "{'alg':'HS256','typ':'JWT','kid':'house'}",
			     "{'account':'_system','sub':'publisher','role':'service'," TIMES "}");

	assert_int_equal(cw_token_verify(keys, text, NOW_MS, &token, &error), CW_DENIED);
	free(text);
	cw_token_keys_destroy(keys);
	temp_dir_remove(&dir);
}

static void roles_stand_on_a_ladder(void **state)
{
	static const char *const ladder[] = { "viewer", "assigned-agent", "agent", "supervisor", "admin", "service" };

	(void)state;
	for (size_t i = 1; i < N_ROWS(ladder); i++) {
		assert_true(cw_token_role_rank(ladder[i - 1]) < cw_token_role_rank(ladder[i]));
	}
	assert_int_equal(cw_token_role_rank("owner"), -1);
	assert_int_equal(cw_token_role_rank(""), -1);
	assert_true(cw_token_role_rank("viewer") >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_of_an_existing_node_back_end_works_unchanged),
		cmocka_unit_test(a_token_of_an_identity_provider_works),
		cmocka_unit_test(the_house_key_speaks_for_the_system),
		cmocka_unit_test(a_skew_of_half_a_minute_is_forgiven),
		cmocka_unit_test(the_algorithm_is_the_keys_and_never_the_headers),
		cmocka_unit_test(an_unsigned_token_is_no_token),
		cmocka_unit_test(junk_around_a_good_signature_is_refused),
		cmocka_unit_test(a_changed_token_is_refused),
		cmocka_unit_test(claims_have_their_types_and_stand_once),
		cmocka_unit_test(a_token_that_is_over_is_told_apart),
		cmocka_unit_test(a_token_without_iat_counts_as_issued_as_early_as_it_can),
		cmocka_unit_test(the_headers_typ_is_nobodys_business),
		cmocka_unit_test(an_acl_claim_is_the_tokens_and_outlives_keys_and_cache),
		cmocka_unit_test(a_fault_in_the_acl_claim_refuses_the_token_with_the_reason),
		cmocka_unit_test(headers_that_ask_for_more_are_refused),
		cmocka_unit_test(issuer_audience_role_and_lifetime_are_the_keys),
		cmocka_unit_test(a_token_over_8_kib_is_not_even_read),
		cmocka_unit_test(a_verified_token_is_remembered_until_it_expires),
		cmocka_unit_test(a_fault_in_any_key_refuses_the_whole_set),
		cmocka_unit_test(a_public_key_must_fit_its_algorithm),
		cmocka_unit_test(a_directory_without_keys_is_told_apart_and_names_are_unique),
		cmocka_unit_test(a_shared_secret_called_house_is_not_the_house),
		cmocka_unit_test(roles_stand_on_a_ladder),
	};

	return cmocka_run_group_tests_name("token", tests, make_keys, free_keys);
}
