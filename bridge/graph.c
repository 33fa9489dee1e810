/* SPDX-License-Identifier: MIT */
#include "bridge/graph.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge.h"
#include "core/content.h"
#include "core/memory.h"
#include "core/text.h"

#define HTTP_TOO_MANY_REQUESTS 429
#define CONNECT_TIMEOUT_MS 10000L
/* Servers close kept connections after 15 seconds or more; one that is closing must not be used. */
#define CONNECTION_AGE_S 12L
#define MAX_HOST_CONNECTIONS 64L
#define MAX_KEPT_CONNECTIONS 64L

/* ---- a call ---- */

static size_t give_body(char *out, size_t size, size_t n, void *context)
{
	struct graph_call *call = context;
	size_t left = call->body_len - call->n_given;
	size_t given = size * n < left ? size * n : left;

	memcpy(out, call->body + call->n_given, given);
	call->n_given += given;
	return given;
}

static size_t take_answer(char *data, size_t size, size_t n, void *context)
{
	struct graph_call *call = context;

	return cw_buf_append(&call->answer, data, size * n) == CW_OK ? size * n : 0; /* too long: the call fails */
}

static bool add_header(struct graph_call *call, const char *text)
{
	struct curl_slist *longer = curl_slist_append(call->headers, text);

	call->headers = longer ? longer : call->headers;
	return longer != NULL;
}

static bool add_headers(struct graph_call *call, const char *token)
{
	char authorization[1100];

	/* An empty Expect header avoids a pause before the body. */
	return cw_text_format(authorization, sizeof(authorization), "Authorization: Bearer %s", token) &&
	       add_header(call, authorization) && add_header(call, "Expect:") &&
	       (!call->body || add_header(call, "Content-Type: application/json"));
}

/* These fail only when out of memory, and then the transfer fails, too. */
static void set_options(struct graph_call *call, const char *method, const char *url, int64_t timeout_ms)
{
	CURL *easy = call->easy;

	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE_S);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "convwire/" CW_VERSION);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	if (strcmp(method, "POST") == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, call);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
	}
}

enum cw_status graph_call_init(struct graph_call *call, const char *method, const char *url, const char *token,
			       char *body, int64_t timeout_ms, void *owner)
{
	*call = (struct graph_call){ .easy = curl_easy_init(), .body = body, .owner = owner };
	call->body_len = body ? strlen(body) : 0;
	cw_buf_init(&call->answer, GRAPH_MAX_ANSWER);
	if (!call->easy || !add_headers(call, token)) {
		graph_call_finish(call);
		return CW_NOMEM;
	}
	set_options(call, method, url, timeout_ms);
	return CW_OK;
}

enum cw_status graph_call_message(struct graph_call *call, const struct bridge_options *options,
				  const char *phone_number_id, const char *token, char *body, void *owner)
{
	char url[600];

	if (!body || !cw_text_format(url, sizeof(url), "%s/%s/messages", options->graph_url, phone_number_id)) {
		free(body);
		return body ? CW_INVALID : CW_NOMEM;
	}
	return graph_call_init(call, "POST", url, token, body, options->request_timeout_ms, owner);
}

void graph_call_finish(struct graph_call *call)
{
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	free(call->body);
	cw_buf_finish(&call->answer);
	*call = (struct graph_call){ .easy = NULL };
}

struct graph_call *graph_call_of(CURL *easy)
{
	char *call = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call); /* set above */
	return (struct graph_call *)(void *)call;
}

struct graph_call *graph_next_done(CURLM *multi)
{
	int left = 0;
	CURLMsg *message = NULL;

	while ((message = curl_multi_info_read(multi, &left))) {
		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		struct graph_call *call = graph_call_of(message->easy_handle);

		call->result = message->data.result;
		(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->http_status);
		(void)curl_multi_remove_handle(multi, call->easy); /* this invalidates message */
		return call;
	}
	return NULL;
}

