/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/text.h"

bool api_authorize(struct cw_http_request *request, const struct api *api, struct cw_token *ret_token)
{
	const char *header = cw_http_header(request, "Authorization");

	if (!header || strncasecmp(header, "Bearer ", 7) != 0) {
		cw_http_add_header(request, "WWW-Authenticate", "Bearer");
		cw_http_problem(request, 401, "no_token", "Send the token as Authorization: Bearer <token>.");
		return false;
	}
	return api_verify(request, api, header + 7, ret_token);
}

bool api_verify(struct cw_http_request *request, const struct api *api, const char *text, struct cw_token *ret_token)
{
	struct cw_error error;
	int64_t now_ms = cw_clock_now_ms();
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	enum cw_status status = cw_token_verify(api->keys, text, now_ms, &token, &error);

	if (status == CW_OK && cw_revocations_hit(api->revocations, &token, now_ms / 1000)) {
		status = cw_error_set(&error, CW_DENIED, "the token was revoked");
	}
	if (status != CW_OK) {
		cw_http_add_header(request, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
		cw_http_problem(request, 401, "invalid_token", error.text);
		return false;
	}
	*ret_token = token;
	(void)cw_claim_ref(token.claim); /* the local token's reference is dropped on return */
	return true;
}

bool api_query_int(struct cw_http_request *request, const char *name, int64_t fallback, int64_t min, int64_t max,
		   int64_t *ret_value)
{
	const char *text = cw_http_query(request, name);
	int64_t value = fallback;
	char detail[160];

	if (text && (cw_text_to_int64(text, &value) != CW_OK || value < min || value > max)) {
		if (!cw_text_format(detail, sizeof(detail), "%s must be a whole number from %lld to %lld.", name,
				    (long long)min, (long long)max)) {
			detail[0] = '\0';
		}
		cw_http_problem(request, 400, "bad_parameter", detail);
		return false;
	}
	*ret_value = value;
	return true;
}

struct cw_reader *api_reader(struct cw_http_request *request, const struct api *api)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;

	if (cw_reader_acquire(api->store, &reader, &error) != CW_OK) {
		api_store_problem(request, &error);
		return NULL;
	}
	return reader;
}

struct asked {
	bool exists;
	char assignee[CW_SUBJECT_MAX + 1];
};

static bool on_asked(void *context, const struct cw_conversation *conversation)
{
	struct asked *asked = context;

	asked->exists = true;
	memcpy(asked->assignee, conversation->assignee, sizeof(asked->assignee));
	return false;
}

enum cw_status api_may_command(struct cw_http_request *request, const struct api *api, const struct cw_token *token,
			       const char *conversation)
{
	struct asked asked = { .exists = false };
	struct cw_error error;
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return CW_IO;
	}
	enum cw_status status = cw_store_conversation(reader, conversation, on_asked, &asked, &error);

	cw_reader_release(reader);
	if (status != CW_OK && status != CW_NOT_FOUND) {
		api_store_problem(request, &error);
		return CW_IO;
	}
	if (!cw_access_may_command(api->access, token, conversation, asked.assignee)) {
		return CW_DENIED;
	}
	return asked.exists ? CW_OK : CW_NOT_FOUND;
}

void api_store_problem(struct cw_http_request *request, const struct cw_error *error)
{
	switch (error->status) {
	case CW_NOT_FOUND:
		cw_http_problem(request, 404, "not_found", error->text);
		break;
	case CW_INVALID:
		cw_http_problem(request, 400, "bad_parameter", error->text);
		break;
	case CW_DENIED:
		cw_http_problem(request, 403, "denied", error->text);
		break;
	default:
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "store_unavailable", error->text);
		break;
	}
}

bool api_sees(const struct api *api, const struct cw_token *token, bool sees_all, const char *conversation,
	      const char *assignee)
{
	return sees_all || cw_access_sees_conversation(api->access, token, conversation, assignee);
}
