/* SPDX-License-Identifier: MIT */
/*
 * doctor: one message from a fictitious customer, end to end: webhook, store, publisher, broker, an agent over MQTT
 * and one over WebSocket, and the id that a page would compare with the broadcast one.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask_broker.h"
#include "cli/doctor.h"
#include "cli/listener.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/topic.h"

/* From the range reserved for fiction: no real customer has it. */
#define CUSTOMER "15550100199"
#define SUBJECT "convwire-doctor"
#define TOKEN_TTL_S 300
#define DELIVERY_MS 5000 /* for both doors together */

enum door { DOOR_MQTT, DOOR_WEBSOCKET, N_DOORS };
static const char *const door_names[N_DOORS] = { "MQTT", "WebSocket" };

struct road {
	struct doctor *doctor;
	char wamid[64];
	char client_ids[N_DOORS][CW_ACCOUNT_MAX + 40];
	struct listener *listeners[N_DOORS]; /* NULL: not connected */
	int64_t posted_us;
	int64_t give_up_ms;            /* monotonic */
	int64_t delivered_us[N_DOORS]; /* 0: never */
	char *broadcast[N_DOORS];      /* the topic's last level */
	char *claimed;                 /* the event's own conversation */
	char *resolved;                /* what /api/v1/resolve says */
	char *token;
	bool has_failed;
};

/* ---- the agent at both doors ---- */

struct explanation {
	bool is_known, is_allowed;
	char reason[600]; /* with the rule's line; else why the broker could not be asked */
};

/* Asks the plugin whether the agent may, and why (not). */
static void explain(const struct road *road, enum door door, const char *topic, const char *access,
		    struct explanation *ret_explanation)
{
	struct cw_error error;
	json_t *data = NULL;
	json_t *command = json_pack("{s:s, s:s, s:s, s:s}", "command", "explain", "clientid", road->client_ids[door],
				    "topic", topic, "access", access);
	bool is_known = cli_ask_broker(road->doctor->dir, command, &data, &error) == CW_OK;
	const char *line = is_known ? cli_text(data, "line") : NULL;

	ret_explanation->is_known = is_known;
	ret_explanation->is_allowed = is_known && json_is_true(json_object_get(data, "allowed"));
	(void)snprintf(ret_explanation->reason, sizeof(ret_explanation->reason), "%s%s%s%s",
		       is_known ? cli_text(data, "reason") : error.text, line ? " (" : "", line ? line : "",
		       line ? ")" : ""); /* a truncated reason still helps */
	json_decref(command);
	json_decref(data);
}

static void tell_denied(struct road *road, enum door door, const char *filter)
{
	struct doctor *doctor = road->doctor;
	struct explanation explanation;

	explain(road, door, filter, "subscribe", &explanation);
	doctor_fail(doctor, "subscribed", "role \"%s\" may not subscribe to %s: %s", doctor->options->role, filter,
		    explanation.reason);
	doctor_next(doctor,
		    "add `pattern read  acct/%%a/conv/+` to role %s in %s/roles.acl, then convwire acl check --dir %s; SIGHUP "
		    "the broker and the daemon",
		    doctor->options->role, doctor->dir, doctor->dir);
	road->has_failed = true;
}

static bool door_uri(const struct doctor *doctor, enum door door, char *out, size_t size)
{
	struct cw_broker_place place = settings_broker_place(&doctor->settings);

	if (door == DOOR_MQTT) {
		return cw_broker_place_uri(&place, out, size);
	}
	place.public_url = ""; /* doctor_public.c examines that one */
	return place.uri[0] == '\0' && cw_broker_place_ws_url(&place, NULL, out, size);
}

/* Clients that leave their id to the broker, as `convwire watch` does. */
static bool admits_nameless(struct road *road, enum door door, const char *uri)
{
	const struct listener_options options = {
		.uri = uri, .token = road->token, .client_id = "", .ca_file = road->doctor->options->ca_file
	};
	struct listener *listener = NULL;
	struct cw_error error;
	enum cw_status status = listener_open(&options, &listener, &error);

	listener_close(listener);
	if (status == CW_DENIED) {
		doctor_fail(road->doctor, "connected",
			    "over %s, the broker refuses clients that have no id of their own: %s", door_names[door],
			    error.text);
		doctor_next(road->doctor,
			    "restart mosquitto: it forgets auto_id_prefix at a reload; then put `auto_id_prefix "
			    "auto-` into its configuration");
		road->has_failed = true;
	}
	return status != CW_DENIED;
}

