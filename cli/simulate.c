/* SPDX-License-Identifier: MIT */
/*
 * convwire simulate: plays customers. Posts webhooks in the Cloud API's format, signed with the directory's own app
 * secret, to its own webhook, so that they take the whole path. Posts only to this machine's configured listener.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <curl/curl.h>

#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/signature.h"
#include "core/text.h"

#define WAMID_BYTES 24

struct simulate_options {
	struct common_options common;
	int64_t rate, count, customers;
	const char *kind, *number;
	bool lists_kinds;
};

struct simulator {
	CURL *curl;
	struct cw_hmac *secret;
	char url[300];
	char number[CW_PHONE_NUMBER_ID_MAX + 1];
	int64_t customers;
	uint64_t random; /* xorshift state: which customer, which kind */
	int64_t n_sent;
	char last_wamid[2 * WAMID_BYTES + 16]; /* target of reactions, replies, edits and revokes */
	char last_echo[2 * WAMID_BYTES + 16];  /* target of statuses */
};

/* ---- the kinds ---- */

static const char *const names[] = { "Ayesha Khan", "Bruno Costa", "Chen Wei", "Dilara Demir", "Emeka Obi", "Freya Lund" };
static const char *const texts[] = { "Hello, is the blue one still there?",
				     "Thank you!",
				     "When do you open tomorrow?",
				     "I paid yesterday, order 4711 🙏",
				     "¿Hay descuento por dos?",
				     "کیا ڈیلیوری ممکن ہے؟" };

/* For variety only, not for secrets. */
static uint64_t next_random(struct simulator *simulator)
{
	uint64_t x = simulator->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return simulator->random = x;
}

static json_t *text_kind(struct simulator *simulator)
{
	return json_pack("{s:s, s:{s:s}}", "type", "text", "text", "body",
			 texts[next_random(simulator) % (sizeof(texts) / sizeof(texts[0]))]);
}

static json_t *media(const char *type, const char *mime, const char *caption)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s, s:s*}}", "type", type, type, "id", "1580000000000001", "mime_type",
			 mime, "sha256", "wvqXMe6n7n1W0zphvLPoLj+s/NtKqmr3zZ7YzTP7xFI=", "caption", caption);
}

static json_t *image_kind(struct simulator *simulator)
{
	(void)simulator;
	return media("image", "image/jpeg", "The one in the window");
}

static json_t *video_kind(struct simulator *simulator)
{
	(void)simulator;
	return media("video", "video/mp4", NULL);
}

static json_t *audio_kind(struct simulator *simulator)
{
	(void)simulator;
	return media("audio", "audio/mpeg", NULL);
}

static json_t *voice_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s, s:b}}", "type", "audio", "audio", "id", "1580000000000002", "mime_type",
			 "audio/ogg; codecs=opus", "voice", 1);
}

static json_t *document_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s, s:s}}", "type", "document", "document", "id", "1580000000000003",
			 "mime_type", "application/pdf", "filename", "Reçu n° 12.pdf");
}

static json_t *sticker_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s, s:b}}", "type", "sticker", "sticker", "id", "1580000000000004",
			 "mime_type", "image/webp", "animated", 0);
}

static json_t *location_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:f, s:f, s:s}}", "type", "location", "location", "latitude", 33.6844, "longitude",
			 73.0479, "name", "Blue Area");
}

static json_t *contacts_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:[{s:{s:s}, s:[{s:s, s:s}]}]}", "type", "contacts", "contacts", "name",
			 "formatted_name", "Sana Malik", "phones", "phone", "+92 300 1234567", "type", "CELL");
}

static json_t *interactive_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:{s:s, s:s}}}", "type", "interactive", "interactive", "type", "button_reply",
			 "button_reply", "id", "yes", "title", "Yes, please");
}

static json_t *button_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s}}", "type", "button", "button", "payload", "stop", "text", "Stop these");
}

static json_t *order_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s, s:[{s:s, s:i, s:f, s:s}]}}", "type", "order", "order", "catalog_id", "800",
			 "text", "Two of these", "product_items", "product_retailer_id", "SKU-1", "quantity", 2,
			 "item_price", 12.5, "currency", "EUR");
}

static json_t *reply_kind(struct simulator *simulator)
{
	return json_pack("{s:s, s:{s:s}, s:{s:s}}", "type", "text", "text", "body", "Yes, that one", "context", "id",
			 simulator->last_wamid);
}

static json_t *reaction_kind(struct simulator *simulator)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "type", "reaction", "reaction", "message_id", simulator->last_wamid,
			 "emoji", "👍");
}

static json_t *unsupported_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:[{s:i, s:s}], s:{s:s}}", "type", "unsupported", "errors", "code", 131051, "title",
			 "Message type unknown", "unsupported", "type", "poll_creation");
}

