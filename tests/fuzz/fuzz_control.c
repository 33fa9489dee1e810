/* SPDX-License-Identifier: MIT */
/*
 * `c` and a payload: an administrator's request. `t` and payloads, one per line: the publisher's messages. Both go to
 * one policy, which is created once. Every request must be answered, every bad table reported, and the session counts
 * must stay correct.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "auth-plugin/control.h"
#include "auth-plugin/tables.h"
#include "core/file.h"
#include "core/text.h"
#include "fuzz.h"

#define NOW_S 1800000000

static int n_answers, n_failures;

static void on_kick(const char *client_id, bool with_will)
{
	(void)client_id;
	(void)with_will;
}

static void on_tell(const char *client_id, const char *topic, const char *payload, size_t len, int qos)
{
	json_t *json = json_loadb(payload, len, JSON_REJECT_DUPLICATES, NULL);

	FUZZ_CHECK(json && qos == 1);
	if (strcmp(topic, CW_TOPIC_CONTROL_RESPONSE) == 0) {
		FUZZ_CHECK(client_id && strcmp(client_id, "_system:ops:1") == 0);
		FUZZ_CHECK(json_is_array(json_object_get(json, "responses")));
		n_answers++;
	}
	json_decref(json);
}

static void on_log(bool is_error, const char *line)
{
	FUZZ_CHECK(strlen(line) < 1000);
	n_failures += is_error;
}

static void put(const char *dir, const char *name, const char *text)
{
	struct cw_error error;
	char path[128];

	FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/%s", dir, name));
	FUZZ_CHECK(cw_file_write(path, text, strlen(text), 0600, &error) == CW_OK);
}

static void remove_all(const char *dir)
{
	static const char *const names[] = { "shared/k.secret", "shared/k.conf", "shared/tag.key", "shared", "roles.acl" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FUZZ_CHECK(cw_text_format(path, sizeof(path), "%s/%s", dir, names[i]));
		(void)remove(path); /* a leftover is not a failure */
	}
	(void)rmdir(dir); /* a leftover is not a failure */
}

/* The files are removed afterwards, so `reload` always fails and leaves the rules in force. */
static void make_policy(struct policy *policy)
{
	static const struct broker broker = { on_kick, on_tell, on_log };
	char dir[] = "/tmp/fuzz-control-XXXXXX";
	char path[128], roles[128];
	char empty[] = "", deny[] = "deny";
	struct cw_error error = { .text = "" };

	FUZZ_CHECK(mkdtemp(dir) && cw_text_format(path, sizeof(path), "%s/shared", dir) && mkdir(path, 0700) == 0);
	put(dir, "shared/k.secret", "a secret of sixteen bytes or more");
	put(dir, "shared/k.conf", "algorithm = HS256\naccounts = *\n");
	put(dir, "shared/tag.key", "a key for tags");
	put(dir, "roles.acl", cw_access_shipped_roles);
	FUZZ_CHECK(cw_text_format(roles, sizeof(roles), "%s/roles.acl", dir));
	struct policy_options options = { .keys = dir, .roles = roles, .state = empty, .foreign = deny };

	if (policy_init(policy, &options, &broker, &error) != CW_OK) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	remove_all(dir);
	/* The options' strings go out of scope with this function. */
	policy->options.keys = policy->options.roles = policy->options.state = policy->options.foreign = "";
}

static struct session *admit(struct policy *policy, uintptr_t client, const char *client_id, const char *account,
			     const char *subject)
{
	struct cw_token token = { .role = "assigned-agent", .kid = "k", .issued_at_s = NOW_S, .expires_at_s = NOW_S + 3600 };

	FUZZ_CHECK(cw_text_copy(token.account, sizeof(token.account), account));
	FUZZ_CHECK(cw_text_copy(token.subject, sizeof(token.subject), subject));
	struct session *session = sessions_admit(&policy->sessions, (const void *)client, client_id, "192.0.2.1",
						 &token, NOW_S);

	FUZZ_CHECK(session);
	return session;
}

/* Admits the same clients for every input, whatever the last input did to them. */
static struct session *admit_all(struct policy *policy)
{
	(void)admit(policy, 0x1000, "acme:bob:1", "acme", "bob");
	(void)admit(policy, 0x2000, "acme:eve:1", "acme", "eve");
	return admit(policy, 0x3000, "_system:ops:1", CW_SYSTEM_ACCOUNT, "ops");
}

static void check_policy(struct policy *policy)
{
	const struct policy_check check = { .action = CW_ACCESS_READ, .topic = "acct/other/events" };
	const struct glance *glance = sessions_glance(&policy->sessions, (const void *)0x1000);

	FUZZ_CHECK(policy->sessions.n_live == 3);
	FUZZ_CHECK(glance && policy_check(policy, glance, &check, NOW_S, NULL) != POLICY_ALLOWED);
	FUZZ_CHECK(assignments_count(policy->assignments) == 0 || policy->knows_revocations);
}

/* Payloads are separated by newlines. */
static void take_tables(struct policy *policy, char *text)
{
	struct tables tables = { .load = NULL };

	for (char *line = text, *next; *line; line = next) {
		next = fuzz_cut(line);
		tables_take(&tables, policy, line, strlen(line), NOW_S);
	}
	tables_finish(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	static bool is_made;
	struct audit audit = { .next_say_ms = 0 };

	if (!is_made) {
		make_policy(&policy);
		is_made = true;
	}
	if (size == 0) {
		return 0;
	}
	struct session *ops = admit_all(&policy);
	char *text = fuzz_text(data + 1, size - 1);

	n_answers = 0;
	if (data[0] == 'c') {
		control_take(&policy, &audit, ops, text, size - 1, NOW_S);
		FUZZ_CHECK(n_answers == 1);
	} else {
		take_tables(&policy, text);
	}
	check_policy(&policy);
	/* Rules from one input must not affect the next. */
	cw_revocations_destroy(policy.revocations);
	policy.revocations = cw_revocations_create();
	assignments_destroy(policy.retired);
	policy.retired = NULL;
	free(text);
	return 0;
}
