/* SPDX-License-Identifier: MIT */
#include "bridge/commands.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/topic.h"
#include "mqtt/mqtt.h"

#define FILTER "acct/+/conv/+/cmd/+"
#define CLIENT_ID CW_SYSTEM_ACCOUNT ":bridge:1"
#define WINDOW 100
#define SUBSCRIBE_MS 5000
#define MIN_BACKOFF_MS 100
#define MAX_BACKOFF_MS 5000
#define IDLE_MS 5000
/* A token is valid for a day; the connection is renewed after two thirds of that. */
#define RENEW_AFTER_MS (16 * 60 * 60 * 1000LL)
/* Beyond this, commands are dropped: their senders repeat them. */
#define MAX_WAITING_BYTES (16 * 1024 * 1024)
#define MAX_CORRELATION 1024

/* A command, from its arrival until its answer has been given to the broker. */
struct job {
	struct commands *commands;
	struct cw_topic topic;
	char *payload;
	size_t len;
	void *correlation; /* NULL: none */
	size_t correlation_len;
	struct cw_command command;
	struct cw_store_op op;
	char *answer;
	struct job *next;
};

struct queue {
	struct job *first, *last;
};

struct commands {
	const struct bridge_options *options;
	struct cw_store *store;
	struct cw_mqtt *mqtt;
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t lock; /* guards the members below */
	pthread_cond_t changed;
	bool is_stopping, has_connected, has_lost;
	bool is_stuck; /* Paho refused an answer because its window is full; cleared by a PUBACK, or after IDLE_MS */
	char lost_reason[160];
	struct queue arrived, answered;
	size_t waiting_bytes; /* of arrived */
	int64_t n_commands, n_refused, n_dropped;

	atomic_bool is_listening; /* connected and subscribed; set by the thread, others may read it */

	/* The thread's own. */
	int64_t retry_at_ms, backoff_ms, connected_at_ms;
};

static void *run(void *context);

/* ---- jobs ---- */

static void put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	if (queue->last) {
		queue->last->next = job;
	} else {
		queue->first = job;
	}
	queue->last = job;
}

static struct job *take(struct queue *queue)
{
	struct job *job = queue->first;

	if (job) {
		queue->first = job->next;
		queue->last = queue->first ? queue->last : NULL;
	}
	return job;
}

static void job_destroy(struct job *job)
{
	if (job) {
		cw_command_finish(&job->command);
		free(job->payload);
		free(job->correlation);
		free(job->answer);
		free(job);
	}
}

static void clear(struct queue *queue)
{
	struct job *job = NULL;

	while ((job = take(queue))) {
		job_destroy(job);
	}
}

static void *copy_bytes(const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, bytes, len);
		copy[len] = '\0';
	}
	return copy;
}

/* NULL: not a command, or out of memory. */
static struct job *make_job(struct commands *commands, const struct cw_mqtt_message *message)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job || cw_topic_parse(message->topic, &job->topic) != CW_OK || job->topic.kind != CW_TOPIC_COMMAND) {
		free(job);
		return NULL;
	}
	job->commands = commands;
	job->len = message->len;
	job->payload = copy_bytes(message->payload, message->len);
	if (message->correlation && message->correlation_len <= MAX_CORRELATION) {
		job->correlation = copy_bytes(message->correlation, message->correlation_len);
		job->correlation_len = job->correlation ? message->correlation_len : 0;
	}
	if (!job->payload) {
		job_destroy(job);
		return NULL;
	}
	return job;
}

/* ---- Paho's threads ---- */

static void on_message(void *context, const struct cw_mqtt_message *message)
{
	struct commands *commands = context;
	/* A retained command is nobody's current wish. The default ACL denies it, but an administrator's file might not. */
	struct job *job = message->retain ? NULL : make_job(commands, message);

	(void)pthread_mutex_lock(&commands->lock);
	if (job && commands->waiting_bytes + job->len <= MAX_WAITING_BYTES) {
		commands->waiting_bytes += job->len;
		put(&commands->arrived, job);
		job = NULL;
	} else {
		commands->n_dropped++;
	}
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
	job_destroy(job);
}

static void on_connected(void *context)
{
	struct commands *commands = context;

	(void)pthread_mutex_lock(&commands->lock);
	commands->has_connected = true;
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
}

static void on_lost(void *context, const char *reason)
{
	struct commands *commands = context;

	(void)pthread_mutex_lock(&commands->lock);
	commands->has_lost = true;
	commands->has_connected = false;
	commands->lost_reason[0] = '\0';
	strncat(commands->lost_reason, reason, sizeof(commands->lost_reason) - 1);
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
}

static void on_published(void *context, int64_t id, bool is_taken)
{
	struct commands *commands = context;

	(void)id;
	(void)is_taken; /* refused: an agent who may not read replies asks over HTTP */
	(void)pthread_mutex_lock(&commands->lock);
	commands->is_stuck = false;
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
}

/* ---- lifetime ---- */