static json_t *edit_kind(struct simulator *simulator)
{
	return json_pack("{s:s, s:{s:s, s:{s:s, s:{s:s}}}}", "type", "edit", "edit", "original_message_id",
			 simulator->last_wamid, "message", "type", "text", "text", "body",
			 "(edited) I meant the green one");
}

static json_t *revoke_kind(struct simulator *simulator)
{
	return json_pack("{s:s, s:{s:s}}", "type", "revoke", "revoke", "original_message_id", simulator->last_wamid);
}

static json_t *system_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s, s:{s:s, s:s}}", "type", "system", "system", "body",
			 "The customer's security code changed", "type", "customer_identity_changed");
}

static json_t *welcome_kind(struct simulator *simulator)
{
	(void)simulator;
	return json_pack("{s:s}", "type", "request_welcome");
}

/* echo, status and call are kinds of webhook, not of message; they are made below. */
static const struct kind {
	const char *name;
	json_t *(*make)(struct simulator *simulator);
	int weight; /* in the mix */
} kinds[] = {
	{ "text", text_kind, 30 },
	{ "image", image_kind, 5 },
	{ "video", video_kind, 2 },
	{ "audio", audio_kind, 2 },
	{ "voice", voice_kind, 5 },
	{ "document", document_kind, 2 },
	{ "sticker", sticker_kind, 3 },
	{ "location", location_kind, 2 },
	{ "contacts", contacts_kind, 2 },
	{ "interactive", interactive_kind, 3 },
	{ "button", button_kind, 2 },
	{ "order", order_kind, 2 },
	{ "reply", reply_kind, 5 },
	{ "reaction", reaction_kind, 5 },
	{ "unsupported", unsupported_kind, 1 },
	{ "edit", edit_kind, 1 },
	{ "revoke", revoke_kind, 1 },
	{ "system", system_kind, 1 },
	{ "request_welcome", welcome_kind, 1 },
	{ "echo", NULL, 5 },
	{ "status", NULL, 5 },
	{ "call", NULL, 1 },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

static const struct kind *mix(struct simulator *simulator)
{
	int total = 0;

	for (size_t i = 0; i < N_KINDS; i++) {
		total += kinds[i].weight;
	}
	int place = (int)(next_random(simulator) % (uint64_t)total);

	for (size_t i = 0; i < N_KINDS; i++) {
		place -= kinds[i].weight;
		if (place < 0) {
			return &kinds[i];
		}
	}
	return &kinds[0];
}

/* ---- webhooks ---- */

static void make_wamid(char *out, size_t size)
{
	unsigned char bytes[WAMID_BYTES] = { 0 };
	char hex[2 * WAMID_BYTES + 1];

	if (cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		bytes[0] = 0; /* then the server drops it as a duplicate, and says so in its counters */
	}
	cw_text_hex(bytes, sizeof(bytes), hex);
	if (!cw_text_format(out, size, "wamid.SIM%s", hex)) {
		out[0] = '\0'; /* sized for it */
	}
}

static json_t *value_of(struct simulator *simulator, const char *wa_id, const char *name)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:[{s:{s:s}, s:s}]}", "messaging_product", "whatsapp", "metadata",
			 "display_phone_number", "15550100200", "phone_number_id", simulator->number, "contacts",
			 "profile", "name", name, "wa_id", wa_id);
}

static json_t *envelope(const char *field, json_t *value)
{
	return json_pack("{s:s, s:[{s:s, s:[{s:s, s:o}]}]}", "object", "whatsapp_business_account", "entry", "id",
			 "102290129340398", "changes", "field", field, "value", value);
}

static void stamp(json_t *message, const char *key, const char *wa_id, const char *wamid)
{
	(void)json_object_set_new(message, key, json_string(wa_id)); /* without memory the server refuses it */
	(void)json_object_set_new(message, "id", json_string(wamid));
	(void)json_object_set_new(message, "timestamp", json_sprintf("%lld", (long long)(cw_clock_now_ms() / 1000)));
}

static json_t *make_echo(struct simulator *simulator, const char *wa_id, const char *name)
{
	json_t *value = value_of(simulator, wa_id, name);
	json_t *message = json_pack("{s:s, s:s, s:{s:s}}", "from", "15550100200", "type", "text", "text", "body",
				    "Typed on the shop's phone");

	make_wamid(simulator->last_echo, sizeof(simulator->last_echo));
	stamp(message, "to", wa_id, simulator->last_echo);
	(void)json_object_set_new(value, "message_echoes", json_pack("[o]", message));
	return envelope("smb_message_echoes", value);
}

