/* SPDX-License-Identifier: MIT */
/* The simulated customers, and the HTTP interface that controls the simulation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "sim/graph.h"

static const char *const answers[] = { "Thank you!", "Great, that helps.",        "When will it arrive?",
				       "Perfect 👍",  "¿Puede enviarme una foto?", "شکریہ" };
#define N_ANSWERS ((int64_t)(sizeof(answers) / sizeof(answers[0])))

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* ---- webhooks ---- */

json_t *people_value(struct sim *sim, const char *number, const char *list, json_t *element, const char *wa_id,
		     const char *name)
{
	json_t *value = json_pack("{s:s, s:{s:O?, s:s}, s:[o]}", "messaging_product", "whatsapp", "metadata",
				  "display_phone_number", json_object_get(sim->world.numbers, number),
				  "phone_number_id", number, list, element);

	if (value && wa_id) {
		(void)json_object_set_new(value, "contacts",
					  json_pack("[{s:{s:s}, s:s}]", "profile", "name", name ? name : "Ayesha Khan",
						    strchr(wa_id, '.') ? "user_id" : "wa_id", wa_id));
	}
	return value;
}

/* The first number, for requests that name none. */
static const char *any_number(struct sim *sim)
{
	return json_object_iter_key(json_object_iter(sim->world.numbers));
}

/* Sends a customer's message; takes ownership of message. The lock must be held. */
static void write_message(struct sim *sim, const char *number, const char *from, const char *name, json_t *message,
			  int64_t at_ms, int64_t delay_ms)
{
	(void)json_object_set_new(message, strchr(from, '.') ? "from_user_id" : "from", json_string(from));
	(void)json_object_set_new(message, "timestamp", json_sprintf("%lld", (long long)(at_ms / 1000)));
	const char *group = text_of(message, "group_id");

	world_note_written(&sim->world, number, group ? group : from, at_ms);
	post_value(sim->post, "messages", people_value(sim, number, "messages", message, from, name), delay_ms);
}

void people_answer(struct sim *sim, const json_t *entry, int64_t delay_ms)
{
	char *wamid = NULL;

	if (!sim->world.customers_answer || strcmp(text_of(entry, "type"), "reaction") == 0 ||
	    !(wamid = sim_new_wamid())) {
		return;
	}
	const char *text = answers[(int64_t)json_array_size(sim->world.ledger) % N_ANSWERS];
	json_t *message = json_pack("{s:s, s:s, s:{s:s}}", "id", wamid, "type", "text", "text", "body", text);

	free(wamid);
	write_message(sim, text_of(entry, "number"), text_of(entry, "to"), NULL, message, sim_now_ms() + delay_ms,
		      delay_ms + 1500);
}

static const struct {
	const char *wa_id, *name, *text;
} beginners[] = {
	{ "923456789012", "Ayesha Khan", "Hello, is the blue one still there?" },
	{ "5511987654321", "Bruno Costa", "Bom dia! Vocês entregam aos sábados?" },
	{ "8613800138000", "Chen Wei", "I paid yesterday, order 4711 🙏" },
	{ "905321234567", "Dilara Demir", "Merhaba, fiyat nedir?" },
	{ "2348031234567", "Emeka Obi", "Can I pick it up today?" },
};
#define N_BEGINNERS ((int64_t)(sizeof(beginners) / sizeof(beginners[0])))

void people_begin(struct sim *sim, int64_t n)
{
	world_lock(&sim->world);
	const char *number = any_number(sim);

	for (int64_t i = 0; number && i < n && i < N_BEGINNERS; i++) {
		char *wamid = sim_new_wamid();
		json_t *message = json_pack("{s:s*, s:s, s:{s:s}}", "id", wamid, "type", "text", "text", "body",
					    beginners[i].text);

		free(wamid);
		write_message(sim, number, beginners[i].wa_id, beginners[i].name, message, sim_now_ms(), 1000 + 2000 * i);
	}
	world_unlock(&sim->world);
}

/* ---- customers ---- */

static size_t unbase64(const char *text, unsigned char *out)
{
	size_t len = strlen(text);
	int n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	size_t padding = len > 1 && text[len - 2] == '=' ? 2 : len > 0 && text[len - 1] == '=' ? 1 : 0;

	return n < 0 ? 0 : (size_t)n - padding;
}

/*
 * Makes {"mime_type","base64"} a file and refers to it in the message; sha256 is in Base64, as in Meta's webhooks. The
 * lock must be held.
 */
