/* SPDX-License-Identifier: MIT */
/* POST /api/v1/media: an agent uploads a file for one conversation. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "core/content.h"
#include "core/media_store.h"
#include "core/text.h"

#define FILENAME_MAX_BYTES 240

struct upload {
	struct cw_token token;
	struct cw_media_store_writer *writer;
	char mime_type[CW_MIME_MAX + 1];
};

static void release_upload(void *user)
{
	struct upload *upload = user;

	cw_media_store_abandon(upload->writer);
	cw_token_finish(&upload->token);
	free(upload);
}

/* type/subtype without parameters, in lower case. */
static bool read_type(const char *header, char out[CW_MIME_MAX + 1])
{
	size_t len = header ? strcspn(header, "; \t") : 0;

	if (len == 0 || len > CW_MIME_MAX) {
		return false;
	}
	memcpy(out, header, len);
	out[len] = '\0';
	cw_text_lower(out);
	const char *known_as = cw_content_type(out);

	if (known_as != out && !cw_text_copy(out, CW_MIME_MAX + 1, known_as)) {
		return false; /* cannot happen: WhatsApp's names are short */
	}
	return cw_text_is_made_of(out, strlen(out), CW_MIME_MAX, CW_TEXT_ID "/.+_") && strchr(out, '/');
}

static void media_problem(struct cw_http_request *request, const struct cw_error *error)
{
	switch (error->status) {
	case CW_TOO_LARGE:
		cw_http_problem(request, 413, "media_too_large", error->text);
		break;
	case CW_FULL:
		cw_http_problem(request, 507, "disk_full", error->text);
		break;
	default:
		cw_http_problem(request, 500, "internal", "The file cannot be stored.");
		break;
	}
}

static bool is_utf8(const char *text)
{
	json_t *json = json_string(text); /* also NULL when out of memory */

	json_decref(json);
	return json != NULL;
}

/* Everything that can be checked is checked before the body is read. */
static bool admit(struct cw_http_request *request, const struct api *api, struct upload *upload)
{
	const char *conversation = cw_http_query(request, "conversation");
	const char *filename = cw_http_query(request, "filename");
	struct cw_error error;

	if (!api_authorize(request, api, &upload->token)) {
		return false;
	}
	if (!conversation || !read_type(cw_http_header(request, "Content-Type"), upload->mime_type)) {
		cw_http_problem(request, 400, "bad_parameter",
				"Specify the conversation (?conversation=) and the file's type (Content-Type).");
		return false;
	}
	if (filename && (strlen(filename) > FILENAME_MAX_BYTES || !is_utf8(filename))) {
		cw_http_problem(request, 400, "bad_parameter", "The filename must be UTF-8, at most 240 bytes long.");
		return false;
	}
	switch (api_may_command(request, api, &upload->token, conversation)) {
	case CW_OK:
		break;
	case CW_DENIED:
		cw_http_problem(request, 403, "denied",
				"The token may not send to this conversation: its role does not allow it, or it is not "
				"assigned to you.");
		return false;
	case CW_NOT_FOUND:
		cw_http_problem(request, 404, "unknown_conversation", "There is no such conversation.");
		return false;
	default:
		return false; /* already answered */
	}
	if (cw_media_store_begin(api->media_dir, CW_CONTENT_MAX_FILE_BYTES, api->media_min_free_bytes, &upload->writer,
				 &error) != CW_OK) {
		media_problem(request, &error);
		return false;
	}
	return true;
}

void api_media_admit(struct cw_http_request *request, void *context)
{
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload) {
		cw_http_problem(request, 500, "internal", "The server is out of memory.");
		return;
	}
	cw_http_set_user(request, upload, release_upload);
	(void)admit(request, context, upload); /* if refused, it has answered */
}

void api_media_take(struct cw_http_request *request, const char *bytes, size_t len, void *context)
{
	struct upload *upload = cw_http_user(request);
	struct cw_error error;

	(void)context;
	if (cw_media_store_write(upload->writer, bytes, (int64_t)len, &error) != CW_OK) {
		media_problem(request, &error);
	}
}

static void answer_stored(struct cw_http_request *request, const struct cw_store_media_add *add)
{
	char sha256[2 * CW_SHA256_BYTES + 1];

	cw_text_hex(add->sha256, CW_SHA256_BYTES, sha256);
	cw_http_answer_json(request, 201,
			    json_pack("{s:s, s:s, s:I, s:s, s:s?}", "id", add->id, "mime_type", add->mime_type, "size",
				      (json_int_t)add->size_bytes, "sha256", sha256, "filename", add->filename));
}

void api_media_store(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	struct upload *upload = cw_http_user(request);
	struct cw_error error;
	struct cw_store_op op = {
		.type = CW_STORE_MEDIA_ADD,
		.media_add = { .account = upload->token.account,
			       .conversation = cw_http_query(request, "conversation"),
			       .mime_type = upload->mime_type,
			       .filename = cw_http_query(request, "filename") },
	};
	enum cw_status status = cw_media_store_commit(upload->writer, op.media_add.sha256, &op.media_add.size_bytes,
						      &error);

	upload->writer = NULL;
	if (status != CW_OK) {
		media_problem(request, &error);
	} else if (op.media_add.size_bytes == 0) {
		cw_http_problem(request, 400, "bad_body", "The file is empty.");
	} else if (cw_store_run(api->store, &op) != CW_OK) {
		api_store_problem(request, &op.error);
	} else {
		answer_stored(request, &op.media_add);
	}
}
