/* SPDX-License-Identifier: MIT */
/* /api/v1/conversations, /conversations/{id}, /conversations/{id}/messages and /resolve. */
#include <string.h>

#include "api/api.h"
#include "core/text.h"

#define DEFAULT_CONVERSATIONS 100
#define MAX_CONVERSATIONS 500
#define DEFAULT_MESSAGES 50
#define MAX_MESSAGES 200
/* The most rows read for one answer, even if the token may see few of them. */
#define MAX_SCANNED 10000

struct listing {
	const struct api *api;
	const struct cw_token *token;
	bool sees_all;
	json_t *rows;
	size_t limit;
	int64_t n_scanned;
	bool is_more;
	bool has_failed;
};

static bool on_listed(void *context, const struct cw_conversation *conversation)
{
	struct listing *listing = context;

	listing->n_scanned++;
	if (api_sees(listing->api, listing->token, listing->sees_all, conversation->id, conversation->assignee) &&
	    json_array_append_new(listing->rows, cw_conversation_to_json(conversation)) != 0) {
		listing->has_failed = true;
		return false;
	}
	listing->is_more = json_array_size(listing->rows) == listing->limit || listing->n_scanned == MAX_SCANNED;
	return !listing->is_more;
}

json_t *api_list_conversations(const struct api *api, struct cw_reader *reader, const struct cw_token *token,
			       int64_t limit, char cursor[CW_LIST_CURSOR_MAX], bool *ret_is_more, struct cw_error *reterr)
{
	struct listing listing = { .api = api,
				   .token = token,
				   .sees_all = cw_access_sees_all(api->access, token),
				   .rows = json_array(),
				   .limit = (size_t)limit };
	/* A limited agent may have ten conversations out of a million, so the query filters by assignee. */
	const char *assignee = cw_access_is_limited(api->access, token) ? token->subject : NULL;
	enum cw_status status = cw_store_conversations(reader, token->account, assignee, cursor, on_listed, &listing,
						       reterr);

	if (status == CW_OK && (listing.has_failed || !listing.rows)) {
		status = cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	if (status != CW_OK) {
		json_decref(listing.rows);
		return NULL;
	}
	*ret_is_more = listing.is_more;
	return listing.rows;
}

void api_conversations(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *from = cw_http_query(request, "cursor");
	char cursor[CW_LIST_CURSOR_MAX];
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	struct cw_error error;
	int64_t limit = 0;
	bool is_more = false;

	if (!api_authorize(request, api, &token) ||
	    !api_query_int(request, "limit", DEFAULT_CONVERSATIONS, 1, MAX_CONVERSATIONS, &limit)) {
		return;
	}
	if (!cw_text_copy(cursor, sizeof(cursor), from ? from : "")) {
		cw_http_problem(request, 400, "bad_parameter", "cursor was not returned by this list.");
		return;
	}
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return;
	}
	json_t *rows = api_list_conversations(api, reader, &token, limit, cursor, &is_more, &error);

	cw_reader_release(reader);
	if (rows) {
		cw_http_answer_json(request, 200,
				    json_pack("{s:o, s:s?}", "conversations", rows, "next", is_more ? cursor : NULL));
	} else {
		api_store_problem(request, &error);
	}
}

struct one {
	const struct api *api;
	const struct cw_token *token;
	json_t *row;
	bool is_seen;
};

static bool on_conversation(void *context, const struct cw_conversation *conversation)
{
	struct one *one = context;

	one->is_seen = cw_access_sees_conversation(one->api->access, one->token, conversation->id,
						   conversation->assignee);
	one->row = one->is_seen ? cw_conversation_to_json(conversation) : NULL;
	return true;
}

/*
 * Reads the path's conversation. One that the token may not see is answered as missing, so that nobody can find out
 * which customers another team has.
 */
static enum cw_status read_one(struct cw_http_request *request, struct cw_reader *reader, struct one *one,
			       struct cw_error *reterr)
{
	enum cw_status status = cw_store_conversation(reader, cw_http_level(request, 0), on_conversation, one, reterr);

	if (status == CW_OK && !one->is_seen) {
		return cw_error_set(reterr, CW_NOT_FOUND, "no such conversation");
	}
	return status == CW_OK && !one->row ? cw_error_set(reterr, CW_NOMEM, "out of memory") : status;
}

void api_conversation(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	struct cw_error error;
	struct one one = { .api = api, .token = &token };

	if (!api_authorize(request, api, &token)) {
		return;
	}
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return;
	}
	enum cw_status status = read_one(request, reader, &one, &error);

	cw_reader_release(reader);
	if (status == CW_OK) {
		cw_http_answer_json(request, 200, one.row);
	} else {
		api_store_problem(request, &error);
	}
}

/* ---- starting a conversation ---- */