CURLM *graph_multi(void)
{
	CURLM *multi = curl_multi_init();

	if (multi) {
		(void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_HOST_CONNECTIONS);
		(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	}
	return multi;
}

/* ---- the request ---- */

/* `media` is our id of the file, if it has one; WhatsApp's goes into `id`. */
static json_t *file_object(const struct cw_outbound *outbound, json_t *content)
{
	json_t *object = json_deep_copy(content);
	enum cw_message_kind kind;
	json_t *file = cw_content_file(outbound->kind, object, &kind);

	(void)json_object_del(file, "media"); /* missing if it has a link instead */
	if (file && outbound->uploaded_as && json_object_set_new(file, "id", json_string(outbound->uploaded_as)) != 0) {
		json_decref(object);
		return NULL;
	}
	if (outbound->kind == CW_KIND_VOICE) {
		(void)json_object_set_new(object, "voice", json_true()); /* if out of memory, it is sent as an audio file */
	}
	return object;
}

/* The value of the member that is named like the type. */
static json_t *type_object(const struct cw_outbound *outbound, json_t *content)
{
	const char *emoji = NULL;
	enum cw_message_kind kind;

	switch (outbound->kind) {
	case CW_KIND_CONTACTS:
		return json_incref(json_object_get(content, "contacts"));
	case CW_KIND_REACTION:
		emoji = json_string_value(json_object_get(content, "emoji"));
		return json_pack("{s:s, s:s}", "message_id", outbound->target_wamid, "emoji", emoji ? emoji : "");
	default:
		return cw_content_file(outbound->kind, content, &kind) ? file_object(outbound, content) :
									 json_incref(content);
	}
}

/*
 * With a plus, a number is international; without, Meta may prepend the business's country code ("Send messages",
 * Phone number formats).
 */
static bool add_recipient(const struct cw_outbound *outbound, json_t *request)
{
	if (outbound->group_id) {
		return json_object_set_new(request, "recipient_type", json_string("group")) == 0 &&
		       json_object_set_new(request, "to", json_string(outbound->group_id)) == 0;
	}
	if (json_object_set_new(request, "recipient_type", json_string("individual")) != 0) {
		return false;
	}
	return outbound->wa_id ? json_object_set_new(request, "to", json_sprintf("+%s", outbound->wa_id)) == 0 :
				 json_object_set_new(request, "recipient", json_string(outbound->user_id)) == 0;
}

static json_t *make_request(const struct cw_outbound *outbound, const char *quoted, const json_t *body, const char *mark)
{
	const char *type = outbound->kind == CW_KIND_VOICE ? "audio" : cw_message_kind_text(outbound->kind);
	json_t *request = json_pack("{s:s, s:s, s:o, s:s}", "messaging_product", "whatsapp", "type", type, type,
				    type_object(outbound, json_object_get(body, "content")), "biz_opaque_callback_data",
				    mark);

	bool is_whole = request && (!quoted[0] || json_object_set_new(request, "context",
								      json_pack("{s:s}", "message_id", quoted)) == 0);

	if (!is_whole || !add_recipient(outbound, request)) {
		json_decref(request);
		return NULL;
	}
	return request;
}

static const char *fault_of(const struct cw_outbound *outbound)
{
	if (!outbound->wa_id && !outbound->user_id && !outbound->group_id) {
		return "The customer no longer has this number, and no other is known.";
	}
	return outbound->kind == CW_KIND_REACTION && !outbound->target_wamid ?
		       "The message that this reaction is for never reached WhatsApp." :
		       NULL;
}

static char *dump(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *graph_render(const struct cw_outbound *outbound, const char *quoted, const char **ret_why)
{
	char mark[CW_OUTBOUND_MARK_MAX];

	cw_memory_watch(); /* a customer must not get half of a text */
	json_t *body = json_loads(outbound->body, 0, NULL);

	*ret_why = fault_of(outbound);
	if (!*ret_why && !json_is_object(body) && !cw_memory_ran_out()) {
		*ret_why = "The stored message cannot be read.";
	}
	if (*ret_why || !body || !cw_outbound_mark_make(outbound->message, outbound->attempt, mark)) {
		json_decref(body);
		return NULL;
	}
	char *text = dump(make_request(outbound, quoted, body, mark));

	json_decref(body);
	if (cw_memory_ran_out()) {
		free(text);
		return NULL;
	}
	return text;
}

char *graph_render_signal(const struct cw_signal *signal)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "messaging_product", "whatsapp", "status", "read", "message_id",
				    signal->wamid);

	if (request && signal->is_typing &&
	    json_object_set_new(request, "typing_indicator", json_pack("{s:s}", "type", "text")) != 0) {
		json_decref(request);
		return NULL;
	}
	return dump(request);
}