/* One that nobody took. */
static json_t *make_call(struct simulator *simulator, const char *wa_id, const char *name)
{
	json_t *value = value_of(simulator, wa_id, name);
	json_t *call = json_pack("{s:s, s:s, s:s, s:s}", "to", "15550100200", "event", "terminate", "direction",
				 "USER_INITIATED", "status", "FAILED");
	char id[2 * WAMID_BYTES + 16];

	make_wamid(id, sizeof(id));
	stamp(call, "from", wa_id, id);
	(void)json_object_set_new(value, "calls", json_pack("[o]", call));
	return envelope("calls", value);
}

static json_t *make_status(struct simulator *simulator, const char *wa_id, const char *name)
{
	static const char *const words[] = { "sent", "delivered", "read" };
	json_t *value = value_of(simulator, wa_id, name);
	json_t *status = json_pack("{s:s}", "status", words[next_random(simulator) % 3]);

	stamp(status, "recipient_id", wa_id, simulator->last_echo[0] ? simulator->last_echo : "wamid.SIMunknown");
	(void)json_object_set_new(value, "statuses", json_pack("[o]", status));
	return envelope("messages", value);
}

static json_t *make_message(struct simulator *simulator, const struct kind *kind, const char *wa_id, const char *name)
{
	char wamid[2 * WAMID_BYTES + 16];
	json_t *value = value_of(simulator, wa_id, name);
	json_t *message = kind->make(simulator);

	make_wamid(wamid, sizeof(wamid));
	stamp(message, "from", wa_id, wamid);
	if (strcmp(kind->name, "text") == 0 || simulator->last_wamid[0] == '\0') {
		memcpy(simulator->last_wamid, wamid, sizeof(wamid));
	}
	(void)json_object_set_new(value, "messages", json_pack("[o]", message));
	return envelope("messages", value);
}

static json_t *make_webhook(struct simulator *simulator, const struct kind *kind)
{
	uint64_t customer = next_random(simulator) % (uint64_t)simulator->customers;
	const char *name = names[customer % (sizeof(names) / sizeof(names[0]))];
	char wa_id[24];

	if (!cw_text_format(wa_id, sizeof(wa_id), "9234567%05llu", (unsigned long long)customer)) {
		wa_id[0] = '\0'; /* sized for it */
	}
	if (strcmp(kind->name, "echo") == 0) {
		return make_echo(simulator, wa_id, name);
	}
	if (strcmp(kind->name, "status") == 0) {
		return make_status(simulator, wa_id, name);
	}
	if (strcmp(kind->name, "call") == 0) {
		return make_call(simulator, wa_id, name);
	}
	return make_message(simulator, kind, wa_id, name);
}

/* ---- posting ---- */

static size_t ignore_answer(char *data, size_t size, size_t n, void *context)
{
	(void)data;
	(void)context;
	return size * n;
}

