/* SPDX-License-Identifier: MIT */
#include "sim/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "sim/validate.h"

#define PAIR_US 6000000
#define ONE_DAY_MS (24 * 60 * 60 * 1000LL)
#define URL_MS (5 * 60 * 1000LL)

/* ---- errors ---- */

static json_t *make_error(int code, const char *message, const char *details)
{
	return json_pack("{s:{s:s+, s:s, s:i, s:{s:s, s:s}, s:s}}", "error", "message", "(#) ", message, "type",
			 "OAuthException", "code", code, "error_data", "messaging_product", "whatsapp", "details",
			 details ? details : message, "fbtrace_id", "AsIm0000");
}

static const struct {
	int code, status;
	const char *message;
} known[] = {
	{ 190, 401, "Error validating access token: Session has expired" },
	{ 0, 401, "AuthException" },
	{ 10, 403, "Application does not have permission for this action" },
	{ 4, 400, "Application request limit reached" },
	{ 33, 400, "Unsupported post request" },
	{ 100, 400, "Invalid parameter" },
	{ 130429, 400, "Rate limit hit" },
	{ 131000, 500, "Something went wrong" },
	{ 131008, 400, "Required parameter is missing" },
	{ 131009, 400, "Parameter value is not valid" },
	{ 131016, 500, "Service unavailable" },
	{ 131026, 400, "Message undeliverable" },
	{ 131047, 400, "Re-engagement message" },
	{ 131051, 400, "Unsupported message type" },
	{ 131053, 400, "Media upload error" },
	{ 131056, 400, "(Business Account, Consumer Account) pair rate limit hit" },
	{ 132001, 404, "Template name does not exist in the translation" },
	{ 133004, 503, "Server Temporarily Unavailable" },
};

static void answer_error(struct cw_http_request *request, int code, const char *details)
{
	int status = 400;
	const char *message = "Error";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code) {
			status = known[i].status;
			message = known[i].message;
		}
	}
	cw_http_answer_json(request, status, make_error(code, message, details));
}

/* ---- who asks ---- */

static bool has_token(struct sim *sim, struct cw_http_request *request)
{
	const char *header = cw_http_header(request, "Authorization");
	bool is_good = false;
	size_t index;
	json_t *token;

	world_lock(&sim->world);
	json_array_foreach(sim->world.tokens, index, token)
	{
		is_good = is_good || (header && strncmp(header, "Bearer ", 7) == 0 &&
				      strcmp(header + 7, json_string_value(token)) == 0);
	}
	world_unlock(&sim->world);
	return is_good;
}

static bool is_version(const char *text)
{
	return text[0] == 'v' && strspn(text + 1, "0123456789.") == strlen(text + 1) && strchr(text, '.');
}

static bool knows_number(struct sim *sim, const char *number)
{
	world_lock(&sim->world);
	bool is_known = json_object_get(sim->world.numbers, number) != NULL;

	world_unlock(&sim->world);
	return is_known;
}

/* Everything that is asked before the body is looked at. */
static bool may_pass(struct sim *sim, struct cw_http_request *request, bool is_about_number)
{
	if (!is_version(cw_http_level(request, 0))) {
		answer_error(request, 100, "Unknown path components");
	} else if (!has_token(sim, request)) {
		answer_error(request, 190, NULL);
	} else if (is_about_number && !knows_number(sim, cw_http_level(request, 1))) {
		answer_error(request, 33, "Object with ID does not exist or cannot be loaded due to missing permissions");
	} else {
		return true;
	}
	return false;
}

static json_t *next_rule(struct sim *sim, const char *on)
{
	world_lock(&sim->world);
	json_t *rule = world_next_rule(&sim->world, on);

	world_unlock(&sim->world);
	return rule;
}

static bool does(const json_t *rule, const char *what)
{
	const char *text = json_string_value(json_object_get(rule, "do"));

	return text && strcmp(text, what) == 0;
}

/* What is done wrong before anything is taken. Answers whether that was all. */
static bool misbehave_first(struct cw_http_request *request, const json_t *rule)
{
	if (does(rule, "error")) {
		answer_error(request, (int)json_integer_value(json_object_get(rule, "code")), "as the script says");
	} else if (does(rule, "rate-limit")) {
		answer_error(request, 130429, NULL);
	} else if (does(rule, "expired-token")) {
		answer_error(request, 190, NULL);
	} else if (does(rule, "drop-before")) {
		cw_http_drop(request);
	} else if (does(rule, "gateway")) {
		cw_http_answer(request, 502, "text/html", "<html>Bad Gateway</html>");
	} else {
		return false;
	}
	return true;
}