/* ---- the answer ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && text[0] ? text : NULL;
}

static bool read_accepted(const json_t *json, struct graph_answer *answer)
{
	const json_t *message = json_array_get(json_object_get(json, "messages"), 0);
	const json_t *contact = json_array_get(json_object_get(json, "contacts"), 0);

	answer->wamid = text_of(message, "id");
	answer->wa_id = text_of(contact, "wa_id");
	if (!answer->wamid || strlen(answer->wamid) > CW_WAMID_MAX) {
		return false;
	}
	answer->verdict = GRAPH_ACCEPTED;
	return true;
}

/* Integers come as texts from some versions. */
static bool read_int(const json_t *member, int *ret_value)
{
	int64_t value = json_integer_value(member);
	bool is_read = json_is_integer(member) || cw_text_to_int64(json_string_value(member), &value) == CW_OK;

	if (!is_read || value < 0 || value > INT_MAX) {
		return false;
	}
	*ret_value = (int)value;
	return true;
}

bool graph_read_said(const json_t *json, long http_status, struct cw_graph_said *ret_said)
{
	const json_t *error = json_object_get(json, "error");
	struct cw_graph_said said = { .http_status = (int)http_status,
				      .is_transient = json_is_true(json_object_get(error, "is_transient")) };

	if (!read_int(json_object_get(error, "code"), &said.code)) {
		return false;
	}
	(void)read_int(json_object_get(error, "error_subcode"), &said.subcode); /* most errors have none */
	*ret_said = said;
	return true;
}

static bool read_error(const json_t *json, long http_status, struct graph_answer *answer)
{
	const json_t *error = json_object_get(json, "error");

	if (!graph_read_said(json, http_status, &answer->said)) {
		return false;
	}
	answer->verdict = GRAPH_ERROR;
	answer->title = text_of(error, "message");
	answer->details = text_of(json_object_get(error, "error_data"), "details");
	return true;
}

void graph_judge(const struct graph_call *call, struct graph_answer *ret_answer)
{
	const char *bytes = call->answer.data ? call->answer.data : "";

	*ret_answer = (struct graph_answer){ .verdict = GRAPH_AMBIGUOUS };
	if (call->result != CURLE_OK) {
		ret_answer->verdict = call->n_given > 0 ? GRAPH_AMBIGUOUS : GRAPH_UNREACHED;
		ret_answer->title = curl_easy_strerror(call->result);
		return;
	}
	ret_answer->json = json_loadb(bytes, call->answer.len, 0, NULL);
	if (read_error(ret_answer->json, call->http_status, ret_answer) || read_accepted(ret_answer->json, ret_answer)) {
		return;
	}
	ret_answer->verdict = GRAPH_AMBIGUOUS;
	ret_answer->title = "the answer is not one of the Graph API";
	if (call->http_status == HTTP_TOO_MANY_REQUESTS) { /* from a gateway: the message was not taken */
		ret_answer->verdict = GRAPH_ERROR;
		ret_answer->said = (struct cw_graph_said){ .code = CW_GRAPH_CODE_THROTTLED };
		ret_answer->title = "Too many requests";
	}
}

void graph_answer_finish(struct graph_answer *answer)
{
	json_decref(answer->json);
	*answer = (struct graph_answer){ .json = NULL };
}
