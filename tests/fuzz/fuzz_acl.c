/* SPDX-License-Identifier: MIT */
/* Any text as a role file: whatever it contains, no tenant gets access outside acct/<its account>/. */
#include "core/access.h"
#include "fuzz.h"

static const char *const outside[] = { "#",
				       "+/#",
				       "acct/#",
				       "acct/+/events",
				       "acct/b/events",
				       "acct/b/conv/+",
				       "acct/acme2/events",
				       "acct/acm/events",
				       "$SYS/#",
				       "$CONTROL/convwire/v1",
				       "$share/g/acct/acme/events",
				       "/acct/acme/events",
				       "acct//events",
				       "acct/acme" };
static const char *const inside[] = { "acct/acme/events", "acct/acme/conv/acme_1_2",         "acct/acme/conv/+",
				      "acct/acme/#",      "acct/acme/conv/acme_1_2/cmd/ann", "acct/acme/agent/bob/reply" };

static bool nothing_is_assigned(void *context, const char *conversation, size_t len)
{
	(void)context;
	FUZZ_CHECK(memchr(conversation, '\0', len) == NULL);
	return false;
}

static void ask(const struct cw_access *access, const char *role, const char *topic, bool must_refuse)
{
	for (int action = CW_ACCESS_READ; action <= CW_ACCESS_SUBSCRIBE; action++) {
		const struct cw_access_request request = { .account = "acme",
							   .subject = "ann",
							   .role = role,
							   .client_id = "acme:ann:1",
							   .action = (enum cw_access_action)action,
							   .topic = topic,
							   .qos = 1,
							   .is_assigned = nothing_is_assigned };
		bool is_allowed = cw_access_allows(access, &request);

		FUZZ_CHECK(!is_allowed || !must_refuse);
		FUZZ_CHECK(!is_allowed || action == CW_ACCESS_SUBSCRIBE || !strpbrk(topic, "+#"));
	}
}

static void ask_all(const struct cw_access *access, const char *role)
{
	struct cw_token token = { .account = "acme", .subject = "ann" };

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		ask(access, role, outside[i], true);
	}
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		ask(access, role, inside[i], false);
	}
	(void)snprintf(token.role, sizeof(token.role), "%s", role); /* a role that is too long is no role */
	FUZZ_CHECK(!cw_access_sees_conversation(access, &token, "b_1_2", "ann"));
	/* A token that sees all conversations sees each one. */
	FUZZ_CHECK(!cw_access_sees_all(access, &token) || cw_access_sees_conversation(access, &token, "acme_1_2", NULL));
	(void)cw_access_sees_events(access, &token); /* only must not crash */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const roles[] = { "agent", "supervisor", "admin", "assigned-agent", "viewer", "a", "service" };
	char *text = fuzz_text(data, size);
	struct cw_access *access = NULL;
	struct cw_error error = { .status = CW_OK };

	if (cw_access_parse("roles.acl", text, &access, &error) == CW_OK) {
		for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
			ask_all(access, roles[i]);
		}
		cw_access_destroy(access);
	} else {
		FUZZ_CHECK(error.text[0] != '\0');
	}
	free(text);
	return 0;
}