enum cw_status commands_create(const struct bridge_options *options, struct commands **ret_commands,
			       struct cw_error *reterr)
{
	struct commands *commands = calloc(1, sizeof(*commands));
	pthread_condattr_t monotonic;

	if (!commands) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	commands->options = options;
	commands->backoff_ms = MIN_BACKOFF_MS;
	(void)pthread_condattr_init(&monotonic); /* glibc's cannot fail, nor can the three below */
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&commands->lock, NULL);
	(void)pthread_cond_init(&commands->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	const struct cw_mqtt_options mqtt_options = { .uri = options->broker_uri,
						      .client_id = CLIENT_ID,
						      .window = WINDOW,
						      .context = commands,
						      .on_connected = on_connected,
						      .on_lost = on_lost,
						      .on_published = on_published,
						      .on_message = on_message };
	enum cw_status status = cw_mqtt_create(&mqtt_options, &commands->mqtt, reterr);

	if (status != CW_OK) {
		commands_destroy(commands);
		return status;
	}
	*ret_commands = commands;
	return CW_OK;
}

enum cw_status commands_start(struct commands *commands, struct cw_store *store, struct cw_error *reterr)
{
	commands->store = store;
	if (pthread_create(&commands->thread, NULL, run, commands) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "cannot start the thread for commands");
	}
	commands->has_thread = true;
	return CW_OK;
}

void commands_stop(struct commands *commands)
{
	if (!commands || !commands->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&commands->lock);
	commands->is_stopping = true;
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
	(void)pthread_join(commands->thread, NULL);
	commands->has_thread = false;
}

void commands_destroy(struct commands *commands)
{
	if (!commands) {
		return;
	}
	commands_stop(commands);
	cw_mqtt_destroy(commands->mqtt);
	clear(&commands->arrived);
	clear(&commands->answered);
	(void)pthread_mutex_destroy(&commands->lock);
	(void)pthread_cond_destroy(&commands->changed);
	free(commands);
}

void commands_stats(struct commands *commands, struct bridge_stats *stats)
{
	(void)pthread_mutex_lock(&commands->lock);
	stats->is_connected = commands->is_listening;
	stats->commands = commands->n_commands;
	stats->refused_commands = commands->n_refused;
	stats->dropped_commands = commands->n_dropped;
	(void)pthread_mutex_unlock(&commands->lock);
}

/* ---- commands ---- */

/* Takes ownership of the job. */
static void answer(struct job *job, char *text, bool is_refused)
{
	struct commands *commands = job->commands;

	job->answer = text;
	(void)pthread_mutex_lock(&commands->lock);
	commands->n_commands++;
	commands->n_refused += is_refused;
	put(&commands->answered, job);
	(void)pthread_cond_signal(&commands->changed);
	(void)pthread_mutex_unlock(&commands->lock);
}

static void refuse(struct job *job, const struct cw_problem *problem)
{
	answer(job, cw_command_refusal(job->command.id, problem), true);
}

static void refuse_busy(struct job *job, enum cw_status status)
{
	struct cw_problem problem;

	cw_command_busy(status, &problem);
	refuse(job, &problem);
}

/* The writer's thread. */
static void on_done(struct cw_store_op *op)
{
	struct job *job = op->context;
	char *text = op->command.answer;

	op->command.answer = NULL;
	if (op->status == CW_OK) {
		answer(job, text, op->command.http_status >= 400);
	} else {
		free(text);
		refuse_busy(job, op->status);
	}
}

static void do_command(struct commands *commands, struct job *job)
{
	struct cw_problem problem;

	if (!cw_command_parse(job->payload, job->len, &job->command, &problem)) {
		refuse(job, &problem);
		return;
	}
	job->op = (struct cw_store_op){ .type = CW_STORE_COMMAND,
					.on_done = on_done,
					.context = job,
					.bytes = job->len,
					.command = { .account = job->topic.account,
						     .subject = job->topic.subject,
						     .conversation = job->topic.conversation,
						     .command = &job->command } };
	enum cw_status status = cw_store_submit(commands->store, &job->op);

	if (status != CW_OK) {
		refuse_busy(job, status);
	}
}

static void do_commands(struct commands *commands)
{
	struct job *job = NULL;

	do {
		(void)pthread_mutex_lock(&commands->lock);
		job = take(&commands->arrived);
		commands->waiting_bytes -= job ? job->len : 0;
		(void)pthread_mutex_unlock(&commands->lock);
		if (job) {
			do_command(commands, job);
		}
	} while (job);
}

/* ---- answers ---- */

/* Returns whether the job is done: without a connection, or out of memory, its sender asks again. */
static bool publish_answer(struct commands *commands, const struct job *job)
{
	struct cw_topic topic = { .kind = CW_TOPIC_REPLY };
	char text[CW_TOPIC_MAX + 1];
	const struct cw_mqtt_message message = { .topic = text,
						 .payload = job->answer,
						 .len = job->answer ? strlen(job->answer) : 0,
						 .correlation = job->correlation,
						 .correlation_len = job->correlation_len };

	memcpy(topic.account, job->topic.account, sizeof(topic.account));
	memcpy(topic.subject, job->topic.subject, sizeof(topic.subject));
	return !commands->is_listening || !job->answer || cw_topic_make(&topic, text) != CW_OK ||
	       cw_mqtt_send(commands->mqtt, &message, 0) == CW_OK;
}

