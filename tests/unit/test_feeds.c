/* SPDX-License-Identifier: MIT */
#include "ingest/feeds.h"

#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

/* The last publish. */
static char said[2000];

enum cw_status __wrap_cw_mqtt_publish(struct cw_mqtt *mqtt, const char *topic, const void *payload, size_t len,
				      bool is_retained, int64_t id);

enum cw_status __wrap_cw_mqtt_publish(struct cw_mqtt *mqtt, const char *topic, const void *payload, size_t len,
				      bool is_retained, int64_t id)
{
	(void)mqtt;
	(void)id;
	assert_string_equal(topic, "acct/acme/agent/ann/feed");
	assert_true(is_retained);
	assert_in_range(len, 1, sizeof(said) - 1);
	memcpy(said, payload, len);
	said[len] = '\0';
	return CW_OK;
}

static bool sees(void *context, const struct cw_token *token, const char *conversation, const char *assignee)
{
	(void)context;
	return !conversation || strcmp(assignee, token->subject) == 0;
}

/* ann is limited to her assigned conversations and has called /sync. */
static struct feeds *ann_follows(struct fixture *fixture)
{
	struct feeds *feeds = feeds_create(sees, NULL);
	struct cw_token token = { .account = "acme", .subject = "ann", .role = "assigned-agent" };

	assert_non_null(feeds);
	assert_true(feeds_note_sync(feeds, &token, true, FIXTURE_NOW_MS));
	assert_ok(feeds_refresh(feeds, fixture->store, &fixture->error), fixture->error);
	return feeds;
}

static json_t *say(struct feeds *feeds)
{
	struct cw_buf payload;

	said[0] = '\0';
	cw_buf_init(&payload, 10000);
	(void)feeds_say(feeds, NULL, &payload, FIXTURE_NOW_MS);
	cw_buf_finish(&payload);
	json_t *json = json_loads(said, 0, NULL);

	assert_non_null(json);
	return json;
}

static void she_loses(struct feeds *feeds, int64_t seq)
{
	struct cw_event event = { .account = "acme", .seq = seq, .changes_assignment = true, .lost_by = "ann" };

	memcpy(event.conversation.id, CONVERSATION, sizeof(CONVERSATION));
	feeds_see(feeds, &event, true);
}

static void what_was_lost_is_told(void **state)
{
	struct feeds *feeds = ann_follows(*state);

	she_loses(feeds, 7);
	json_t *feed = say(feeds);

	assert_string_equal(json_string_value(json_array_get(json_object_get(feed, "lost"), 0)), CONVERSATION);
	assert_int_equal(json_integer_value(json_object_get(feed, "seq")), 7);
	json_decref(feed);
	feeds_destroy(feeds);
}

/* The connection broke before something was published or received: the page calls /sync. */
static void after_a_reconnect_nobody_knows_what_was_heard(void **state)
{
	struct fixture *fixture = *state;
	struct feeds *feeds = ann_follows(fixture);

	she_loses(feeds, 7);
	feeds_forget_said(feeds);
	assert_ok(feeds_refresh(feeds, fixture->store, &fixture->error), fixture->error);
	json_t *feed = say(feeds);

	assert_true(json_is_null(json_object_get(feed, "lost")));
	assert_true(json_is_null(json_object_get(feed, "gained")));
	json_decref(feed);
	feeds_destroy(feeds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(what_was_lost_is_told),
		STORE_TEST(after_a_reconnect_nobody_knows_what_was_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
