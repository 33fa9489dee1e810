/* SPDX-License-Identifier: MIT */
#include "core/media_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "core/text.h"

#define UNFINISHED "unfinished"
/* Writing back starts early, so that the final sync is short: the thread that waits for it has other work. */
#define WRITE_BACK_BYTES (4 * 1024 * 1024)

struct cw_media_store_writer {
	char dir[PATH_MAX];
	char path[PATH_MAX];
	int fd;
	EVP_MD_CTX *digest;
	int64_t size, max_bytes, written_back;
};

bool cw_media_store_is_nearly_full(const char *dir, int64_t min_free_bytes)
{
	struct statvfs disk;

	return statvfs(dir, &disk) == 0 && (int64_t)disk.f_bavail * (int64_t)disk.f_frsize < min_free_bytes;
}

bool cw_media_store_path(const char *dir, const unsigned char sha256[CW_SHA256_BYTES], char *out, int size)
{
	char hex[2 * CW_SHA256_BYTES + 1];

	cw_text_hex(sha256, CW_SHA256_BYTES, hex);
	return cw_text_format(out, (size_t)size, "%s/%.2s/%s", dir, hex, hex);
}

static enum cw_status fault(const char *path, struct cw_error *reterr)
{
	enum cw_status status = errno == ENOSPC || errno == EDQUOT ? CW_FULL : CW_IO;

	return cw_error_set(reterr, status, "%s: %s", path, strerror(errno));
}

static enum cw_status make_dir(const char *path, struct cw_error *reterr)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? CW_OK : fault(path, reterr);
}

static enum cw_status open_unfinished(struct cw_media_store_writer *writer, struct cw_error *reterr)
{
	char dir[PATH_MAX];

	if (!cw_text_format(dir, sizeof(dir), "%s/" UNFINISHED, writer->dir) ||
	    !cw_text_format(writer->path, sizeof(writer->path), "%s/XXXXXX", dir)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", writer->dir);
	}
	enum cw_status status = make_dir(writer->dir, reterr);

	if (status == CW_OK) {
		status = make_dir(dir, reterr);
	}
	if (status != CW_OK) {
		return status;
	}
	writer->fd = mkostemp(writer->path, O_CLOEXEC);
	return writer->fd >= 0 ? CW_OK : fault(writer->path, reterr);
}

enum cw_status cw_media_store_begin(const char *dir, int64_t max_bytes, int64_t min_free_bytes,
				    struct cw_media_store_writer **ret_writer, struct cw_error *reterr)
{
	if (cw_media_store_is_nearly_full(dir, min_free_bytes)) {
		return cw_error_set(reterr, CW_FULL, "the server's disk is nearly full");
	}
	struct cw_media_store_writer *writer = calloc(1, sizeof(*writer));

	if (!writer) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	writer->fd = -1;
	writer->max_bytes = max_bytes;
	writer->digest = EVP_MD_CTX_new();
	enum cw_status status = writer->digest && EVP_DigestInit_ex(writer->digest, EVP_sha256(), NULL) == 1 ?
					CW_OK :
					cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status == CW_OK && !cw_text_copy(writer->dir, sizeof(writer->dir), dir)) {
		status = cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
	}
	if (status == CW_OK) {
		status = open_unfinished(writer, reterr);
	}
	if (status != CW_OK) {
		cw_media_store_abandon(writer);
		return status;
	}
	*ret_writer = writer;
	return CW_OK;
}

enum cw_status cw_media_store_write(struct cw_media_store_writer *writer, const void *bytes, int64_t len,
				    struct cw_error *reterr)
{
	const char *left = bytes;

	if (writer->size + len > writer->max_bytes) {
		return cw_error_set(reterr, CW_TOO_LARGE, "longer than %lld bytes", (long long)writer->max_bytes);
	}
	if (EVP_DigestUpdate(writer->digest, bytes, (size_t)len) != 1) {
		return cw_error_set(reterr, CW_IO, "SHA-256 failed");
	}
	writer->size += len;
	while (len > 0) {
		ssize_t n = write(writer->fd, left, (size_t)len);

		if (n < 0 && errno != EINTR) {
			return fault(writer->path, reterr);
		}
		left += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	if (writer->size - writer->written_back >= WRITE_BACK_BYTES) {
		(void)sync_file_range(writer->fd, writer->written_back, writer->size - writer->written_back,
				      SYNC_FILE_RANGE_WRITE); /* only a hint: the commit syncs */
		writer->written_back = writer->size;
	}
	return CW_OK;
}

static enum cw_status sync_dir(const char *path, struct cw_error *reterr)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cw_status status = fd >= 0 && fsync(fd) == 0 ? CW_OK : fault(path, reterr);

	if (fd >= 0) {
		(void)close(fd); /* nothing was written through it */
	}
	return status;
}

static enum cw_status name_it(struct cw_media_store_writer *writer, const unsigned char *sha256, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char dir[PATH_MAX];

	if (!cw_media_store_path(writer->dir, sha256, path, sizeof(path))) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", writer->dir);
	}
	memcpy(dir, path, sizeof(dir));
	*strrchr(dir, '/') = '\0';
	enum cw_status status = make_dir(dir, reterr);

	if (status == CW_OK && (fsync(writer->fd) != 0 || rename(writer->path, path) != 0)) {
		status = fault(path, reterr);
	}
	return status == CW_OK ? sync_dir(dir, reterr) : status;
}

enum cw_status cw_media_store_commit(struct cw_media_store_writer *writer, unsigned char ret_sha256[CW_SHA256_BYTES],
				     int64_t *ret_size, struct cw_error *reterr)
{
	unsigned char sha256[EVP_MAX_MD_SIZE];
	enum cw_status status = EVP_DigestFinal_ex(writer->digest, sha256, NULL) == 1 ?
					name_it(writer, sha256, reterr) :
					cw_error_set(reterr, CW_IO, "SHA-256 failed");

	if (status == CW_OK) {
		memcpy(ret_sha256, sha256, CW_SHA256_BYTES);
		*ret_size = writer->size;
		writer->path[0] = '\0'; /* it has its final name now */
	}
	cw_media_store_abandon(writer);
	return status;
}

void cw_media_store_abandon(struct cw_media_store_writer *writer)
{
	if (!writer) {
		return;
	}
	if (writer->fd >= 0) {
		(void)close(writer->fd); /* synced, or not wanted */
		if (writer->path[0]) {
			(void)unlink(writer->path); /* if this fails, cw_media_store_clean does it later */
		}
	}
	EVP_MD_CTX_free(writer->digest);
	free(writer);
}

void cw_media_store_clean(const char *dir)
{
	char path[PATH_MAX];
	DIR *unfinished = cw_text_format(path, sizeof(path), "%s/" UNFINISHED, dir) ? opendir(path) : NULL;
	const struct dirent *entry = NULL;

	while (unfinished && (entry = readdir(unfinished))) {
		if (entry->d_name[0] != '.') {
			(void)unlinkat(dirfd(unfinished), entry->d_name, 0); /* harmless if it remains */
		}
	}
	if (unfinished) {
		(void)closedir(unfinished);
	}
}