static void open_door(struct road *road, enum door door)
{
	struct doctor *doctor = road->doctor;
	char uri[300];
	char filter[CW_TOPIC_MAX + 1];
	struct cw_error error;

	if (!door_uri(doctor, door, uri, sizeof(uri)) || cw_topic_conversations(doctor->account, filter) != CW_OK ||
	    !cw_text_format(road->client_ids[door], sizeof(road->client_ids[door]), "%s:" SUBJECT ":%s",
			    doctor->account, door_names[door])) {
		return;
	}
	const struct listener_options options = {
		.uri = uri, .token = road->token, .client_id = road->client_ids[door], .ca_file = doctor->options->ca_file
	};

	if (!admits_nameless(road, door, uri)) {
		return;
	}
	if (listener_open(&options, &road->listeners[door], &error) != CW_OK) {
		doctor_fail(doctor, "connected", "an agent cannot connect over %s to %s: %s", door_names[door], uri,
			    error.text);
		doctor_next_log(doctor, "mosquitto", "connect_refused", "the reason");
		road->has_failed = true;
	} else if (listener_subscribe(road->listeners[door], filter, &error) != CW_OK) {
		tell_denied(road, door, filter);
	}
}

/* ---- the webhook ---- */

static json_t *make_webhook(const struct road *road)
{
	return json_pack(
		"{s:s, s:[{s:s, s:[{s:s, s:{s:s, s:{s:s, s:s}, s:[{s:{s:s}, s:s}], s:[{s:s, s:s, s:o, s:s, s:{s:s}}]}}]}]}",
		"object", "whatsapp_business_account", "entry", "id", "0", "changes", "field", "messages", "value",
		"messaging_product", "whatsapp", "metadata", "display_phone_number", "", "phone_number_id",
		road->doctor->number, "contacts", "profile", "name", "convwire doctor", "wa_id", CUSTOMER, "messages",
		"from", CUSTOMER, "id", road->wamid, "timestamp",
		json_sprintf("%lld", (long long)(cw_clock_now_ms() / 1000)), "type", "text", "text", "body",
		"A test message from convwire doctor. No reply is needed.");
}

static void tell_not_taken(struct road *road, const struct doctor_answer *answer, const char *secret)
{
	struct doctor *doctor = road->doctor;

	if (answer->status == 401) {
		doctor_fail(doctor, "verified",
			    "the daemon refuses what keys/apps/%s.secret signs (401): it was started with another secret",
			    secret);
		doctor_next(doctor, "restart the daemon: it reads secrets only when it starts");
	} else if (answer->status == 503) {
		doctor_fail(doctor, "stored",
			    "the daemon cannot store it now (503): its disk is full, or its queue is too long");
		doctor_next(doctor, "df -h %s, and make room; it recovers automatically", doctor->dir);
	} else {
		doctor_fail(doctor, "received", "the webhook is not accepted: %ld %s", answer->status, answer->problem);
		doctor_next(doctor, "convwire up --dir %s, or systemctl start convwired", doctor->dir);
	}
	road->has_failed = true;
}

static bool post(struct road *road)
{
	struct doctor *doctor = road->doctor;
	char signature[CW_SIGNATURE_TEXT + 1];
	char url[300];
	const char *name = NULL;
	json_t *webhook = make_webhook(road);
	char *body = webhook ? json_dumps(webhook, JSON_COMPACT) : NULL;
	const struct cw_hmac *secret = secrets_hmac_for(doctor->secrets, doctor->account, &name);
	struct doctor_answer answer = { .status = 0 };

	json_decref(webhook);
	if (!secret) {
		doctor_fail(doctor, "verified",
			    "no secret in keys/apps may sign for account %s: its webhooks are refused", doctor->account);
		doctor_next(doctor, "set accounts = %s in %s/keys/apps/main.conf, then restart the daemon",
			    doctor->account, doctor->dir);
		road->has_failed = true;
	} else if (body && cw_signature_make(secret, body, strlen(body), signature) == CW_OK &&
		   settings_http_url(&doctor->settings, "/webhook", url, sizeof(url))) {
		road->posted_us = cw_clock_now_us();
		doctor_fetch(doctor,
			     &(struct doctor_request){
				     .url = url, .signature = signature, .body = body, .body_len = strlen(body) },
			     &answer);
		if (answer.status != 200) {
			tell_not_taken(road, &answer, name);
		}
	}
	bool is_taken = answer.status == 200;

	doctor_answer_finish(&answer);
	free(body);
	return is_taken;
}