/* Would the token's role let it write to a customer of this number, if the conversation were assigned to it? */
static bool may_begin(const struct api *api, const struct cw_token *token, const char *phone_number_id)
{
	char id[CW_CONVERSATION_ID_MAX + 1];

	return cw_conversation_id_make(token->account, phone_number_id, "0", id) == CW_OK &&
	       cw_access_may_command(api->access, token, id, token->subject);
}

static void answer_begun(struct cw_http_request *request, const struct api *api, const struct cw_token *token,
			 const struct cw_store_mint *mint)
{
	struct one one = { .api = api, .token = token };
	struct cw_error error;
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return;
	}
	enum cw_status status = cw_store_conversation(reader, mint->conversation, on_conversation, &one, &error);

	cw_reader_release(reader);
	if (status == CW_OK && !one.is_seen) {
		status = cw_error_set(&error, CW_DENIED, "you may not see this customer's conversation");
	}
	if (status == CW_OK) {
		cw_http_answer_json(request, mint->is_new ? 201 : 200, one.row);
	} else {
		api_store_problem(request, &error);
	}
}

/* POST {"phone_number_id","customer"}: answers 201 with the new conversation, or 200 with the existing one. */
void api_begin_conversation(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *body = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	const char *phone_number_id = json_string_value(json_object_get(body, "phone_number_id"));
	const char *customer = json_string_value(json_object_get(body, "customer"));
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };

	if (!api_authorize(request, api, &token)) {
		json_decref(body);
		return;
	}
	if (!phone_number_id || !customer || json_object_size(body) != 2) {
		cw_http_problem(request, 400, "bad_body",
				"The body must be {\"phone_number_id\":\"…\",\"customer\":\"+…\"}, both strings.");
	} else if (!may_begin(api, &token, phone_number_id)) {
		cw_http_problem(request, 403, "denied", "The token's role may not write to customers of this number.");
	} else {
		struct cw_store_op op = {
			.type = CW_STORE_MINT,
			.mint = { .account = token.account,
				  .phone_number_id = phone_number_id,
				  .customer = customer,
				  .claimant = cw_access_is_limited(api->access, &token) ? token.subject : NULL },
		};

		if (cw_store_run(api->store, &op) == CW_OK) {
			answer_begun(request, api, &token, &op.mint);
		} else {
			api_store_problem(request, &op.error);
		}
	}
	json_decref(body);
}

/* A page of a thread, newest first. */
struct page {
	const struct api *api;
	const struct cw_token *token;
	const char *assignee; /* of the conversation and of all that were merged into it */
	json_t *messages;
	int64_t last_position, n_seen; /* of the current reading */
	bool is_oldest_first;          /* it reads from old to new */
	bool sees_all, has_failed;
};

/* What was asked for: the newest messages, or those before or after a position, or those around a message. */
struct page_query {
	int64_t before, after, limit;
	const char *around;
};

static bool on_message(void *context, const struct cw_message *message)
{
	struct page *page = context;

	page->last_position = message->position;
	page->n_seen++;
	/* A conversation that was merged into this one may be denied by its own id. */
	if (!api_sees(page->api, page->token, page->sees_all, message->conversation, page->assignee)) {
		return true;
	}
	json_t *json = cw_message_to_json(message);

	page->has_failed = page->is_oldest_first ? json_array_insert_new(page->messages, 0, json) != 0 :
						   json_array_append_new(page->messages, json) != 0;
	return !page->has_failed;
}

/* NULL if the last reading has come to the end of the thread; else where the next page begins. */
static json_t *next_position(const struct page *page, int64_t limit)
{
	return page->n_seen >= limit ? json_integer(page->last_position) : json_null();
}

/* The page from the older end up. *ret_newer: the `after` of the next page, or null. */
static enum cw_status read_oldest_first(struct cw_reader *reader, const char *conversation, struct page *page,
					int64_t after, int64_t limit, json_t **ret_newer, struct cw_error *reterr)
{
	page->n_seen = 0;
	page->last_position = after; /* of an empty page, too */
	page->is_oldest_first = true;
	enum cw_status status = cw_store_messages_after(reader, conversation, after, limit, on_message, page, reterr);

	*ret_newer = next_position(page, limit);
	return status;
}

/* Fills page; *ret_next and *ret_newer are new references, and *ret_newer stays NULL for pages that are read downwards. */
static enum cw_status read_page(struct cw_reader *reader, const char *conversation, struct page *page,
				const struct page_query *query, json_t **ret_next, json_t **ret_newer,
				struct cw_error *reterr)
{
	int64_t position = 0;
	int64_t n_older = query->limit / 2 + 1; /* with the message itself */
	enum cw_status status = CW_OK;

