/* SPDX-License-Identifier: MIT */
#include "cli/broker.h"

#include "core/file.h"
#include "tests/unit/unit.h"

#define SAMPLE CW_SOURCE_DIR "/mosquitto.conf"
#define MAX_BYTES 65536

static const struct broker_values packaged = {
	.plugin = "/usr/lib/x86_64-linux-gnu/convwire/convwire_auth.so",
	.keys = "/etc/convwire/keys",
	.roles = "/etc/convwire/roles.acl",
	.state = "/var/lib/mosquitto/convwire-revocations.json",
	.address = "127.0.0.1",
	.mqtt_port = 1883,
	.ws_port = 9001,
	.user = NULL,
};

/* With UPDATE_GOLDEN=1 in the environment, the sample is rewritten; review the difference. */
static void the_sample_at_the_root_is_what_the_template_gives(void **state)
{
	struct cw_buf rendered;
	struct cw_buf sample;
	struct cw_error error;
	const char *update = getenv("UPDATE_GOLDEN");

	(void)state;
	cw_buf_init(&rendered, MAX_BYTES);
	cw_buf_init(&sample, MAX_BYTES);
	assert_int_equal(broker_render(&packaged, &rendered), CW_OK);
	if (update && strcmp(update, "1") == 0) {
		assert_ok(cw_file_write(SAMPLE, rendered.data, rendered.len, 0644, &error), error);
	}
	assert_ok(cw_file_read(SAMPLE, &sample, &error), error);
	assert_string_equal(sample.data, rendered.data);
	cw_buf_finish(&rendered);
	cw_buf_finish(&sample);
}

static void no_placeholder_is_left_and_the_broker_runs_as_its_starter(void **state)
{
	struct cw_buf rendered;

	(void)state;
	cw_buf_init(&rendered, MAX_BYTES);
	assert_int_equal(broker_render(&packaged, &rendered), CW_OK);
	assert_null(strchr(rendered.data, '@'));
	assert_null(strstr(rendered.data, "\nuser "));
	assert_contains(rendered.data, "\nallow_anonymous false\n");
	assert_contains(rendered.data, "\nper_listener_settings false\n");
	assert_contains(rendered.data, "\nlistener 1883 127.0.0.1\n");
	assert_contains(rendered.data, "\nlistener 9001 127.0.0.1\n");
	cw_buf_finish(&rendered);
}

static void as_root_the_broker_stays_root_to_read_its_keys(void **state)
{
	struct broker_values values = packaged;
	struct cw_buf rendered;

	(void)state;
	values.user = "root";
	cw_buf_init(&rendered, MAX_BYTES);
	assert_int_equal(broker_render(&values, &rendered), CW_OK);
	assert_contains(rendered.data, "\nuser root\n");
	cw_buf_finish(&rendered);
}

static void a_small_buffer_is_told_apart(void **state)
{
	struct cw_buf rendered;

	(void)state;
	cw_buf_init(&rendered, 100);
	assert_int_equal(broker_render(&packaged, &rendered), CW_TOO_LARGE);
	cw_buf_finish(&rendered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_at_the_root_is_what_the_template_gives),
		cmocka_unit_test(no_placeholder_is_left_and_the_broker_runs_as_its_starter),
		cmocka_unit_test(as_root_the_broker_stays_root_to_read_its_keys),
		cmocka_unit_test(a_small_buffer_is_told_apart),
	};

	return cmocka_run_group_tests_name("broker_conf", tests, NULL, NULL);
}
