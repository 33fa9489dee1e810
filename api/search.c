/* SPDX-License-Identifier: MIT */
/* GET /api/v1/search: customers by name or number, messages by their visible text. */
#include <string.h>

#include "api/api.h"

#define MAX_TEXT_BYTES 200
#define DEFAULT_MATCHES 30
#define MAX_MATCHES 100
/* The most rows read for one answer, even if the token may see few of them. */
#define MAX_SCANNED 10000

struct finding {
	const struct api *api;
	const struct cw_token *token;
	bool sees_all;
	json_t *conversations, *messages;
	size_t limit;
	int64_t n_scanned, last_row;
	bool is_more, has_failed;
	bool is_seen; /* the one conversation that is searched */
};

static bool may_see(struct finding *finding, const struct cw_conversation *conversation)
{
	finding->n_scanned++;
	return api_sees(finding->api, finding->token, finding->sees_all, conversation->id, conversation->assignee);
}

static bool on_conversation(void *context, const struct cw_conversation *conversation)
{
	struct finding *finding = context;

	if (may_see(finding, conversation) &&
	    json_array_append_new(finding->conversations, cw_conversation_to_json(conversation)) != 0) {
		finding->has_failed = true;
	}
	return !finding->has_failed && finding->n_scanned < MAX_SCANNED &&
	       json_array_size(finding->conversations) < finding->limit;
}

static bool on_message(void *context, const struct cw_conversation *conversation, const struct cw_message *message,
		       int64_t row)
{
	struct finding *finding = context;

	finding->last_row = row;
	if (may_see(finding, conversation)) {
		json_t *match = json_pack("{s:o, s:o}", "conversation", cw_conversation_to_json(conversation),
					  "message", cw_message_to_json(message));

		finding->has_failed = json_array_append_new(finding->messages, match) != 0;
	}
	finding->is_more = json_array_size(finding->messages) == finding->limit || finding->n_scanned >= MAX_SCANNED;
	return !finding->has_failed && !finding->is_more;
}

static bool on_searched(void *context, const struct cw_conversation *conversation)
{
	struct finding *finding = context;

	/* Without the shortcut for those who see all: the id may be another account's. */
	finding->is_seen = cw_access_sees_conversation(finding->api->access, finding->token, conversation->id,
						       conversation->assignee);
	return false;
}

/* Customers are only on the first page, and not if a conversation is searched. */
static enum cw_status find(struct cw_reader *reader, const struct cw_search *search, int64_t before,
			   struct finding *finding, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;

	if (before == INT64_MAX && !search->conversation) {
		status = cw_store_search_conversations(reader, search, on_conversation, finding, reterr);
		finding->n_scanned = 0;
	}
	if (status == CW_OK && !finding->has_failed) {
		status = cw_store_search_messages(reader, search, before, on_message, finding, reterr);
	}
	return status == CW_OK && finding->has_failed ? cw_error_set(reterr, CW_NOMEM, "out of memory") : status;
}

static void answer(struct cw_http_request *request, struct finding *finding, const struct cw_search *search,
		   int64_t before)
{
	struct cw_error error;
	struct cw_reader *reader = api_reader(request, finding->api);

	if (!reader) {
		return;
	}
	finding->conversations = json_array();
	finding->messages = json_array();
	enum cw_status status = CW_OK;

	if (search->conversation) {
		status = cw_store_conversation(reader, search->conversation, on_searched, finding, &error);
		if (status == CW_OK && !finding->is_seen) { /* as if it did not exist: nobody learns of others' customers */
			status = cw_error_set(&error, CW_NOT_FOUND, "no such conversation");
		}
	}
	if (status == CW_OK) {
		status = find(reader, search, before, finding, &error);
	}

	cw_reader_release(reader);
	if (status == CW_OK) {
		json_t *next = finding->is_more ? json_integer(finding->last_row) : json_null();

		cw_http_answer_json(request, 200,
				    json_pack("{s:O, s:O, s:o}", "conversations", finding->conversations, "messages",
					      finding->messages, "next", next));
	} else {
		api_store_problem(request, &error);
	}
	json_decref(finding->conversations);
	json_decref(finding->messages);
}

void api_search(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *text = cw_http_query(request, "q");
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	int64_t limit = 0;
	int64_t before = 0;

	if (!api_authorize(request, api, &token) ||
	    !api_query_int(request, "limit", DEFAULT_MATCHES, 1, MAX_MATCHES, &limit) ||
	    !api_query_int(request, "before", INT64_MAX, 1, INT64_MAX, &before)) {
		return;
	}
	if (!text || text[0] == '\0' || strlen(text) > MAX_TEXT_BYTES) {
		cw_http_problem(request, 400, "bad_parameter", "Say what to search for: ?q=, at most 200 bytes.");
		return;
	}
	const struct cw_search search = { .account = token.account,
					  .text = text,
					  .conversation = cw_http_query(request, "conversation"),
					  .assignee = cw_access_is_limited(api->access, &token) ? token.subject : NULL };
	struct finding finding = {
		.api = api, .token = &token, .sees_all = cw_access_sees_all(api->access, &token), .limit = (size_t)limit
	};

	answer(request, &finding, &search, before);
}