static enum cw_status post(struct simulator *simulator, json_t *webhook, struct cw_error *reterr)
{
	char signature[CW_SIGNATURE_TEXT + 1];
	char header[CW_SIGNATURE_TEXT + 40];
	/* ASCII with escapes, as Meta signs it. */
	char *body = webhook ? json_dumps(webhook, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	struct curl_slist *headers = NULL;
	long code = 0;

	json_decref(webhook);
	if (!body || cw_signature_make(simulator->secret, body, strlen(body), signature) != CW_OK ||
	    !cw_text_format(header, sizeof(header), "X-Hub-Signature-256: %s", signature)) {
		free(body);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	headers = curl_slist_append(curl_slist_append(NULL, header), "Content-Type: application/json");
	(void)curl_easy_setopt(simulator->curl, CURLOPT_HTTPHEADER, headers); /* these fail only without memory */
	(void)curl_easy_setopt(simulator->curl, CURLOPT_POSTFIELDS, body);
	CURLcode result = curl_easy_perform(simulator->curl);

	(void)curl_easy_getinfo(simulator->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_slist_free_all(headers);
	free(body);
	if (result != CURLE_OK) {
		return cw_error_set(reterr, CW_BUSY, "%s: %s; is `convwire up` running?", simulator->url,
				    curl_easy_strerror(result));
	}
	if (code != 200) {
		return cw_error_set(reterr, CW_DENIED, "%s answered %ld%s", simulator->url, code,
				    code == 401 ? "; is keys/apps/main.secret the one the daemon started with?" : "");
	}
	return CW_OK;
}

static void pause_until(int64_t due_ms)
{
	int64_t wait_ms = due_ms - cw_clock_monotonic_ms();
	const struct timespec pause = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };

	if (wait_ms > 0) {
		(void)nanosleep(&pause, NULL); /* interrupted: a little early */
	}
}

static int play(struct simulator *simulator, const struct kind *kind, int64_t rate, int64_t count)
{
	int64_t started_ms = cw_clock_monotonic_ms();
	struct cw_error error;

	while (count == 0 || simulator->n_sent < count) {
		pause_until(started_ms + simulator->n_sent * 1000 / rate);
		if (post(simulator, make_webhook(simulator, kind ? kind : mix(simulator)), &error) != CW_OK) {
			return cli_fail(error.status, "%s (after %lld webhooks)", error.text,
					(long long)simulator->n_sent);
		}
		simulator->n_sent++;
	}
	(void)printf("%lld webhooks sent\n", (long long)simulator->n_sent);
	return EX_OK;
}

/* ---- setting up ---- */

static enum cw_status choose_number(const struct simulate_options *options, const struct settings *settings,
				    struct simulator *simulator, struct cw_error *reterr)
{
	const char *number = options->number ? options->number : settings->simulated_number;

	if (number[0] == '\0') {
		return cw_error_set(reterr, CW_INVALID,
				    "no number is marked simulated; name one with --number, but simulated messages will then "
				    "appear among its real conversations");
	}
	if (!cw_phone_number_id_is_valid(number) || !cw_text_copy(simulator->number, sizeof(simulator->number), number)) {
		return cw_error_set(reterr, CW_INVALID, "--number %.40s: a phone_number_id has 1 to 32 digits", number);
	}
	return CW_OK;
}

static enum cw_status load_secret(const char *dir, struct simulator *simulator, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char secret[257];
	enum cw_status status = settings_path(dir, "keys/apps/main.secret", path, sizeof(path), reterr);

	if (status == CW_OK) {
		status = cw_file_read_line(path, secret, sizeof(secret), reterr);
	}
	if (status == CW_OK) {
		simulator->secret = cw_hmac_create(secret, strlen(secret));
		status = simulator->secret ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return status;
}

static enum cw_status set_up(const struct simulate_options *options, struct simulator *simulator, struct cw_error *reterr)
{
	struct settings settings;
	enum cw_status status = cli_settings(options->common.dir, &settings, reterr);

	if (status == CW_OK) {
		status = choose_number(options, &settings, simulator, reterr);
	}
	if (status == CW_OK) {
		status = load_secret(options->common.dir, simulator, reterr);
	}
	simulator->curl = curl_easy_init();
	simulator->random = (uint64_t)cw_clock_now_ms() | 1;
	if (status == CW_OK &&
	    (!simulator->curl || !settings_http_url(&settings, "/webhook", simulator->url, sizeof(simulator->url)))) {
		status = cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	if (status == CW_OK) {
		(void)curl_easy_setopt(simulator->curl, CURLOPT_URL, simulator->url);
		(void)curl_easy_setopt(simulator->curl, CURLOPT_WRITEFUNCTION, ignore_answer);
		(void)curl_easy_setopt(simulator->curl, CURLOPT_NOPROXY, "*");
		(void)curl_easy_setopt(simulator->curl, CURLOPT_USERAGENT, "convwire/" CW_VERSION " simulate");
	}
	settings_finish(&settings);
	return status;
}

static int run(void *input)
{
	const struct simulate_options *options = input;
	struct simulator simulator = { .customers = options->customers };
	struct cw_error error;

	if (options->lists_kinds) {
		for (size_t i = 0; i < N_KINDS; i++) {
			(void)puts(kinds[i].name);
		}
		return EX_OK;
	}
	if (options->kind && !find_kind(options->kind)) {
		return cli_fail(CW_INVALID, "--kind %s: no such kind; --list-kinds lists them", options->kind);
	}
	int code = set_up(options, &simulator, &error) == CW_OK ?
			   play(&simulator, options->kind ? find_kind(options->kind) : NULL, options->rate,
				options->count) :
			   cli_fail(error.status, "%s", error.text);

	curl_easy_cleanup(simulator.curl);
	cw_hmac_destroy(simulator.secret);
	return code;
}

static const struct cli_option rows[] = {
	CLI_NUMBER(struct simulate_options, rate, "rate", "N", 1, 100000, "2", "webhooks per second (2)"),
	CLI_NUMBER(struct simulate_options, count, "count", "N", 1, INT64_MAX / 1000, NULL,
		   "stop after N webhooks (runs until Ctrl-C)"),
	CLI_TEXT(struct simulate_options, kind, 0, "kind", "K", "only this kind, e.g. text, image, echo, status (a mix)"),
	CLI_FLAG(struct simulate_options, lists_kinds, 0, "list-kinds", "print the kinds and exit"),
	CLI_TEXT(struct simulate_options, number, 0, "number", "PHONE_NUMBER_ID",
		 "write to this number (the simulated one)"),
	CLI_NUMBER(struct simulate_options, customers, "customers", "N", 1, 100000, "12",
		   "how many customers to simulate (12)"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run },
	CLI_END_VERBS,
};

const struct cli_command cli_simulate = {
	.name = "simulate",
	.summary = "simulate customers: signed webhooks of every kind",
	.help = "Simulate customers: signed webhooks of every kind.",
	.size = sizeof(struct simulate_options),
	.options = rows,
	.verbs = verbs,
};