static bool attach_file(struct sim *sim, json_t *message, const char *type, const json_t *file)
{
	const char *base64 = text_of(file, "base64");
	unsigned char *bytes = base64 ? malloc(strlen(base64) + 4) : NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char sha256[48];
	char hex[65];
	char id[40];

	if (!bytes) {
		return false;
	}
	size_t len = unbase64(base64, bytes);

	(void)EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
	(void)EVP_EncodeBlock((unsigned char *)sha256, digest, 32);
	for (size_t i = 0; i < 32; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	}
	sim_new_id(&sim->world, id);
	bool is_fine = json_object_set_new(sim->world.files, id,
					   json_pack("{s:s, s:s, s:o}", "mime_type", text_of(file, "mime_type"), "sha256",
						     text_of(file, "wrong_sha256") ? text_of(file, "wrong_sha256") : hex,
						     "bytes", json_stringn_nocheck((const char *)bytes, len))) == 0;
	json_t *object = json_object_get(message, type);

	if (!object) {
		object = json_object();
		(void)json_object_set_new(message, type, object);
	}
	(void)json_object_set_new(object, "id", json_string(id));
	(void)json_object_set_new(object, "mime_type", json_string(text_of(file, "mime_type")));
	(void)json_object_set_new(object, "sha256",
				  json_string(text_of(file, "wrong_sha256") ? text_of(file, "wrong_sha256") : sha256));
	free(bytes);
	return is_fine;
}

/*
 * NULL if said is not a message. The result shares nothing with said, because another thread sends it. The lock must be
 * held.
 */
static json_t *make_message(struct sim *sim, const json_t *said)
{
	const char *text = text_of(said, "text");
	const char *type = text ? "text" : text_of(said, "type");
	const json_t *file = json_object_get(said, "file");
	char *wamid = sim_new_wamid();
	json_t *message = type && wamid ? json_pack("{s:s, s:s}", "id", wamid, "type", type) : NULL;

	free(wamid);
	if (message && text) {
		(void)json_object_set_new(message, "text", json_pack("{s:s}", "body", text));
	} else if (message && json_object_get(said, type)) {
		(void)json_object_set_new(message, type, json_deep_copy(json_object_get(said, type)));
	}
	if (message && json_object_get(said, "context")) {
		(void)json_object_set_new(message, "context", json_deep_copy(json_object_get(said, "context")));
	}
	if (message && text_of(said, "group")) {
		(void)json_object_set_new(message, "group_id", json_string(text_of(said, "group")));
	}
	if (message && file && !attach_file(sim, message, type, file)) {
		json_decref(message);
		return NULL;
	}
	return message;
}

void people_write(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *said = json_loadb(bytes, len, 0, NULL);
	const char *from = text_of(said, "from");
	json_t *wamid = NULL;

	world_lock(&sim->world);
	const char *number = text_of(said, "number") ? text_of(said, "number") : any_number(sim);
	json_t *message = from && number ? make_message(sim, said) : NULL;
	const json_t *at = json_object_get(said, "at");

	if (message) {
		wamid = json_copy(json_object_get(message, "id"));
		write_message(sim, number, from, text_of(said, "name"), message,
			      at ? json_integer_value(at) * 1000 : sim_now_ms(), 0);
	}
	world_unlock(&sim->world);
	json_decref(said);
	if (wamid) {
		cw_http_answer_json(request, 200, json_pack("{s:o}", "wamid", wamid));
	} else {
		cw_http_problem(
			request, 400, "bad_body",
			"{\"from\":\"…\",\"text\":\"…\"}, or \"type\" and its object; \"file\":{\"mime_type\",\"base64\"}.");
	}
}

#define MAX_BATCH 1000 /* updates in one webhook; Meta's maximum */

/*
 * Adds one message to a batch, with a text of len characters; the customer's number is made from n. The lock must be
 * held.
 */
static bool add_to_batch(struct sim *sim, json_t *value, const char *number, int64_t n, size_t len)
{
	char from[24];
	char *body = malloc(len + 1);
	char *wamid = sim_new_wamid();

	if (body) {
		memset(body, 'x', len);
		body[len] = '\0';
	}
	(void)snprintf(from, sizeof(from), "9230%08lld", (long long)n); /* fits */
	json_t *message = json_pack("{s:s, s:s*, s:o, s:s, s:{s:s*}}", "from", from, "id", wamid, "timestamp",
				    json_sprintf("%lld", (long long)(sim_now_ms() / 1000)), "type", "text", "text",
				    "body", body);

	free(wamid);
	free(body);
	world_note_written(&sim->world, number, from, sim_now_ms());
	return json_array_append_new(json_object_get(value, "messages"), message) == 0;
}