/* Gives the answer, or does that wrong. */
static void give(struct sim *sim, struct cw_http_request *request, const json_t *rule, json_t *json)
{
	if (does(rule, "drop-after")) {
		json_decref(json);
		cw_http_drop(request);
	} else if (does(rule, "bad-json")) {
		json_decref(json);
		cw_http_answer(request, 200, "application/json", "{\"messaging_product\":\"whatsapp\",\"contacts\":[");
	} else if (does(rule, "slow")) {
		cw_http_defer(request);
		post_answer(sim->post, request, 200, json, json_integer_value(json_object_get(rule, "ms")));
	} else {
		cw_http_answer_json(request, 200, json);
	}
}

/* ---- messages ---- */

/* A number as WhatsApp writes it: digits. */
static void wa_id_of(const json_t *body, char out[200])
{
	const char *to = json_string_value(json_object_get(body, "to"));
	const char *recipient = json_string_value(json_object_get(body, "recipient"));
	size_t len = 0;

	for (const char *c = to ? to : recipient; *c && len < 199; c++) {
		if (!to || strchr("0123456789", *c)) {
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

	if (status && error) {
		(void)json_object_set_new(status, "errors",
					  json_pack("[{s:i, s:s, s:s, s:{s:s}}]", "code", error, "title",
						    error == 131047 ? "Re-engagement message" : "Message undeliverable",
						    "message",
						    error == 131047 ? "Re-engagement message" : "Message undeliverable",
						    "error_data", "details", "as the simulated WhatsApp says"));
	}
	return status;
}

/* With the lock. */
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

/* All of them in one webhook. With the lock. */
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

/* sent, delivered, read; or what the script says. With the lock. */
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
	people_answer(sim, entry, (n + 1) * setting(sim, "delay_ms"));
}

/* The type that needs no open window. */
static bool is_template(const json_t *body)
{
	return strcmp(json_string_value(json_object_get(body, "type")), "template") == 0;
}

/* Takes the message into the ledger. A new reference; NULL without memory. With the lock. */
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

/* Is the customer, or the number, hearing too much? 0: no. With the lock. */
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

/* Templates that do not exist, files that were not uploaded. With the lock. */
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
		has_template = has_template || (name && strcmp(json_string_value(template), name) == 0);
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
		answer_error(request, error, NULL);
	} else {
		give(sim, request, rule, answer);
	}
}

/* {"status":"read"}: also the typing indicator. */
static void take_call(struct sim *sim, struct cw_http_request *request, const json_t *body)
{
	const json_t *id = json_object_get(body, "message_id");

	if (!json_is_string(id)) {
		answer_error(request, 131008, "Parameter message_id is required");
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
	if (!may_pass(sim, request, true)) {
		return;
	}
	body = json_loadb(bytes, len, 0, NULL);
	if (json_object_get(body, "status")) {
		take_call(sim, request, body);
		json_decref(body);
		return;
	}
	json_t *rule = next_rule(sim, "message");
	int error = misbehave_first(request, rule) ? -1 : validate_message(body, details);

	if (error > 0) {
		answer_error(request, error, details);
	} else if (error == 0) {
		take_message(sim, request, body, rule);
	}
	json_decref(rule);
	json_decref(body);
}

/* ---- files ---- */

/* The content of a part of a multipart body. NULL: there is none. */
static const char *find_part(const char *body, size_t len, const char *name, size_t *ret_len, char type[100])
{
	char boundary[120];
	char mark[60];
	const char *end = memchr(body, '\r', len);
	size_t boundary_len = end ? (size_t)(end - body) : 0;

	if (boundary_len < 3 || boundary_len + 2 >= sizeof(boundary)) {
		return NULL;
	}
	(void)snprintf(boundary, sizeof(boundary), "\r\n%.*s", (int)boundary_len, body);
	(void)snprintf(mark, sizeof(mark), "name=\"%s\"", name);
	const char *found = memmem(body, len, mark, strlen(mark));
	const char *content = found ? memmem(found, len - (size_t)(found - body), "\r\n\r\n", 4) : NULL;
	const char *kind = found ? memmem(found, len - (size_t)(found - body), "Content-Type: ", 14) : NULL;

	if (!content) {
		return NULL;
	}
	content += 4;
	const char *stop = memmem(content, len - (size_t)(content - body), boundary, strlen(boundary));

	(void)snprintf(type, 100, "%.*s", kind && kind < content ? (int)strcspn(kind + 14, "\r\n") : 0,
		       kind && kind < content ? kind + 14 : "");
	*ret_len = stop ? (size_t)(stop - content) : 0;
	return stop ? content : NULL;
}

/* Stores a file; its id in out. false without memory. With the lock. */
static bool add_file(struct sim *sim, const char *bytes, size_t len, const char *mime_type, char out[40])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[65];
	unsigned digest_len = 0;
	json_t *content = json_stringn_nocheck(bytes, len); /* bytes, not a text: it is never written as JSON */

	sim_new_id(&sim->world, out);
	if (!content || EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) != 1) {
		json_decref(content);
		return false;
	}
	for (unsigned i = 0; i < digest_len && i < 32; i++) {
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	}
	return json_object_set_new(
		       sim->world.files, out,
		       json_pack("{s:s, s:s, s:o}", "mime_type", mime_type, "sha256", hex, "bytes", content)) == 0;
}