static void publish_answers(struct commands *commands)
{
	bool goes_on = true;

	while (goes_on) {
		(void)pthread_mutex_lock(&commands->lock);
		struct job *job = commands->is_stuck ? NULL : commands->answered.first;

		/* Set before Paho refuses, not after: otherwise a PUBACK in between would be lost. */
		commands->is_stuck = commands->is_stuck || job;
		(void)pthread_mutex_unlock(&commands->lock);
		goes_on = job && publish_answer(commands, job);
		if (goes_on) {
			(void)pthread_mutex_lock(&commands->lock);
			(void)take(&commands->answered); /* only this thread removes jobs */
			commands->is_stuck = false;
			(void)pthread_mutex_unlock(&commands->lock);
			job_destroy(job);
		}
	}
}

/* ---- the connection ---- */

static void plan_retry(struct commands *commands)
{
	commands->retry_at_ms = cw_clock_monotonic_ms() + commands->backoff_ms;
	commands->backoff_ms = commands->backoff_ms * 2 > MAX_BACKOFF_MS ? MAX_BACKOFF_MS : commands->backoff_ms * 2;
}

static void try_connect(struct commands *commands)
{
	struct cw_error error;
	char *token = commands->options->mint_token(commands->options->context);

	plan_retry(commands);
	if (token && cw_mqtt_connect(commands->mqtt, token, &error) != CW_OK && error.status != CW_BUSY) {
		cw_log_warn("commands: %s, retrying", error.text);
	}
	free(token);
}

static void after_connect(struct commands *commands)
{
	struct cw_error error;

	if (cw_mqtt_subscribe(commands->mqtt, FILTER, SUBSCRIBE_MS, &error) != CW_OK) {
		cw_log_error("commands: %s, retrying", error.text);
		cw_mqtt_disconnect(commands->mqtt);
		return;
	}
	commands->backoff_ms = MIN_BACKOFF_MS;
	commands->connected_at_ms = cw_clock_monotonic_ms();
	commands->is_listening = true;
	cw_log_info("commands: listening");
}

static void look_at_connection(struct commands *commands)
{
	char reason[160];

	(void)pthread_mutex_lock(&commands->lock);
	bool has_lost = commands->has_lost;
	bool has_connected = commands->has_connected;

	commands->has_lost = commands->has_connected = false;
	memcpy(reason, commands->lost_reason, sizeof(reason));
	(void)pthread_mutex_unlock(&commands->lock);
	if (has_lost) {
		(void)pthread_mutex_lock(&commands->lock);
		commands->is_stuck = false;
		(void)pthread_mutex_unlock(&commands->lock);
		if (commands->is_listening || commands->backoff_ms >= MAX_BACKOFF_MS) {
			cw_log_warn("commands: %s, retrying", reason);
		}
		commands->is_listening = false;
	}
	if (has_connected) {
		after_connect(commands);
	}
	if (!commands->is_listening && cw_clock_monotonic_ms() >= commands->retry_at_ms) {
		try_connect(commands);
	}
	if (commands->is_listening && cw_clock_monotonic_ms() - commands->connected_at_ms > RENEW_AFTER_MS) {
		commands->connected_at_ms = cw_clock_monotonic_ms();
		cw_mqtt_disconnect(commands->mqtt);
	}
}

/* ---- the loop ---- */

/* Returns whether to continue. */
static bool wait_for_change(struct commands *commands)
{
	struct timespec until;
	int64_t wait_ms = commands->is_listening ? IDLE_MS : commands->retry_at_ms - cw_clock_monotonic_ms();

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail for this clock */
	wait_ms = wait_ms < 1 ? 1 : wait_ms;
	until.tv_sec += (until.tv_nsec / 1000000 + wait_ms) / 1000;
	until.tv_nsec = (until.tv_nsec / 1000000 + wait_ms) % 1000 * 1000000;
	(void)pthread_mutex_lock(&commands->lock);
	if (!commands->has_lost && !commands->has_connected && !commands->is_stopping && !commands->arrived.first &&
	    !(commands->answered.first && !commands->is_stuck)) {
		int code = pthread_cond_timedwait(&commands->changed, &commands->lock, &until);

		commands->is_stuck = commands->is_stuck && code != ETIMEDOUT;
	}
	bool goes_on = !commands->is_stopping;

	(void)pthread_mutex_unlock(&commands->lock);
	return goes_on;
}

static void *run(void *context)
{
	struct commands *commands = context;

	do {
		look_at_connection(commands);
		do_commands(commands);
		publish_answers(commands);
	} while (wait_for_change(commands));
	publish_answers(commands);
	cw_mqtt_disconnect(commands->mqtt);
	return NULL;
}