void people_write_batch(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *said = json_loadb(bytes, len, 0, NULL);
	int64_t n = json_integer_value(json_object_get(said, "messages"));
	int64_t total = json_integer_value(json_object_get(said, "bytes"));
	bool is_fine = n > 0 && n <= MAX_BATCH && total >= 0 && total <= 16 * 1024 * 1024;

	json_decref(said);
	world_lock(&sim->world);
	const char *number = any_number(sim);
	json_t *value = is_fine && number ? people_value(sim, number, "messages", json_null(), NULL, NULL) : NULL;

	(void)json_array_clear(json_object_get(value, "messages"));
	for (int64_t i = 0; value && is_fine && i < n; i++) {
		is_fine = add_to_batch(sim, value, number, i, (size_t)(total / n > 200 ? total / n - 200 : 1));
	}
	if (is_fine && value) {
		post_value(sim->post, "messages", json_incref(value), 0);
	}
	world_unlock(&sim->world);
	if (is_fine && value) {
		cw_http_answer_json(request, 200, json_object());
	} else {
		cw_http_problem(request, 400, "bad_body", "{\"messages\":1..1000,\"bytes\":…}");
	}
	json_decref(value);
}

/* ---- behaviour ---- */

void people_behave(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *said = json_loadb(bytes, len, 0, NULL);
	bool is_known = false;

	world_lock(&sim->world);
	if (json_is_string(json_object_get(said, "do")) &&
	    (strcmp(text_of(said, "do"), "redirect") != 0 || text_of(said, "to"))) {
		is_known = json_array_append(sim->world.rules, said) == 0;
	}
	if (json_is_object(json_object_get(said, "statuses"))) {
		is_known = json_object_update(sim->world.statuses, json_object_get(said, "statuses")) == 0;
	}
	if (json_is_object(json_object_get(said, "app"))) {
		is_known = json_object_update(sim->world.app, json_object_get(said, "app")) == 0;
	}
	if (json_is_array(json_object_get(said, "tokens"))) {
		json_decref(sim->world.tokens);
		sim->world.tokens = json_incref(json_object_get(said, "tokens"));
		is_known = true;
	}
	if (json_is_array(json_object_get(said, "templates"))) {
		json_decref(sim->world.templates);
		sim->world.templates = json_incref(json_object_get(said, "templates"));
		is_known = true;
	}
	if (json_is_integer(json_object_get(said, "rate"))) {
		sim->world.rate = json_integer_value(json_object_get(said, "rate"));
		is_known = true;
	}
	if (json_is_integer(json_object_get(said, "pair"))) {
		sim->world.pair = json_integer_value(json_object_get(said, "pair"));
		is_known = true;
	}
	world_unlock(&sim->world);
	if (text_of(said, "webhook")) {
		post_set_url(sim->post, text_of(said, "webhook"));
		is_known = true;
	}
	json_decref(said);
	if (is_known) {
		cw_http_answer_json(request, 200, json_object());
	} else {
		cw_http_problem(
			request, 400, "bad_body",
			"{\"do\":\"error|rate-limit|expired-token|drop-before|drop-after|slow|bad-json|gateway|answer|redirect|truncate\"}, "
			"{\"statuses\":{…}}, {\"tokens\":[…]}, {\"templates\":[…]}, {\"rate\":80}, {\"pair\":45}, {\"app\":{…}} or {\"webhook\":\"http://…\"}.");
	}
}

void people_behave_well(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;

	world_lock(&sim->world);
	(void)json_array_clear(sim->world.rules);
	world_unlock(&sim->world);
	cw_http_answer_json(request, 200, json_object());
}

void people_ledger(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	struct post_counts counts;

	post_counts(sim->post, &counts);
	world_lock(&sim->world);
	json_t *answer = json_pack("{s:O, s:O, s:I, s:I, s:I, s:I, s:I}", "messages", sim->world.ledger, "calls",
				   sim->world.calls, "requests", (json_int_t)sim->world.n_requests, "connections",
				   (json_int_t)cw_http_connections(sim->http), "webhooks_posted",
				   (json_int_t)counts.posted, "webhooks_refused", (json_int_t)counts.refused,
				   "webhooks_waiting", (json_int_t)counts.waiting);
	char *text = json_dumps(answer, JSON_COMPACT); /* dumped under the lock, so the lists cannot change meanwhile */

	json_decref(answer);
	world_unlock(&sim->world);
	if (text) {
		cw_http_answer(request, 200, "application/json", text);
	} else {
		cw_http_problem(request, 500, "internal", "The simulator is out of memory.");
	}
	free(text);
}
