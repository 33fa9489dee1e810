/* SPDX-License-Identifier: MIT */
/* POST …/messages: checks a message against Meta's rules, records it in the ledger, and reports it with statuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/graph_private.h"
#include "sim/validate.h"

#define PAIR_US 6000000
#define ONE_DAY_MS (24 * 60 * 60 * 1000LL)

static bool is_for_group(const json_t *body)
{
	const char *kind = json_string_value(json_object_get(body, "recipient_type"));

	return kind && strcmp(kind, "group") == 0;
}

/* The recipient. A phone number is written as WhatsApp does: digits only. */
static void wa_id_of(const json_t *body, char out[200])
{
	const char *to = json_string_value(json_object_get(body, "to"));
	const char *recipient = json_string_value(json_object_get(body, "recipient"));
	bool is_phone = to && !is_for_group(body);
	size_t len = 0;

	for (const char *c = to ? to : recipient; *c && len < 199; c++) {
		if (!is_phone || strchr("0123456789", *c)) {
			out[len++] = *c;
		}
	}
	out[len] = '\0';
}

static json_t *make_status(const char *word, const json_t *entry, int64_t at_ms, int error)
{
	json_t *status = json_pack("{s:s, s:s, s:o, s:s, s:O*}", "id", json_string_value(json_object_get(entry, "wamid")),
				   "status", word, "timestamp", json_sprintf("%lld", (long long)(at_ms / 1000)),
				   "recipient_id", json_string_value(json_object_get(entry, "to")),
				   "biz_opaque_callback_data", json_object_get(entry, "mark"));

	if (status && is_for_group(json_object_get(entry, "body"))) {
		(void)json_object_set_new(status, "recipient_type", json_string("group"));
	}
	if (status && error) {
		(void)json_object_set_new(status, "errors",
					  json_pack("[{s:i, s:s, s:s, s:{s:s}}]", "code", error, "title",
						    error == 131047 ? "Re-engagement message" : "Message undeliverable",
						    "message",
						    error == 131047 ? "Re-engagement message" : "Message undeliverable",
						    "error_data", "details", "as configured in the simulator"));
	}
	return status;
}

/* The lock must be held. */
static void send_status(struct sim *sim, const json_t *entry, const char *word, int error, int64_t delay_ms)
{
	const char *number = json_string_value(json_object_get(entry, "number"));
	json_t *status = make_status(word, entry, sim_now_ms() + delay_ms, error);

	post_value(sim->post, "messages", people_value(sim, number, "statuses", status, NULL, NULL), delay_ms);
}

static int64_t setting(const struct sim *sim, const char *name)
{
	return json_integer_value(json_object_get(sim->world.statuses, name));
}

/* Sends all statuses in one webhook. The lock must be held. */
static void send_batch(struct sim *sim, const json_t *entry, const json_t *words)
{
	const char *number = json_string_value(json_object_get(entry, "number"));
	json_t *value = people_value(sim, number, "statuses", json_null(), NULL, NULL);
	json_t *list = json_object_get(value, "statuses");
	size_t index;
	json_t *word;

	(void)json_array_clear(list);
	json_array_foreach(words, index, word)
	{
		(void)json_array_append_new(list, make_status(json_string_value(word), entry, sim_now_ms(), 0));
	}
	post_value(sim->post, "messages", value, setting(sim, "delay_ms"));
}

/* Sends sent, delivered and read, or what `statuses` says. The lock must be held. */
static void send_statuses(struct sim *sim, const json_t *entry)
{
	const json_t *words = json_object_get(sim->world.statuses, "words");
	bool is_shuffled = json_is_true(json_object_get(sim->world.statuses, "shuffle"));
	bool is_double = json_is_true(json_object_get(sim->world.statuses, "double"));
	int error = (int)setting(sim, "fail");
	int64_t n = (int64_t)json_array_size(words);
	size_t index;
	json_t *word;

	if (error) {
		send_status(sim, entry, "failed", error, setting(sim, "delay_ms"));
		return;
	}
	if (json_is_true(json_object_get(sim->world.statuses, "batch"))) {
		send_batch(sim, entry, words);
		return;
	}
	json_array_foreach(words, index, word)
	{
		int64_t turn = is_shuffled ? n - (int64_t)index : (int64_t)index + 1;

		for (int i = 0; i < (is_double ? 2 : 1); i++) {
			send_status(sim, entry, json_string_value(word), 0, turn * setting(sim, "delay_ms"));
		}
	}
	if (!is_for_group(json_object_get(entry, "body"))) {
		people_answer(sim, entry, (n + 1) * setting(sim, "delay_ms"));
	}
}

/* Only a template needs no open window. */
static bool is_template(const json_t *body)
{
	return strcmp(json_string_value(json_object_get(body, "type")), "template") == 0;
}

