/* SPDX-License-Identifier: MIT */
#include "auth-plugin/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

#define REFUSALS_PER_S 20
#define REFUSALS_BURST 200
#define COMMANDS_PER_S 50
#define COMMANDS_BURST 500
#define SAY_SUPPRESSED_MS 10000
#define LONG_NUMBER 7 /* digits; a phone number has at least this many */
/* mosquitto truncates log lines at 1000 bytes, so every string in a line is limited to this. */
#define MAX_TEXT 160
#define MAX_LINE 950

/* ---- masking ---- */

/* Copies printable ASCII only, without characters that would need escaping in JSON. */
static void put_clean(const char *text, size_t len, char *out, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < len && at + 1 < size; i++) {
		unsigned char byte = (unsigned char)text[i];

		out[at++] = byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\' ? '?' : (char)byte;
	}
	out[at] = '\0';
}

/* "923456789012" becomes "...9012". */
static void cut_numbers(char *text)
{
	char *out = text;

	for (const char *at = text; *at;) {
		size_t digits = strspn(at, "0123456789");

		if (digits >= LONG_NUMBER) {
			memmove(out, "...", 3);
			memmove(out + 3, at + digits - 4, 4);
			out += 7;
			at += digits;
		} else {
			size_t step = digits ? digits : 1;

			memmove(out, at, step);
			out += step;
			at += step;
		}
	}
	*out = '\0';
}

static void put_level(const struct policy *policy, const char *level, size_t len, bool is_account, char *out, size_t size)
{
	char text[CW_CONVERSATION_ID_MAX + 1];
	struct cw_conversation_id id;
	char tag[CW_TAG_MAX + 1];

	put_clean(level, len, text, sizeof(text));
	if (cw_conversation_id_parse(text, &id) == CW_OK) {
		cw_tag_make(policy->tag, text, tag);
		/* All or nothing, because a tag begins with a multi-byte character. */
		(void)snprintf(out, size, "%s", strlen(tag) < size ? tag : ""); /* fits */
		return;
	}
	if (!(is_account && cw_account_is_valid(text))) {
		cut_numbers(text);
	}
	put_clean(text, strlen(text), out, size);
}

/*
 * The client id of a client that was not admitted may be anything: a token (which starts with {" in base64url), a
 * conversation id, a phone number.
 */
static void put_client_id(const struct policy *policy, const char *client_id, char *out, size_t size)
{
	const char *token = client_id ? strstr(client_id, "eyJ") : NULL;
	size_t len = token ? (size_t)(token - client_id) : client_id ? strlen(client_id) : 0;

	put_level(policy, client_id ? client_id : "", len, false, out, size);
	if (token && strlen(out) + sizeof("(token)") <= size) {
		strncat(out, "(token)", size - strlen(out) - 1);
	}
}

void audit_topic(const struct policy *policy, const char *topic, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t n = 0; at + 1 < size; n++) {
		size_t len = strcspn(topic, "/");

		put_level(policy, topic, len, n == 1, out + at, size - at);
		at += strlen(out + at);
		topic += len;
		if (*topic == '\0') {
			return;
		}
		topic++;
		if (at + 1 < size) {
			out[at++] = '/';
			out[at] = '\0';
		}
	}
}

/* ---- lines ---- */

static bool takes(struct audit_bucket *bucket, int64_t per_s, int64_t burst)
{
	int64_t now_ms = cw_clock_monotonic_ms();
	int64_t gained = (now_ms - bucket->filled_ms) * per_s / 1000;

	if (bucket->filled_ms == 0 || bucket->tokens + gained > burst) {
		bucket->tokens = burst;
		bucket->filled_ms = now_ms;
	} else if (gained > 0) {
		bucket->tokens += gained;
		bucket->filled_ms += gained * 1000 / per_s;
	}
	if (bucket->tokens == 0) {
		bucket->suppressed++;
		return false;
	}
	bucket->tokens--;
	return true;
}

/* Takes ownership of json. */
static void write_line(const struct policy *policy, json_t *json)
{
	char line[MAX_LINE];
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text) {
		(void)snprintf(line, sizeof(line), "audit %s", text); /* a truncated line is still useful */
		policy->broker.log(false, line);
	}
	free(text);
	json_decref(json);
}

static bool put_text(json_t *json, const char *name, const char *text)
{
	char clean[MAX_TEXT];

	put_clean(text, strlen(text), clean, sizeof(clean));
	return json_object_set_new(json, name, json_string(clean)) == 0;
}

static void put_session(json_t *json, const struct session *session)
{
	if (session) {
		/* If one of these cannot be added, the line is written without it. */
		(void)put_text(json, "clientid", session->client_id);
		(void)put_text(json, "account", session->token.account);
		(void)put_text(json, "subject", session->token.subject);
		(void)put_text(json, "address", session->address);
	}
}

void audit_connect(struct audit *audit, const struct policy *policy, const char *event,
		   const struct policy_connect *connect, const char *reason)
{
	char client_id[MAX_TEXT];

	if (!takes(&audit->refusals, REFUSALS_PER_S, REFUSALS_BURST)) {
		return;
	}
	put_client_id(policy, connect->client_id, client_id, sizeof(client_id));
	json_t *json = json_pack("{s:s, s:s}", "event", event, "clientid", client_id);

	(void)put_text(json, "address", connect->address ? connect->address : "");
	(void)put_text(json, "reason", reason);
	write_line(policy, json);
}

void audit_refusal(struct audit *audit, const struct policy *policy, const struct session *session,
		   const struct policy_check *check, const char *reason, const char *rule_line)
{
	char topic[MAX_TEXT];

	if (!takes(&audit->refusals, REFUSALS_PER_S, REFUSALS_BURST)) {
		return;
	}
	json_t *json = json_pack("{s:s}", "event",
				 check->action == CW_ACCESS_SUBSCRIBE ? "subscribe_refused" : "publish_refused");

	put_session(json, session);
	audit_topic(policy, check->topic, topic, sizeof(topic));
	(void)json_object_set_new(json, "topic", json_string(topic));
	(void)put_text(json, "reason", reason);
	if (rule_line) {
		(void)put_text(json, "line", rule_line);
	}
	write_line(policy, json);
}

void audit_command(struct audit *audit, const struct policy *policy, const struct session *session, const char *command,
		   json_t *details, const char *error)
{
	if (!takes(&audit->commands, COMMANDS_PER_S, COMMANDS_BURST)) {
		json_decref(details);
		return;
	}
	json_t *json = json_pack("{s:s}", "event", "admin");
	const char *name;
	json_t *value;

	put_session(json, session);
	(void)put_text(json, "command", command);
	json_object_foreach(details, name, value)
	{
		(void)put_text(json, name, json_string_value(value));
	}
	(void)json_object_set_new(json, "ok", json_boolean(!error));
	if (error) {
		(void)put_text(json, "error", error);
	}
	json_decref(details);
	write_line(policy, json);
}

static void say_suppressed(const struct policy *policy, struct audit_bucket *bucket, const char *of)
{
	if (bucket->suppressed > 0) {
		write_line(policy, json_pack("{s:s, s:s, s:I}", "event", "suppressed", "of", of, "count",
					     (json_int_t)bucket->suppressed));
		bucket->suppressed = 0;
	}
}

void audit_tick(struct audit *audit, const struct policy *policy, int64_t monotonic_ms)
{
	if (monotonic_ms >= audit->next_say_ms) {
		audit->next_say_ms = monotonic_ms + SAY_SUPPRESSED_MS;
		say_suppressed(policy, &audit->refusals, "refusals");
		say_suppressed(policy, &audit->commands, "commands");
	}
}
