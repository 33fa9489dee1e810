/* SPDX-License-Identifier: MIT */
#include "api/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

#define NAME_MAX_BYTES 120
#define INDEX "index.html"
/* The content behind a name with a hash never changes: RFC 8246. */
#define FOR_EVER "public, max-age=31536000, immutable"
#define ASK_EACH_TIME "no-cache"

static const char *type_of(const char *name)
{
	static const struct {
		const char *extension, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".txt", "text/plain; charset=utf-8" },
	};
	const char *extension = strrchr(name, '.');

	for (size_t i = 0; extension && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].extension, extension) == 0) {
			return types[i].type;
		}
	}
	return NULL;
}

/* A plain file name as the build makes them: no hidden file, no path separators, no .gz copy. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && cw_text_is_made_of(name, len, NAME_MAX_BYTES, CW_TEXT_ID "._-") && type_of(name);
}

enum cw_status pages_open(struct pages *pages, const struct api *api, const char *folder, struct cw_error *reterr)
{
	*pages = (struct pages){ .api = api, .folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (pages->folder_fd < 0) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s: %s", folder, strerror(errno));
	}
	return CW_OK;
}

void pages_close(struct pages *pages)
{
	if (pages->folder_fd >= 0) {
		(void)close(pages->folder_fd); /* only read from */
	}
}

/* path is relative to the folder. Sends the .gz copy if the client accepts gzip. */
static bool answer_file(struct cw_http_request *request, const struct pages *pages, const char *path, const char *caching)
{
	char packed_path[NAME_MAX_BYTES + 20];
	char etag[64];
	struct stat facts;
	int fd = -1;

	if (cw_http_takes_gzip(request) && cw_text_format(packed_path, sizeof(packed_path), "%s.gz", path)) {
		fd = openat(pages->folder_fd, packed_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	bool is_packed = fd >= 0;

	if (!is_packed) {
		fd = openat(pages->folder_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
		if (fd >= 0) {
			(void)close(fd); /* only read from */
		}
		return false;
	}
	(void)snprintf(etag, sizeof(etag), "\"%llx-%llx%s\"", (unsigned long long)facts.st_mtime,
		       (unsigned long long)facts.st_size, is_packed ? "-gz" : ""); /* fits */
	if (is_packed) {
		cw_http_add_header(request, "Content-Encoding", "gzip");
	}
	cw_http_add_header(request, "Cache-Control", caching);
	cw_http_add_header(request, "Vary", "Accept-Encoding");
	cw_http_answer_file(request, type_of(path), fd, facts.st_size, etag);
	return true;
}

static void answer_missing(struct cw_http_request *request, const struct pages *pages)
{
	cw_http_problem(
		request, 404, "not_found",
		pages->folder_fd < 0 ?
			"No dashboard is installed here: `make build` builds it; the setting `dashboard` says where it is." :
			"There is nothing at this path; docs/protocol.md lists the paths.");
}

/*
 * A bracketed IPv6 address is not a valid CSP source (CSP 3, section 2.3.1); the policy then allows the schemes
 * instead.
 */
static void add_policy(struct cw_http_request *request, const struct api *api)
{
	char url[API_URL_MAX];
	char policy[API_URL_MAX + 400];
	bool is_source = api_mqtt_url(request, api, url) && !strchr(url, '[');

	(void)snprintf(policy, sizeof(policy),
		       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
		       "connect-src 'self' %s; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
		       "frame-ancestors 'none'; worker-src 'self'",
		       is_source ? url : "ws: wss:"); /* fits */
	cw_http_add_header(request, "Content-Security-Policy", policy);
}

void pages_index(struct cw_http_request *request, void *context)
{
	const struct pages *pages = context;

	add_policy(request, pages->api);
	if (!answer_file(request, pages, INDEX, ASK_EACH_TIME)) {
		answer_missing(request, pages);
	}
}

static void answer_below(struct cw_http_request *request, const struct pages *pages, const char *folder,
			 const char *caching)
{
	const char *name = cw_http_level(request, 0);
	char path[NAME_MAX_BYTES + 10];

	if (!is_name(name) || !cw_text_format(path, sizeof(path), "%s/%s", folder, name) ||
	    !answer_file(request, pages, path, caching)) {
		answer_missing(request, pages);
	}
}

void pages_asset(struct cw_http_request *request, void *context)
{
	answer_below(request, context, "assets", FOR_EVER);
}

void pages_static(struct cw_http_request *request, void *context)
{
	answer_below(request, context, "static", ASK_EACH_TIME);
}