	if (query->after >= 0) {
		*ret_next = json_integer(query->after + 1);
		return read_oldest_first(reader, conversation, page, query->after, query->limit, ret_newer, reterr);
	}
	if (!query->around) {
		status = cw_store_messages(reader, conversation, query->before, query->limit, on_message, page, reterr);
		*ret_next = next_position(page, query->limit);
		return status;
	}
	status = cw_store_message_position(reader, conversation, query->around, &position, reterr);
	if (status == CW_OK) {
		status = cw_store_messages(reader, conversation, position + 1, n_older, on_message, page, reterr);
		*ret_next = next_position(page, n_older);
	}
	return status == CW_OK ? read_oldest_first(reader, conversation, page, position, query->limit - n_older,
						   ret_newer, reterr) :
				 status;
}

static bool read_query(struct cw_http_request *request, struct page_query *query)
{
	query->around = cw_http_query(request, "around");
	if (!api_query_int(request, "before", INT64_MAX, 0, INT64_MAX, &query->before) ||
	    !api_query_int(request, "after", -1, 0, INT64_MAX, &query->after) ||
	    !api_query_int(request, "limit", DEFAULT_MESSAGES, 1, MAX_MESSAGES, &query->limit)) {
		return false;
	}
	if ((query->around != NULL) + (query->after >= 0) + (query->before != INT64_MAX) > 1) {
		cw_http_problem(request, 400, "bad_parameter", "Give only one of before, after and around.");
		return false;
	}
	return true;
}

static void answer_page(struct cw_http_request *request, struct page *page, const struct page_query *query)
{
	struct one one = { .api = page->api, .token = page->token };
	struct cw_reader *reader = api_reader(request, page->api);
	json_t *next = NULL;
	json_t *newer = NULL;
	struct cw_error error;

	if (!reader) {
		return;
	}
	enum cw_status status = read_one(request, reader, &one, &error);
	const char *assignee = json_string_value(json_object_get(one.row, "assignee"));

	page->assignee = assignee ? assignee : "";
	if (status == CW_OK) {
		status = read_page(reader, cw_http_level(request, 0), page, query, &next, &newer, &error);
	}
	cw_reader_release(reader);
	json_decref(one.row);
	if (status == CW_OK && page->has_failed) {
		status = cw_error_set(&error, CW_NOMEM, "out of memory");
	}
	if (status == CW_OK) {
		cw_http_answer_json(
			request, 200,
			json_pack("{s:O, s:O, s:O*}", "messages", page->messages, "next", next, "newer", newer));
	} else {
		api_store_problem(request, &error);
	}
	json_decref(next);
	json_decref(newer);
}

void api_messages(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	struct page_query query;

	if (!api_authorize(request, api, &token) || !read_query(request, &query)) {
		return;
	}
	struct page page = { .api = api,
			     .token = &token,
			     .messages = json_array(),
			     .sees_all = cw_access_sees_all(api->access, &token) };

	answer_page(request, &page, &query);
	json_decref(page.messages);
}

/* ---- resolve ---- */

struct resolving {
	const struct api *api;
	const struct cw_token *token;
	json_t *matches;
	json_t *compared;
};

static bool on_match(void *context, const struct cw_conversation *conversation, const char *matched_by)
{
	struct resolving *resolving = context;

	if (cw_access_sees_conversation(resolving->api->access, resolving->token, conversation->id,
					conversation->assignee)) {
		(void)json_array_append_new(resolving->matches,
					    json_pack("{s:s, s:s, s:s}", "conversation", conversation->id, "tag",
						      conversation->tag, "matched_by", matched_by));
	}
	return true;
}

static void on_compared(void *context, const char *line)
{
	struct resolving *resolving = context;

	(void)json_array_append_new(resolving->compared, json_string(line));
}

void api_resolve(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *id = cw_http_query(request, "id");
	const char *phone_number_id = cw_http_query(request, "phone_number_id");
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	struct cw_error error;

	if (!api_authorize(request, api, &token)) {
		return;
	}
	if (!id) {
		id = cw_http_query(request, "customer");
	}
	if (!id || strlen(id) > CW_CONVERSATION_ID_MAX) {
		cw_http_problem(request, 400, "bad_parameter",
				"Specify what to resolve: ?id=, or ?phone_number_id= and &customer=.");
		return;
	}
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return;
	}
	struct resolving resolving = { .api = api, .token = &token, .matches = json_array(), .compared = json_array() };
	const struct cw_resolve_sink sink = { .on_match = on_match, .on_compared = on_compared, .context = &resolving };
	enum cw_status status = cw_store_resolve(reader, token.account, id, phone_number_id, &sink, &error);

	cw_reader_release(reader);
	if (status == CW_OK) {
		cw_http_answer_json(
			request, 200,
			json_pack("{s:o, s:o}", "matches", resolving.matches, "compared_with", resolving.compared));
	} else {
		json_decref(resolving.matches);
		json_decref(resolving.compared);
		api_store_problem(request, &error);
	}
}
