/* SPDX-License-Identifier: MIT */
#include "mqtt/mqtt.h"

#include <MQTTAsync.h>

#include "tests/unit/unit.h"

static int n_traces;

static void on_trace(enum MQTTASYNC_TRACE_LEVELS level, char *text)
{
	(void)level;
	(void)text;
	n_traces++;
}

static void ignore_connected(void *context)
{
	(void)context;
}

static void ignore_lost(void *context, const char *reason)
{
	(void)context;
	(void)reason;
}

/* Paho frees its trace while its thread may write to it; see mqtt.c. */
static void paho_keeps_no_trace(void **state)
{
	(void)state;
	struct cw_mqtt_options options = { .uri = "tcp://127.0.0.1:1",
					   .client_id = "unit",
					   .window = 1,
					   .on_connected = ignore_connected,
					   .on_lost = ignore_lost };
	struct cw_error error = { 0 };

	for (int i = 0; i < 2; i++) { /* the level survives Paho's own end, with the last client */
		struct cw_mqtt *mqtt = NULL;

		assert_ok(cw_mqtt_create(&options, &mqtt, &error), error);
		MQTTAsync_setTraceCallback(on_trace);
		cw_mqtt_destroy(mqtt);
		MQTTAsync_setTraceCallback(NULL);
	}
	assert_int_equal(n_traces, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(paho_keeps_no_trace) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
