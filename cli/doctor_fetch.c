/* SPDX-License-Identifier: MIT */
/* HTTP for doctor: one request, and whatever a diagnosis needs from its response. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "cli/doctor.h"
#include "core/text.h"

#define TIMEOUT_MS 20000L
#define CONNECT_TIMEOUT_MS 5000L
#define MAX_BODY_BYTES (256 * 1024)

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
	struct doctor_answer *answer = context;
	size_t room = MAX_BODY_BYTES - answer->body.len;
	size_t len = size * n < room ? size * n : room;

	return cw_buf_append(&answer->body, data, len) == CW_OK ? size * n : 0;
}

static void take_value(const char *line, size_t len, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name);

	if (len > name_len && strncasecmp(line, name, name_len) == 0) {
		const char *value = line + name_len + strspn(line + name_len, " ");
		size_t value_len = strcspn(value, "\r\n");

		(void)snprintf(out, size, "%.*s", (int)value_len, value); /* cut if need be */
	}
}

static size_t take_header(char *line, size_t size, size_t n, void *context)
{
	struct doctor_answer *answer = context;
	char text[256];
	char date[48] = "";

	(void)snprintf(text, sizeof(text), "%.*s", (int)(size * n), line); /* the headers we look for are short */
	take_value(text, strlen(text), "Date:", date, sizeof(date));
	if (date[0]) {
		time_t at_s = curl_getdate(date, NULL);

		answer->date_s = at_s > 0 ? (int64_t)at_s : 0;
	}
	take_value(text, strlen(text), "Server:", answer->server, sizeof(answer->server));
	return size * n;
}

static struct curl_slist *make_headers(const struct doctor_request *request)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	char line[2048];

	if (request->bearer && cw_text_format(line, sizeof(line), "Authorization: Bearer %s", request->bearer)) {
		headers = curl_slist_append(headers, line);
	}
	if (request->signature && cw_text_format(line, sizeof(line), "X-Hub-Signature-256: %s", request->signature)) {
		headers = curl_slist_append(headers, line);
	}
	return request->body ? curl_slist_append(headers, "Content-Type: application/json") : headers;
}

/* These fail only when out of memory, and then the transfer fails too. */
static void set_options(CURL *curl, const struct doctor *doctor, const struct doctor_request *request,
			struct curl_slist *headers, struct doctor_answer *answer)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "convwire/" CW_VERSION " doctor");
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	(void)curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	if (doctor->options->ca_file) {
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, doctor->options->ca_file);
	}
	if (request->unix_path) {
		(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->unix_path);
	}
	if (request->body) {
		(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	}
}

/* "Expire date:Nov 23 09:00:00 2027 GMT", of each certificate of the chain. */
static int64_t first_expiry(CURL *curl)
{
	struct curl_certinfo *chain = NULL;
	int64_t first_s = 0;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain) {
		return 0;
	}
	for (int i = 0; i < chain->num_of_certs; i++) {
		for (struct curl_slist *line = chain->certinfo[i]; line; line = line->next) {
			bool is_expiry = strncmp(line->data, "Expire date:", 12) == 0;
			int64_t at_s = is_expiry ? (int64_t)curl_getdate(line->data + 12, NULL) : -1;

			first_s = at_s > 0 && (first_s == 0 || at_s < first_s) ? at_s : first_s;
		}
	}
	return first_s;
}

void doctor_fetch(const struct doctor *doctor, const struct doctor_request *request, struct doctor_answer *ret_answer)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = make_headers(request);

	*ret_answer = (struct doctor_answer){ .status = 0 };
	cw_buf_init(&ret_answer->body, MAX_BODY_BYTES);
	if (!curl) {
		(void)snprintf(ret_answer->problem, sizeof(ret_answer->problem), "out of memory");
		curl_slist_free_all(headers);
		return;
	}
	set_options(curl, doctor, request, headers, ret_answer);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	CURLcode code = curl_easy_perform(curl);

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
	ret_answer->expires_s = first_expiry(curl);
	ret_answer->is_name_wrong = code == CURLE_COULDNT_RESOLVE_HOST;
	ret_answer->is_untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
	/* Some servers answer and hang up before they have read the whole body: the answer counts. */
	if (code != CURLE_OK && (ret_answer->status == 0 || ret_answer->status == 100)) {
		ret_answer->status = 0;
		(void)snprintf(ret_answer->problem, sizeof(ret_answer->problem), "%s",
			       detail[0] ? detail : curl_easy_strerror(code)); /* cut if need be */
	}
	ret_answer->json = json_loadb(ret_answer->body.data ? ret_answer->body.data : "", ret_answer->body.len, 0, NULL);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

void doctor_answer_finish(struct doctor_answer *answer)
{
	cw_buf_finish(&answer->body);
	json_decref(answer->json);
	*answer = (struct doctor_answer){ .status = 0 };
}

bool doctor_query(char *out, size_t size, const char *name, const char *value)
{
	CURL *curl = curl_easy_init();
	char *escaped = curl ? curl_easy_escape(curl, value, 0) : NULL;
	bool is_whole = escaped && cw_text_format(out, size, "%s=%s", name, escaped);

	curl_free(escaped);
	curl_easy_cleanup(curl);
	return is_whole;
}
