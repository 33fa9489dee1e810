/* SPDX-License-Identifier: MIT */
#include "mqtt/mqtt.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include <MQTTAsync.h>
#include <openssl/rand.h>

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

/* ---- the end of the process ---- */

static struct {
	pthread_t thread;
	sem_t has_drawn, may_end;
} late;

static void *draw(void *unused)
{
	unsigned char bytes[4];

	(void)unused;
	assert_int_equal(RAND_bytes(bytes, sizeof(bytes)), 1); /* as Paho masks WebSocket frames: OpenSSL now has
								  something of this thread */
	(void)sem_post(&late.has_drawn);
	(void)sem_wait(&late.may_end);
	return NULL;
}

/* Registered before OpenSSL can be, so it runs after OpenSSL's own handler. */
static void end_thread(void)
{
	(void)sem_post(&late.may_end);
	(void)pthread_join(late.thread, NULL);
}

/* Paho's threads are detached, and may end while the process does. AddressSanitizer sees what they then leave. */
static void a_thread_may_end_after_main(void **state)
{
	(void)state;
	assert_int_equal(pthread_create(&late.thread, NULL, draw, NULL), 0);
	(void)sem_wait(&late.has_drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(paho_keeps_no_trace),
					    cmocka_unit_test(a_thread_may_end_after_main) };

	(void)sem_init(&late.has_drawn, 0, 0);
	(void)sem_init(&late.may_end, 0, 0);
	(void)atexit(end_thread);
	cw_mqtt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
