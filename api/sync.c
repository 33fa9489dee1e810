/* SPDX-License-Identifier: MIT */
/*
 * GET /api/v1/sync: the events since a cursor, or a snapshot if the cursor cannot be continued. Each is read in one
 * transaction, so a client that subscribed first misses nothing (docs/protocol.md, "Sync").
 */
#include <string.h>

#include "api/api.h"
#include "core/topic.h"

#define DEFAULT_LIMIT 500
#define MAX_LIMIT 1000
/* The most rows read for one answer, even if the token may see few of them. */
#define MAX_SCANNED 10000

struct gathering {
	const struct api *api;
	const struct cw_token *token;
	bool sees_all, sees_events;
	json_t *events, *gained, *lost;
	size_t limit;
	int64_t n_scanned;
	int64_t last_seq;
	bool is_more;
	bool has_failed;
};

static bool may_see(const struct gathering *gathering, const struct cw_event *event)
{
	if (event->conversation.id[0] == '\0') {
		return gathering->sees_events;
	}
	return api_sees(gathering->api, gathering->token, gathering->sees_all, event->conversation.id,
			event->conversation.assignee);
}

static bool on_event(void *context, const struct cw_event *event)
{
	struct gathering *gathering = context;

	if (json_array_size(gathering->events) == gathering->limit || gathering->n_scanned == MAX_SCANNED) {
		gathering->is_more = true;
		return false;
	}
	gathering->n_scanned++;
	gathering->last_seq = event->seq;
	if (may_see(gathering, event) && json_array_append_new(gathering->events, cw_event_to_json(event)) != 0) {
		gathering->has_failed = true;
		return false;
	}
	return true;
}

/* The topic that tells this token's client how far the log has advanced. */
static json_t *head_topic(const struct gathering *gathering)
{
	struct cw_topic topic = { .kind = gathering->sees_all ? CW_TOPIC_HEAD : CW_TOPIC_FEED };
	char text[CW_TOPIC_MAX + 1];

	memcpy(topic.account, gathering->token->account, sizeof(topic.account));
	memcpy(topic.subject, gathering->token->subject, sizeof(topic.subject));
	return cw_topic_make(&topic, text) == CW_OK ? json_string(text) : json_null();
}

static json_t *frame(const struct gathering *gathering, const struct cw_account *account, int64_t as_of)
{
	return json_pack("{s:s, s:I, s:I, s:O, s:b, s:o, s:O, s:O}", "epoch", account->epoch, "head",
			 (json_int_t)account->head, "as_of", (json_int_t)as_of, "events", gathering->events, "more",
			 gathering->is_more, "head_topic", head_topic(gathering), "gained", gathering->gained, "lost",
			 gathering->lost);
}

static enum cw_status gather_snapshot(struct gathering *gathering, struct cw_reader *reader,
				      const struct cw_account *account, json_t **ret_json, struct cw_error *reterr)
{
	char cursor[CW_LIST_CURSOR_MAX] = "";
	bool is_more = false;
	json_t *rows = api_list_conversations(gathering->api, reader, gathering->token, (int64_t)gathering->limit,
					      cursor, &is_more, reterr);

	if (!rows) {
		return reterr->status;
	}
	json_t *json = frame(gathering, account, account->head);
	json_t *snapshot = json_pack("{s:o, s:s?}", "conversations", rows, "next", is_more ? cursor : NULL);

	if (!json || json_object_set_new(json, "reset", json_true()) != 0 ||
	    json_object_set_new(json, "snapshot", snapshot) != 0) {
		json_decref(json);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	*ret_json = json;
	return CW_OK;
}

static bool on_change(void *context, const char *conversation, bool is_gained)
{
	struct gathering *gathering = context;
	bool is_theirs = cw_access_sees_conversation(gathering->api->access, gathering->token, conversation,
						     gathering->token->subject);

	/* A conversation hidden by a deny rule was never visible, so it is neither gained nor lost. */
	if (is_theirs &&
	    json_array_append_new(is_gained ? gathering->gained : gathering->lost, json_string(conversation)) != 0) {
		gathering->has_failed = true;
	}
	return !gathering->has_failed;
}

/* The conversations that a limited agent gained and lost; complete on every page of the events. */
static enum cw_status gather_changes(struct gathering *gathering, struct cw_reader *reader, int64_t since,
				     struct cw_error *reterr)
{
	const struct cw_token *token = gathering->token;

	return cw_access_is_limited(gathering->api->access, token) ?
		       cw_store_assignment_changes(reader, token->account, token->subject, since, on_change, gathering,
						   reterr) :
		       CW_OK;
}

static enum cw_status gather_events(struct gathering *gathering, struct cw_reader *reader,
				    const struct cw_account *account, int64_t since, json_t **ret_json,
				    struct cw_error *reterr)
{
	gathering->last_seq = since;
	enum cw_status status = cw_store_events_after(reader, gathering->token->account, since, on_event, gathering,
						      reterr);

	if (status == CW_OK) {
		status = gather_changes(gathering, reader, since, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	*ret_json = frame(gathering, account, gathering->is_more ? gathering->last_seq : account->head);
	return *ret_json && !gathering->has_failed ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static bool must_reset(const struct cw_account *account, const char *epoch, int64_t since)
{
	return since < 0 || !epoch || strcmp(epoch, account->epoch) != 0 || since > account->head ||
	       since < account->first_seq - 1;
}

static void answer(struct cw_http_request *request, struct gathering *gathering, struct cw_reader *reader, int64_t since)
{
	struct cw_account account;
	struct cw_error error;
	json_t *json = NULL;
	enum cw_status status = cw_store_account(reader, gathering->token->account, &account, &error);

	if (status == CW_OK && must_reset(&account, cw_http_query(request, "epoch"), since)) {
		status = gather_snapshot(gathering, reader, &account, &json, &error);
	} else if (status == CW_OK) {
		status = gather_events(gathering, reader, &account, since, &json, &error);
	}
	if (status == CW_OK) {
		cw_http_add_header(request, "Cache-Control", "no-store");
		cw_http_answer_json(request, 200, json);
	} else {
		json_decref(json);
		api_store_problem(request, &error);
	}
}

void api_sync(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	int64_t since = 0;
	int64_t limit = 0;

	if (!api_authorize(request, api, &token) || !api_query_int(request, "since", -1, 0, INT64_MAX, &since) ||
	    !api_query_int(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT, &limit)) {
		return;
	}
	struct cw_reader *reader = api_reader(request, api);
	struct gathering gathering = {
		.api = api,
		.token = &token,
		.sees_all = cw_access_sees_all(api->access, &token),
		.sees_events = cw_access_sees_events(api->access, &token),
		.events = json_array(),
		.gained = json_array(),
		.lost = json_array(),
		.limit = (size_t)limit,
	};

	if (reader) {
		answer(request, &gathering, reader, since);
		cw_reader_release(reader);
	}
	if (!gathering.sees_all && api->on_limited_sync) {
		api->on_limited_sync(api->on_limited_sync_context, &token);
	}
	json_decref(gathering.events);
	json_decref(gathering.gained);
	json_decref(gathering.lost);
}