static int64_t largest(const char *mime_type)
{
	return strncmp(mime_type, "image/webp", 10) == 0                                    ? 500 * 1024 :
	       strncmp(mime_type, "image/", 6) == 0                                         ? 5 * 1024 * 1024 :
	       strncmp(mime_type, "video/", 6) == 0 || strncmp(mime_type, "audio/", 6) == 0 ? 16 * 1024 * 1024 :
											      100 * 1024 * 1024;
}

void graph_upload(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	char type[100];
	char id[40];
	size_t len = 0;
	size_t product_len = 0;
	size_t body_len = 0;
	const char *body = cw_http_body(request, &body_len);

	if (!may_pass(sim, request, true)) {
		return;
	}
	json_t *rule = next_rule(sim, "upload");
	const char *product = find_part(body, body_len, "messaging_product", &product_len, type);
	const char *file = find_part(body, body_len, "file", &len, type);

	if (misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	if (!product || product_len != 8 || !file || len == 0 || !strchr(type, '/')) {
		answer_error(request, 100, "messaging_product, type and file are required");
	} else if ((int64_t)len > largest(type)) {
		answer_error(request, 131053, "The file is too large");
	} else {
		world_lock(&sim->world);
		bool is_added = add_file(sim, file, len, type, id);

		world_unlock(&sim->world);
		give(sim, request, rule, is_added ? json_pack("{s:s}", "id", id) : NULL);
	}
	json_decref(rule);
}

void graph_ask(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	const char *id = cw_http_level(request, 1);

	if (!may_pass(sim, request, false)) {
		return;
	}
	json_t *rule = next_rule(sim, "ask");

	if (misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	world_lock(&sim->world);
	json_t *file = json_object_get(sim->world.files, id);
	json_t *answer = NULL;

	if (file) {
		int64_t until = sim_now_ms() + (json_object_get(rule, "url_ms") ?
							json_integer_value(json_object_get(rule, "url_ms")) :
							URL_MS);

		(void)json_object_set_new(file, "url_until", json_integer(until));
		answer = json_pack("{s:s, s:o, s:O, s:O, s:I, s:s}", "messaging_product", "whatsapp", "url",
				   json_sprintf("%s/sim/file/%s", sim->url, id), "mime_type",
				   json_object_get(file, "mime_type"), "sha256", json_object_get(file, "sha256"),
				   "file_size", (json_int_t)json_string_length(json_object_get(file, "bytes")), "id", id);
	}
	world_unlock(&sim->world);
	if (answer) {
		give(sim, request, rule, answer);
	} else {
		answer_error(request, 100, "Object with ID does not exist");
	}
	json_decref(rule);
}

/* The bytes as a file of the system, since answers of the HTTP layer are texts or files. */
static int file_of(const char *bytes, size_t len)
{
	FILE *file = tmpfile();
	int fd = -1;

	if (file && fwrite(bytes, 1, len, file) == len && fflush(file) == 0) {
		fd = dup(fileno(file));
	}
	if (file) {
		(void)fclose(file); /* written already */
	}
	return fd;
}

void graph_download(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	char type[100];
	int fd = -1;
	size_t len = 0;

	if (!has_token(sim, request)) {
		answer_error(request, 190, NULL);
		return;
	}
	json_t *rule = next_rule(sim, "download");

	if (misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	world_lock(&sim->world);
	json_t *file = json_object_get(sim->world.files, cw_http_level(request, 0));

	if (file && json_integer_value(json_object_get(file, "url_until")) > sim_now_ms()) {
		len = json_string_length(json_object_get(file, "bytes"));
		len = does(rule, "truncate") ? len / 2 : len;
		fd = file_of(json_string_value(json_object_get(file, "bytes")), len);
		(void)snprintf(type, sizeof(type), "%s", json_string_value(json_object_get(file, "mime_type")));
	}
	world_unlock(&sim->world);
	json_decref(rule);
	if (fd >= 0) {
		cw_http_answer_file(request, type, fd, (int64_t)len);
	} else {
		cw_http_answer(request, 404, "text/plain", "");
	}
}

/* ---- templates ---- */

void graph_templates(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	json_t *rows = json_array();
	size_t index;
	json_t *name;

	if (!may_pass(sim, request, false)) {
		json_decref(rows);
		return;
	}
	world_lock(&sim->world);
	json_array_foreach(sim->world.templates, index, name)
	{
		(void)json_array_append_new(rows, json_pack("{s:O, s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}", "name", name,
							    "language", "en_US", "status", "APPROVED", "category",
							    "UTILITY", "id", "806312974732579", "components", "type",
							    "BODY", "text", "Hello {{1}}"));
	}
	world_unlock(&sim->world);
	cw_http_answer_json(request, 200,
			    json_pack("{s:o, s:{s:{s:s}}}", "data", rows, "paging", "cursors", "after", "MQZDZD"));
}