/* ---- the hops ---- */

static bool is_our_message(void *context, const struct listener_message *message)
{
	const struct road *road = context;
	const char *wamid = cli_text(json_object_get(json_object_get(message->payload, "data"), "message"), "wamid");

	return wamid && strcmp(wamid, road->wamid) == 0;
}

static void receive(struct road *road, enum door door)
{
	struct listener_message *message = NULL;
	struct cw_error ignored;
	int64_t left_ms = road->give_up_ms - cw_clock_monotonic_ms();

	if (!road->listeners[door] || listener_wait(road->listeners[door], is_our_message, road,
						    left_ms > 0 ? left_ms : 0, &message, &ignored) != CW_OK) {
		return; /* the findings below say why */
	}
	const char *level = strrchr(message->topic, '/');
	const char *claimed = cli_text(message->payload, "conversation");

	road->delivered_us[door] = message->at_us;
	road->broadcast[door] = strdup(level ? level + 1 : message->topic);
	if (!road->claimed && claimed) {
		road->claimed = strdup(claimed);
	}
	listener_message_free(message);
}

static json_t *ask_trace(struct road *road)
{
	json_t *answer = NULL;
	json_t *arguments = json_pack("{s:s, s:s}", "account", road->doctor->account, "id", road->wamid);
	struct cw_error error;

	if (cli_control(road->doctor->dir, "trace", arguments, &answer, &error) != CW_OK) {
		json_decref(answer);
		answer = NULL;
	}
	json_decref(arguments);
	return answer;
}

static void tell_hop(struct road *road, const char *hop, int64_t at_us, const char *detail)
{
	if (at_us) {
		double after_ms = (double)(at_us - road->posted_us) / 1000;

		doctor_say(road->doctor, "      %-14s  %+9.1f ms  %s\n", hop, after_ms, detail);
		(void)json_array_append_new(json_object_get(road->doctor->road, "hops"),
					    json_pack("{s:s, s:f, s:s}", "hop", hop, "ms", after_ms, "detail", detail));
	}
}

static void tell_hops(struct road *road, const json_t *trace)
{
	const json_t *event = json_array_get(json_object_get(trace, "events"), 0);
	const char *tag = cli_text(json_array_get(json_object_get(trace, "matches"), 0), "tag");
	char stored[120];
	char hop[40];

	(void)snprintf(stored, sizeof(stored), "conv=%s seq=%" PRId64, tag ? tag : "?", cli_int(event, "seq"));
	tell_hop(road, "received", cli_int(event, "arrived_us"), "the webhook arrived at the daemon");
	tell_hop(road, "verified", cli_int(event, "verified_us"), "signature valid, body parsed");
	tell_hop(road, "stored", cli_int(event, "committed_us"), stored);
	tell_hop(road, "published", cli_int(event, "published_us"), "sent to the broker");
	for (int door = 0; door < N_DOORS; door++) {
		(void)snprintf(hop, sizeof(hop), "by %s", door_names[door]);
		tell_hop(road, hop, road->delivered_us[door], "delivered to an agent");
	}
}

/* ---- why it did not arrive ---- */

static void tell_not_allowed(struct road *road, enum door door, const char *conversation)
{
	struct doctor *doctor = road->doctor;
	char topic[CW_TOPIC_MAX + 1] = "";
	struct explanation explanation = { .reason = "the message has no conversation" };

	if (conversation && cw_topic_of_conversation(conversation, topic) == CW_OK) {
		explain(road, door, topic, "read", &explanation);
	}
	if (explanation.is_known && !explanation.is_allowed) {
		doctor_fail(doctor, "delivered", "the broker accepted it, but role \"%s\" may not read %s: %s",
			    doctor->options->role, topic, explanation.reason);
		doctor_next(
			doctor,
			"fix that line in %s/roles.acl, or assign the conversation; convwire acl test --help explains rules",
			doctor->dir);
		return;
	}
	doctor_fail(doctor, "delivered", "over %s nothing arrived within %d s, although the broker accepted it%s%s",
		    door_names[door], DELIVERY_MS / 1000,
		    explanation.is_known ? " and the role may read it" : "; cannot check whether the role may read it: ",
		    explanation.is_known ? "" : explanation.reason);
	doctor_next_log(doctor, "mosquitto", "convwire", "what its plugin decided; a full queue drops messages silently");
}

