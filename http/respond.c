/* SPDX-License-Identifier: MIT */
/* Answers: those of handlers, and those given to pages before any handler runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "http/http_private.h"
#include "http/origin.h"
#include "http/range.h"

#define UNKNOWN_TYPE "application/octet-stream"
#define API_PATH "/api/"

static const char *const of_files[] = { "Cache-Control", "Content-Disposition", "Content-Encoding",
					"Content-Security-Policy", "Vary" };

bool respond_is_done(struct cw_http_request *request)
{
	return atomic_load_explicit(&request->is_answered, memory_order_acquire);
}

void cw_http_add_header(struct cw_http_request *request, const char *name, const char *value)
{
	answer_add_header(&request->answer, name, value);
}

bool cw_http_takes_gzip(struct cw_http_request *request)
{
	return answer_takes_gzip(cw_http_header(request, "Accept-Encoding"));
}

/* Takes ownership of text; NULL, when out of memory, answers 500. */
static void answer_with(struct cw_http_request *request, int code, const char *content_type, char *text)
{
	struct answer *answer = &request->answer;

	if (respond_is_done(request)) {
		free(text);
		return;
	}
	answer->code = text ? code : 500;
	answer->text = text ? text : calloc(1, 1);
	answer->len = strlen(answer->text);
	if (!cw_text_copy(answer->content_type, sizeof(answer->content_type), content_type)) {
		memcpy(answer->content_type, UNKNOWN_TYPE, sizeof(UNKNOWN_TYPE));
	}
	bool must_resume = request->is_deferred;

	atomic_store_explicit(&request->is_answered, true, memory_order_release);
	if (must_resume) {
		http_resume(request); /* from here on, the request may no longer exist */
	}
}

void cw_http_answer(struct cw_http_request *request, int code, const char *content_type, const char *text)
{
	answer_with(request, code, content_type, strdup(text));
}

/* Removes the file's headers, which do not apply to the problem document. */
static void answer_range_outside(struct cw_http_request *request, int64_t len)
{
	char header[64];

	for (size_t i = 0; i < sizeof(of_files) / sizeof(of_files[0]); i++) {
		answer_remove_header(&request->answer, of_files[i]);
	}
	(void)snprintf(header, sizeof(header), "bytes */%lld", (long long)len); /* fits */
	cw_http_add_header(request, "Content-Range", header);
	cw_http_problem(request, 416, "range_outside", "This range starts beyond the end of the file.");
}

void cw_http_answer_file(struct cw_http_request *request, const char *content_type, int fd, int64_t len, const char *etag)
{
	const char *asked = request->is_get ? cw_http_header(request, "Range") : NULL; /* RFC 9110, section 14.2 */
	struct range range = { .len = len };
	char header[96];
	enum range_verdict verdict = range_judge(asked, cw_http_header(request, "If-Range"), etag, len, &range);
	bool is_cached = range_is_cached(cw_http_header(request, "If-None-Match"), etag);

	if (respond_is_done(request)) {
		(void)close(fd); /* only read from */
		return;
	}
	if (verdict == RANGE_OUTSIDE && !is_cached) {
		(void)close(fd); /* only read from */
		answer_range_outside(request, len);
		return;
	}
	cw_http_add_header(request, "ETag", etag);
	cw_http_add_header(request, "Accept-Ranges", "bytes");
	if (verdict == RANGE_PART && !is_cached) {
		(void)snprintf(header, sizeof(header), "bytes %lld-%lld/%lld", (long long)range.offset,
			       (long long)(range.offset + range.len - 1), (long long)len); /* fits */
		cw_http_add_header(request, "Content-Range", header);
	}
	request->answer.fd = fd;
	request->answer.file_offset = is_cached ? 0 : range.offset;
	request->answer.file_len = is_cached ? len : range.len; /* a 304 states the length but sends no body */
	request->answer.has_file = true;
	answer_with(request, is_cached ? 304 : verdict == RANGE_PART ? 206 : 200, content_type, calloc(1, 1));
}

void cw_http_answer_json(struct cw_http_request *request, int code, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	answer_with(request, code, "application/json", text);
}

void cw_http_problem(struct cw_http_request *request, int code, const char *type, const char *detail)
{
	json_t *json = json_pack("{s:s+, s:s, s:i, s:s}", "type", "urn:convwire:problem:", type, "title", type,
				 "status", code, "detail", detail);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (code == 401) {
		cw_http_add_header(request, "WWW-Authenticate", "Bearer"); /* a MUST; a header set by the handler wins */
	}
	answer_with(request, code, "application/problem+json", text);
}

void cw_http_drop(struct cw_http_request *request)
{
	request->is_dropped = true;
	answer_with(request, 500, "text/plain", calloc(1, 1));
}

/* ---- pages of other origins ---- */

/* A page of another origin asks for permission first (the Fetch standard, "CORS-preflight fetch"). */
static void answer_preflight(struct cw_http_request *request)
{
	cw_http_add_header(request, "Access-Control-Allow-Methods", "GET, POST, DELETE");
	cw_http_add_header(request, "Access-Control-Allow-Headers", "Authorization, Content-Type, Range");
	cw_http_add_header(request, "Access-Control-Max-Age", "600");
	cw_http_answer(request, 204, "text/plain", "");
}

static void judge_origin(struct cw_http_request *request, const char *method)
{
	const struct cw_http_options *options = &request->server->options;
	const char *origin = cw_http_header(request, "Origin");
	char detail[500];

	switch (origin_judge(origin, cw_http_header(request, "Host"), options->own_origin, options->cors_origins)) {
	case ORIGIN_LISTED:
		cw_http_add_header(request, "Access-Control-Allow-Origin", origin);
		cw_http_add_header(request, "Access-Control-Expose-Headers", "ETag, Retry-After, Content-Range");
		cw_http_add_header(request, "Vary", "Accept-Encoding, Origin");
		if (strcmp(method, "OPTIONS") == 0) {
			answer_preflight(request);
		}
		break;
	case ORIGIN_REFUSED:
		(void)snprintf(detail, sizeof(detail),
			       "Pages of %.300s may not use this API. To allow it, add it to cors_origins; if it is this server's "
			       "own, set public_url.",
			       origin); /* at worst truncated */
		cw_http_problem(request, 403, "origin_refused", detail);
		break;
	case ORIGIN_NONE:
	case ORIGIN_OWN:
		break;
	}
}

bool respond_to_page(struct cw_http_request *request, const char *path, const char *method)
{
	if (request->server->options.cors_origins && strncmp(path, API_PATH, strlen(API_PATH)) == 0) {
		judge_origin(request, method);
	}
	return respond_is_done(request);
}
