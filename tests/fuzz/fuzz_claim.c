/* SPDX-License-Identifier: MIT */
/* Any JSON as a token's acl claim: whatever it contains, it can only narrow what the role grants. */
#include <jansson.h>

#include "core/access.h"
#include "fuzz.h"

static const char *const topics[] = { "acct/acme/events",
				      "acct/acme/conv/acme_1_2",
				      "acct/acme/conv/acme_1_2/cmd/ann",
				      "acct/acme/conv/+",
				      "acct/acme/agent/ann/presence/1",
				      "acct/acme/agent/bob/reply",
				      "acct/acme/#",
				      "acct/b/events",
				      "acct/#",
				      "#",
				      "$CONTROL/convwire/v1",
				      "$CONTROL/convwire/v1/renew" };

static struct cw_access *parse_roles(void)
{
	struct cw_access *access = NULL;
	struct cw_error error;

	FUZZ_CHECK(cw_access_parse("roles.acl", cw_access_shipped_roles, &access, &error) == CW_OK);
	return access;
}

/* client_id "": over HTTP. */
static void ask(const struct cw_access *access, const struct cw_claim *claim, const char *topic, const char *client_id)
{
	for (int i = 0; i < CW_ACCESS_ACTION_COUNT * 6; i++) {
		struct cw_access_request request = { .account = "acme",
						     .subject = "ann",
						     .role = "agent",
						     .client_id = client_id,
						     .action = (enum cw_access_action)(i / 6),
						     .topic = topic,
						     .qos = i % 3,
						     .retain = i % 2 };
		bool without = cw_access_allows(access, &request);

		request.claim = claim;
		const struct cw_access_verdict with = cw_access_decide(access, &request);

		FUZZ_CHECK(!with.is_allowed || without);
		FUZZ_CHECK(with.is_allowed == without || with.reason == CW_ACCESS_CLAIM);
		FUZZ_CHECK(with.is_allowed == without || cw_claim_narrows(claim));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cw_access *access;
	struct cw_claim *claim = NULL;
	struct cw_error error = { .text = "" };
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
				  NULL);

	access = access ? access : parse_roles();
	if (!json) {
		return 0;
	}
	if (cw_claim_parse(json, &claim, &error) == CW_OK) {
		for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
			ask(access, claim, topics[i], "acme:ann:1");
			ask(access, claim, topics[i], "");
		}
		cw_claim_unref(claim);
	} else {
		FUZZ_CHECK(strstr(error.text, "acl claim"));
	}
	json_decref(json);
	return 0;
}