static void tell_not_delivered(struct road *road, enum door door, const json_t *trace)
{
	struct doctor *doctor = road->doctor;
	const char *fate = cli_text(json_array_get(json_object_get(trace, "events"), 0), "fate");

	road->has_failed = true;
	if (!fate) {
		doctor_fail(
			doctor, "stored",
			"the daemon answered 200, but the message is not in its database: does another daemon use its port?");
		doctor_next(doctor, "convwire trace %s --dir %s", road->wamid, doctor->dir);
	} else if (strcmp(fate, "refused") == 0) {
		doctor_fail(doctor, "published",
			    "the broker refused the publish: its plugin does not recognize this daemon's publisher");
		doctor_next(doctor, "the broker's plugin_opt_keys must be %s/keys", doctor->dir);
	} else if (strcmp(fate, "taken") == 0) {
		tell_not_allowed(road, door, cli_text(json_object_get(trace, "message"), "conversation"));
	} else {
		doctor_fail(doctor, "published", "it is stored, but the broker has not acknowledged it yet (%s)", fate);
		doctor_next_log(doctor, "convwired", "broker:", "the reason");
	}
}

/* ---- the id ---- */

/* As a page does: GET /api/v1/resolve with the agent's token. NULL when the id matches nothing. */
static char *resolve(struct road *road, const char *query)
{
	struct doctor *doctor = road->doctor;
	char path[800];
	char url[900];
	struct doctor_answer answer;
	char *found = NULL;

	if (!cw_text_format(path, sizeof(path), "/api/v1/resolve?%s", query) ||
	    !settings_http_url(&doctor->settings, path, url, sizeof(url))) {
		return NULL;
	}
	doctor_fetch(doctor, &(struct doctor_request){ .url = url, .bearer = road->token }, &answer);
	const char *id = cli_text(json_array_get(json_object_get(answer.json, "matches"), 0), "conversation");

	found = id ? strdup(id) : NULL;
	doctor_answer_finish(&answer);
	return found;
}

static char *resolve_selected(struct road *road)
{
	char query[800];

	return doctor_query(query, sizeof(query), "id", road->doctor->options->selected) ? resolve(road, query) : NULL;
}

/* "match: …", with both values. */
static void tell_match(struct road *road, const char *what, const char *broadcast, const char *compared, bool is_match)
{
	doctor_say(road->doctor, "      match: %s\n", is_match ? "true" : "false");
	if (!is_match) {
		doctor_say(road->doctor, "        broadcast  %s\n        %-9s  %s\n", broadcast, what,
			   compared ? compared : "nothing");
	}
	(void)json_object_update_new(road->doctor->road, json_pack("{s:b, s:s, s:s?}", "match", is_match, "broadcast",
								   broadcast, what, compared));
}

static void check_selected(struct road *road, const char *broadcast)
{
	struct doctor *doctor = road->doctor;
	const char *selected = doctor->options->selected;
	char *meant = resolve_selected(road);

	if (strcmp(selected, broadcast) == 0) {
		tell_match(road, "selected", broadcast, selected, true);
	} else {
		tell_match(road, "selected", broadcast, selected, false);
		if (meant) {
			doctor_fail(doctor, "match", "a page that selects \"%s\" shows nothing: it is another name of %s",
				    selected, meant);
			doctor_next(
				doctor,
				"compare canonical ids: client.resolve(id), or GET /api/v1/resolve?id=; docs/moving-from-socketio.md");
		} else {
			doctor_fail(doctor, "match",
				    "a page that selects \"%s\" shows nothing: no conversation is known by that name",
				    selected);
			doctor_next(
				doctor,
				"convwire alias import FILE, for ids of another system; convwire resolve shows what it is compared to");
		}
		road->has_failed = true;
	}
	free(meant);
}

static void check_match(struct road *road, const char *broadcast)
{
	struct doctor *doctor = road->doctor;
	bool is_match = road->resolved && strcmp(broadcast, road->resolved) == 0 && road->claimed &&
			strcmp(road->claimed, broadcast) == 0;

	if (!is_match) {
		tell_match(road, "resolved", broadcast, road->resolved, false);
		doctor_fail(
			doctor, "match",
			"the publisher broadcasts under another id than pages resolve: new messages appear only after a reload");
		doctor_next(
			doctor,
			"compare convwire --version and convwired --version: both programs must be of the same version");
		road->has_failed = true;
	} else if (doctor->options->selected) {
		check_selected(road, broadcast);
	} else {
		tell_match(road, "resolved", broadcast, road->resolved, true);
	}
}

