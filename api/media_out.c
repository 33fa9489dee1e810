/* SPDX-License-Identifier: MIT */
/*
 * Serves messages' files to whoever may see the conversation: with a bearer token, with the cookie that signing in sets
 * for this path, or with a signed URL that was requested with a token.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "core/clock.h"
#include "core/media_store.h"
#include "core/text.h"

/* Types that a browser may display; all others are downloaded (a customer's SVG or HTML must not run on our origin). */
#define INLINE_TYPES \
	"image/jpeg, image/png, image/gif, image/webp, video/mp4, video/3gpp, audio/aac, audio/amr, audio/mpeg, audio/mp4, " \
	"audio/ogg"
/* Long enough for a page to load, short enough to be useless if it leaks. */
#define URL_LIFETIME_S 300
#define URL_MAX 256

/* ---- the file ---- */

/* The filename is reduced to characters that cannot end the quoted string or the header. */
static void put_disposition(struct cw_http_request *request, const struct cw_media *media)
{
	char name[256];
	char header[400];
	size_t len = 0;

	for (const char *c = media->filename; *c && len + 1 < sizeof(name); c++) {
		if (*c >= ' ' && *c <= '~' && !strchr("\"\\/", *c)) {
			name[len++] = *c;
		}
	}
	name[len] = '\0';
	if (cw_text_format(header, sizeof(header), "%s%s%s%s",
			   cw_text_list_has(INLINE_TYPES, media->mime_type) ? "inline" : "attachment",
			   len ? "; filename=\"" : "", name, len ? "\"" : "")) {
		cw_http_add_header(request, "Content-Disposition", header);
	}
}

static void send_file(struct cw_http_request *request, const struct api *api, const struct cw_media *media)
{
	char path[PATH_MAX];
	struct stat file;
	int fd = cw_media_store_path(api->media_dir, media->sha256, path, sizeof(path)) ?
			 open(path, O_RDONLY | O_CLOEXEC) :
			 -1;

	if (fd < 0 || fstat(fd, &file) != 0) {
		cw_http_problem(request, 410, "media_gone", "The file is no longer on the server's disk.");
		if (fd >= 0) {
			(void)close(fd); /* nothing was written */
		}
		return;
	}
	char etag[2 * CW_SHA256_BYTES + 3] = "\"";

	cw_text_hex(media->sha256, CW_SHA256_BYTES, etag + 1);
	memcpy(etag + sizeof(etag) - 2, "\"", 2);
	put_disposition(request, media);
	cw_http_add_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
	cw_http_add_header(request, "Cache-Control", "private, no-cache"); /* revalidated: rights may have changed */
	cw_http_add_header(request, "Vary", "Authorization, Cookie, Origin");
	cw_http_answer_file(request, media->mime_type[0] ? media->mime_type : "application/octet-stream", fd,
			    file.st_size, etag);
}

static void answer_media(struct cw_http_request *request, const struct api *api, const struct cw_media *media)
{
	if (strcmp(media->state, "ready") != 0) {
		cw_http_problem(request, 409, "media_not_ready",
				strcmp(media->state, "failed") == 0 ?
					"The file could not be fetched; the command `retry` tries again." :
					"The file is still being fetched; an event reports when it is ready.");
	} else {
		send_file(request, api, media);
	}
}

/* ---- access ---- */

/* On failure, answers and returns false. */
static bool load(struct cw_http_request *request, const struct api *api, struct cw_media *ret_media)
{
	struct cw_error error;
	struct cw_reader *reader = api_reader(request, api);

	if (!reader) {
		return false;
	}
	enum cw_status status = cw_store_media(reader, cw_http_level(request, 0), ret_media, &error);

	cw_reader_release(reader);
	if (status != CW_OK) {
		api_store_problem(request, &error);
	}
	return status == CW_OK;
}

/* A file that the token may not see is answered as if it did not exist. */
static bool load_for_token(struct cw_http_request *request, const struct api *api, struct cw_media *ret_media)
{
	CW_CLEANUP(cw_token_finish) struct cw_token token = { .claim = NULL };
	const char *cookie = cw_http_cookie(request, API_MEDIA_COOKIE);
	bool has_cookie = cookie && !cw_http_header(request, "Authorization");

	if (!(has_cookie ? api_verify(request, api, cookie, &token) : api_authorize(request, api, &token)) ||
	    !load(request, api, ret_media)) {
		return false;
	}
	if (strcmp(ret_media->account, token.account) != 0 ||
	    !cw_access_sees_conversation(api->access, &token, ret_media->conversation, ret_media->assignee)) {
		cw_http_problem(request, 404, "not_found", "no such file");
		return false;
	}
	return true;
}

/* ---- signed URLs ---- */

/* Signs `<id>.<expires>`. */
static bool sign(const struct api *api, const char *id, int64_t expires_s, char out[2 * CW_HMAC_BYTES + 1])
{
	unsigned char bytes[CW_HMAC_BYTES];
	char text[CW_CLOCK_UUID_TEXT + 32];

	if (!cw_text_format(text, sizeof(text), "%s.%lld", id, (long long)expires_s) ||
	    cw_hmac_compute(api->media_key, text, strlen(text), bytes) != CW_OK) {
		return false;
	}
	cw_text_hex(bytes, sizeof(bytes), out);
	return true;
}

/* On failure, answers and returns false. */
static bool check_signature(struct cw_http_request *request, const struct api *api, const char *signature)
{
	const char *expires = cw_http_query(request, "expires");
	char expected[2 * CW_HMAC_BYTES + 1];
	int64_t expires_s = 0;

	if (!expires || cw_text_to_int64(expires, &expires_s) != CW_OK ||
	    !sign(api, cw_http_level(request, 0), expires_s, expected) || !cw_signature_same_text(expected, signature)) {
		cw_http_problem(request, 401, "bad_signature", "This URL was not signed by this server, or was changed.");
		return false;
	}
	if (expires_s <= cw_clock_now_ms() / 1000) {
		cw_http_problem(request, 401, "url_expired", "This URL has expired; request a new one.");
		return false;
	}
	return true;
}

/* ---- handlers ---- */

void api_media(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	const char *signature = cw_http_query(request, "signature");
	struct cw_media media;

	if (signature ? check_signature(request, api, signature) && load(request, api, &media) :
			load_for_token(request, api, &media)) {
		answer_media(request, api, &media);
	}
}

void api_media_url(struct cw_http_request *request, void *context)
{
	const struct api *api = context;
	int64_t expires_s = cw_clock_now_ms() / 1000 + URL_LIFETIME_S;
	char signature[2 * CW_HMAC_BYTES + 1];
	char url[URL_MAX];
	struct cw_media media;

	if (!load_for_token(request, api, &media)) {
		return;
	}
	const char *id = cw_http_level(request, 0);

	if (!sign(api, id, expires_s, signature) ||
	    !cw_text_format(url, sizeof(url), API_MEDIA_PATH "/%s?expires=%lld&signature=%s", id, (long long)expires_s,
			    signature)) {
		cw_http_problem(request, 500, "internal", "The URL cannot be signed.");
		return;
	}
	cw_http_answer_json(request, 200,
			    json_pack("{s:s, s:I}", "url", url, "expires_at", (json_int_t)expires_s * 1000));
}
