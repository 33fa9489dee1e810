/* SPDX-License-Identifier: MIT */
/* Files: upload, lookup, and download for five minutes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "sim/graph_private.h"

#define URL_MS (5 * 60 * 1000LL)

/* The content of one part of a multipart body. NULL: no such part. */
static const char *find_part(const char *body, size_t len, const char *name, size_t *ret_len, char type[100])
{
	char boundary[120];
	char mark[60];
	const char *end = memchr(body, '\r', len);
	size_t boundary_len = end ? (size_t)(end - body) : 0;

	if (boundary_len < 3 || boundary_len + 2 >= sizeof(boundary)) {
		return NULL;
	}
	(void)snprintf(boundary, sizeof(boundary), "\r\n%.*s", (int)boundary_len, body);
	(void)snprintf(mark, sizeof(mark), "name=\"%s\"", name);
	const char *found = memmem(body, len, mark, strlen(mark));
	const char *content = found ? memmem(found, len - (size_t)(found - body), "\r\n\r\n", 4) : NULL;
	const char *kind = found ? memmem(found, len - (size_t)(found - body), "Content-Type: ", 14) : NULL;

	if (!content) {
		return NULL;
	}
	content += 4;
	const char *stop = memmem(content, len - (size_t)(content - body), boundary, strlen(boundary));

	(void)snprintf(type, 100, "%.*s", kind && kind < content ? (int)strcspn(kind + 14, "\r\n") : 0,
		       kind && kind < content ? kind + 14 : "");
	*ret_len = stop ? (size_t)(stop - content) : 0;
	return stop ? content : NULL;
}

/* Stores a file and writes its id to out. false when out of memory. The lock must be held. */
static bool add_file(struct sim *sim, const char *bytes, size_t len, const char *mime_type, char out[40])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[65];
	unsigned digest_len = 0;
	json_t *content = json_stringn_nocheck(bytes, len); /* raw bytes, never written as JSON */

	sim_new_id(&sim->world, out);
	if (!content || EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) != 1) {
		json_decref(content);
		return false;
	}
	for (unsigned i = 0; i < digest_len && i < 32; i++) {
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	}
	return json_object_set_new(
		       sim->world.files, out,
		       json_pack("{s:s, s:s, s:o}", "mime_type", mime_type, "sha256", hex, "bytes", content)) == 0;
}

static int64_t largest(const char *mime_type)
{
	return strncmp(mime_type, "image/webp", 10) == 0                                    ? 500 * 1024 :
	       strncmp(mime_type, "image/", 6) == 0                                         ? 5 * 1024 * 1024 :
	       strncmp(mime_type, "video/", 6) == 0 || strncmp(mime_type, "audio/", 6) == 0 ? 16 * 1024 * 1024 :
											      100 * 1024 * 1024;
}

void graph_upload(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	char type[100];
	char id[40];
	size_t len = 0;
	size_t product_len = 0;
	size_t body_len = 0;
	const char *body = cw_http_body(request, &body_len);

	if (!graph_may_pass(sim, request, true)) {
		return;
	}
	json_t *rule = graph_next_rule(sim, "upload");
	const char *product = find_part(body, body_len, "messaging_product", &product_len, type);
	const char *file = find_part(body, body_len, "file", &len, type);

	if (graph_misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	if (!product || product_len != 8 || !file || len == 0 || !strchr(type, '/')) {
		graph_answer_error(request, 100, "messaging_product, type and file are required");
	} else if ((int64_t)len > largest(type)) {
		graph_answer_error(request, 131053, "The file is too large");
	} else {
		world_lock(&sim->world);
		bool is_added = add_file(sim, file, len, type, id);

		world_unlock(&sim->world);
		graph_give(sim, request, rule, is_added ? json_pack("{s:s}", "id", id) : NULL);
	}
	json_decref(rule);
}

void graph_ask(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	const char *id = cw_http_level(request, 1);

	if (!graph_may_pass(sim, request, false) || graph_answer_number(sim, request)) {
		return;
	}
	json_t *rule = graph_next_rule(sim, "ask");

	if (graph_misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	world_lock(&sim->world);
	json_t *file = json_object_get(sim->world.files, id);
	json_t *answer = NULL;

	if (file) {
		int64_t until = sim_now_ms() + (json_object_get(rule, "url_ms") ?
							json_integer_value(json_object_get(rule, "url_ms")) :
							URL_MS);

		(void)json_object_set_new(file, "url_until", json_integer(until));
		answer = json_pack("{s:s, s:o, s:O, s:O, s:I, s:s}", "messaging_product", "whatsapp", "url",
				   json_sprintf("%s/sim/file/%s", sim->url, id), "mime_type",
				   json_object_get(file, "mime_type"), "sha256", json_object_get(file, "sha256"),
				   "file_size", (json_int_t)json_string_length(json_object_get(file, "bytes")), "id", id);
	}
	world_unlock(&sim->world);
	if (answer) {
		graph_give(sim, request, rule, answer);
	} else {
		graph_answer_error(request, 100, "Object with ID does not exist");
	}
	json_decref(rule);
}

/* Writes the bytes to a temporary file, because the HTTP layer only answers with text or files. */
static int file_of(const char *bytes, size_t len)
{
	FILE *file = tmpfile();
	int fd = -1;

	if (file && fwrite(bytes, 1, len, file) == len && fflush(file) == 0) {
		fd = dup(fileno(file));
	}
	if (file) {
		(void)fclose(file); /* written already */
	}
	return fd;
}

void graph_download(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;
	char type[100];
	char etag[64] = "";
	int fd = -1;
	size_t len = 0;

	if (!graph_has_token(sim, request)) {
		graph_answer_error(request, 190, NULL);
		return;
	}
	json_t *rule = graph_next_rule(sim, "download");

	if (graph_misbehave_first(request, rule)) {
		json_decref(rule);
		return;
	}
	world_lock(&sim->world);
	json_t *file = json_object_get(sim->world.files, cw_http_level(request, 0));

	if (file && json_integer_value(json_object_get(file, "url_until")) > sim_now_ms()) {
		len = json_string_length(json_object_get(file, "bytes"));
		len = graph_does(rule, "truncate") ? len / 2 : len;
		fd = file_of(json_string_value(json_object_get(file, "bytes")), len);
		(void)snprintf(type, sizeof(type), "%s", json_string_value(json_object_get(file, "mime_type")));
		(void)snprintf(etag, sizeof(etag), "\"%.60s\"", cw_http_level(request, 0)); /* ids are shorter */
	}
	world_unlock(&sim->world);
	json_decref(rule);
	if (fd >= 0) {
		cw_http_answer_file(request, type, fd, (int64_t)len, etag);
	} else {
		cw_http_answer(request, 404, "text/plain", "");
	}
}