/* ---- the whole ---- */

static bool choose_number(struct doctor *doctor)
{
	const char *first = cli_text(json_array_get(doctor->numbers, 0), "phone_number_id");
	const char *number = doctor->options->number ? doctor->options->number : first;

	return number && cw_text_copy(doctor->number, sizeof(doctor->number), number);
}

static bool prepare(struct road *road)
{
	struct doctor *doctor = road->doctor;
	unsigned char random[CW_CLOCK_UUID_BYTES];
	char id[CW_CLOCK_UUID_TEXT];
	struct cw_error error;

	if (cw_clock_uuid7(cw_clock_now_ms(), random) != CW_OK) {
		return false;
	}
	cw_clock_uuid_text(random, id);
	if (!cw_text_format(road->wamid, sizeof(road->wamid), "wamid.doctor.%s", id)) {
		return false; /* it fits */
	}
	if (cli_mint(doctor->dir, doctor->account, SUBJECT, doctor->options->role, TOKEN_TTL_S, &road->token, &error) !=
	    CW_OK) {
		return false; /* reported by the keys and roles checks */
	}
	for (int door = 0; door < N_DOORS; door++) {
		if (!road->has_failed) {
			open_door(road, (enum door)door);
		}
	}
	return !road->has_failed;
}

/* Marks the conversation done: no agent has to act on it. */
static void put_away(const struct road *road)
{
	json_t *answer = NULL;
	struct cw_error error;
	json_t *arguments = json_pack("{s:s, s:s, s:{s:s, s:s}}", "account", road->doctor->account, "conversation",
				      road->resolved, "command", "id", road->wamid, "type", "done");

	if (cli_control(road->doctor->dir, "command", arguments, &answer, &error) != CW_OK) {
		doctor_say(road->doctor, "      its conversation stays in the list: %s\n", error.text);
	}
	json_decref(arguments);
	json_decref(answer);
}

static void follow(struct road *road)
{
	struct doctor *doctor = road->doctor;
	char query[200];
	json_t *trace = NULL;

	if (!post(road)) {
		return;
	}
	road->give_up_ms = cw_clock_monotonic_ms() + DELIVERY_MS;
	for (int door = 0; door < N_DOORS; door++) {
		receive(road, (enum door)door);
	}
	trace = ask_trace(road);
	if (cw_text_format(query, sizeof(query), "phone_number_id=%s&customer=" CUSTOMER, doctor->number)) {
		road->resolved = resolve(road, query);
	}
	tell_hops(road, trace);
	for (int door = 0; door < N_DOORS; door++) {
		if (!road->has_failed && road->listeners[door] && !road->delivered_us[door]) {
			tell_not_delivered(road, (enum door)door, trace);
		}
	}
	tell_hop(road, "resolved", cw_clock_now_us(), road->resolved ? road->resolved : "nothing");
	const char *broadcast = road->broadcast[DOOR_MQTT] ? road->broadcast[DOOR_MQTT] : road->broadcast[DOOR_WEBSOCKET];

	if (broadcast) {
		check_match(road, broadcast);
	}
	if (!road->has_failed && broadcast) {
		doctor_ok(doctor, "road", "a customer's message reaches agents in %.1f ms",
			  (double)(road->delivered_us[DOOR_MQTT] - road->posted_us) / 1000);
	}
	if (road->resolved) {
		put_away(road);
	}
	json_decref(trace);
}

void doctor_check_road(struct doctor *doctor)
{
	struct road road = { .doctor = doctor };

	if (doctor->options->sends_no_message || !doctor->is_daemon_running || !doctor->secrets ||
	    !choose_number(doctor)) {
		return; /* as requested, or reported above */
	}
	doctor->road = json_pack("{s:s, s:[]}", "wamid", "", "hops");
	doctor_say(doctor, "\nOne message from a customer to number %s, as role %s receives it:\n", doctor->number,
		   doctor->options->role);
	if (prepare(&road)) {
		(void)json_object_set_new(doctor->road, "wamid", json_string(road.wamid));
		follow(&road);
	}
	for (int door = 0; door < N_DOORS; door++) {
		listener_close(road.listeners[door]);
		free(road.broadcast[door]);
	}
	free(road.claimed);
	free(road.resolved);
	free(road.token);
}