/* Adds the message to the ledger. A new reference; NULL when out of memory. The lock must be held. */
static json_t *take(struct sim *sim, const char *number, const json_t *body)
{
	char to[200];
	char *wamid = sim_new_wamid();

	wa_id_of(body, to);
	int64_t now_us = sim_now_us();
	json_t *entry = json_pack("{s:s, s:s, s:s, s:O, s:O*, s:s, s:I, s:I}", "number", number, "to", to, "type",
				  json_string_value(json_object_get(body, "type")), "body", body, "mark",
				  json_object_get(body, "biz_opaque_callback_data"), "wamid", wamid ? wamid : "", "at",
				  (json_int_t)(now_us / 1000), "at_us", (json_int_t)now_us);

	free(wamid);
	if (!entry || json_array_append(sim->world.ledger, entry) != 0) {
		json_decref(entry);
		return NULL;
	}
	if (!is_template(body) && world_last_written(&sim->world, number, to) + ONE_DAY_MS < sim_now_ms()) {
		(void)json_object_set_new(entry, "undelivered", json_integer(131047));
		send_status(sim, entry, "failed", 131047, 5);
	} else {
		send_statuses(sim, entry);
	}
	return entry;
}

static json_t *make_answer(const json_t *entry)
{
	const json_t *body = json_object_get(entry, "body");
	const json_t *to = json_object_get(body, "to");
	const char *wa_id = json_string_value(json_object_get(entry, "to"));

	return json_pack("{s:s, s:[{s:O*, s:s}], s:[{s:O}]}", "messaging_product", "whatsapp", "contacts", "input",
			 to ? to : json_object_get(body, "recipient"), to ? "wa_id" : "user_id", wa_id, "messages",
			 "id", json_object_get(entry, "wamid"));
}

/* Checks the rate limits of the number and the customer; 0: not exceeded. The lock must be held. */
static int limit_of(struct sim *sim, const char *number, const json_t *body)
{
	char to[200];
	char pair[300];

	wa_id_of(body, to);
	(void)snprintf(pair, sizeof(pair), "%s/%s", number, to);
	if (!world_take(&sim->world, number, sim->world.rate, 1000000 / sim->world.rate)) {
		return 130429;
	}
	return world_take(&sim->world, pair, sim->world.pair, PAIR_US) ? 0 : 131056;
}

/* Checks for templates that do not exist and files that were not uploaded. The lock must be held. */
static int missing_thing(struct sim *sim, const json_t *body)
{
	const char *type = json_string_value(json_object_get(body, "type"));
	const json_t *value = json_object_get(body, type);
	const char *file = json_string_value(json_object_get(value, "id"));
	const char *name = json_string_value(json_object_get(value, "name"));
	bool has_template = json_array_size(sim->world.templates) == 0;
	size_t index;
	json_t *template;

	if (file && !json_object_get(sim->world.files, file)) {
		return 131009;
	}
	json_array_foreach(sim->world.templates, index, template)
	{
		const char *known = json_string_value(json_object_get(template, "name"));

		has_template = has_template || (name && known && strcmp(known, name) == 0);
	}
	return is_template(body) && !has_template ? 132001 : 0;
}

static void take_message(struct sim *sim, struct cw_http_request *request, const json_t *body, const json_t *rule)
{
	const char *number = cw_http_level(request, 1);
	json_t *answer = NULL;

	world_lock(&sim->world);
	int error = missing_thing(sim, body);

	error = error ? error : limit_of(sim, number, body);
	json_t *entry = error ? NULL : take(sim, number, body);

	answer = entry ? make_answer(entry) : NULL;
	json_decref(entry);
	world_unlock(&sim->world);
	if (error) {
		graph_answer_error(request, error, NULL);
	} else {
		graph_give(sim, request, rule, answer);
	}
}

/* {"status":"read"}: read marks, and typing indicators. */
static void take_call(struct sim *sim, struct cw_http_request *request, const json_t *body)
{
	const json_t *id = json_object_get(body, "message_id");

	if (!json_is_string(id)) {
		graph_answer_error(request, 131008, "Parameter message_id is required");
		return;
	}
	world_lock(&sim->world);
	(void)json_array_append_new(sim->world.calls,
				    json_pack("{s:O, s:O, s:b}", "status", json_object_get(body, "status"), "message_id",
					      id, "typing", json_object_get(body, "typing_indicator") != NULL));
	world_unlock(&sim->world);
	cw_http_answer_json(request, 200, json_pack("{s:b}", "success", 1));
}

void graph_messages(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	char details[VALIDATE_DETAILS];
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *body = NULL;

	world_lock(&sim->world);
	sim->world.n_requests++;
	world_unlock(&sim->world);
	if (!graph_may_pass(sim, request, true)) {
		return;
	}
	body = json_loadb(bytes, len, 0, NULL);
	if (json_object_get(body, "status")) {
		take_call(sim, request, body);
		json_decref(body);
		return;
	}
	json_t *rule = graph_next_rule(sim, "message");
	int error = graph_misbehave_first(request, rule) ? -1 : validate_message(body, details);

	if (error > 0) {
		graph_answer_error(request, error, details);
	} else if (error == 0) {
		take_message(sim, request, body, rule);
	}
	json_decref(rule);
	json_decref(body);
}
