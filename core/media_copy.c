/* SPDX-License-Identifier: MIT */
#include "core/media_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "core/media_store.h"
#include "core/text.h"

#define PIECE_BYTES 65536

struct copying {
	const char *to;
	int64_t n_copied, n_damaged;
};

static enum cw_status fault(const char *path, struct cw_error *reterr)
{
	return cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
}

static enum cw_status write_all(int fd, const char *path, struct cw_media_store_writer *writer, struct cw_error *reterr)
{
	char piece[PIECE_BYTES];
	ssize_t n = 0;
	enum cw_status status = CW_OK;

	while (status == CW_OK && (n = read(fd, piece, sizeof(piece))) > 0) {
		status = cw_media_store_write(writer, piece, n, reterr);
	}
	return status == CW_OK && n < 0 ? fault(path, reterr) : status;
}

static enum cw_status copy_file(struct copying *copying, const char *path, const unsigned char *expected,
				struct cw_error *reterr)
{
	unsigned char sha256[CW_SHA256_BYTES];
	int64_t size = 0;
	struct cw_media_store_writer *writer = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return fault(path, reterr);
	}
	enum cw_status status = cw_media_store_begin(copying->to, INT64_MAX, 0, &writer, reterr);

	if (status == CW_OK) {
		status = write_all(fd, path, writer, reterr);
		if (status == CW_OK) {
			status = cw_media_store_commit(writer, sha256, &size, reterr);
		} else {
			cw_media_store_abandon(writer);
		}
	}
	(void)close(fd); /* opened only for reading */
	if (status == CW_OK) {
		bool is_whole = memcmp(sha256, expected, CW_SHA256_BYTES) == 0;

		copying->n_copied += is_whole;
		copying->n_damaged += !is_whole; /* stored under its actual hash, which nothing refers to */
	}
	return status;
}

/* Skips names that are not a SHA-256: these files are not ours. */
static enum cw_status take_entry(struct copying *copying, const char *dir, const char *name, struct cw_error *reterr)
{
	unsigned char sha256[CW_SHA256_BYTES];
	char from[PATH_MAX];
	char to[PATH_MAX];

	if (strlen(name) != 2 * (size_t)CW_SHA256_BYTES || !cw_text_unhex(name, strlen(name), sha256, sizeof(sha256))) {
		return CW_OK;
	}
	if (!cw_text_format(from, sizeof(from), "%s/%s", dir, name) ||
	    !cw_media_store_path(copying->to, sha256, to, sizeof(to))) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", dir);
	}
	return access(to, F_OK) == 0 ? CW_OK : copy_file(copying, from, sha256, reterr);
}

static enum cw_status copy_dir(struct copying *copying, const char *path, struct cw_error *reterr)
{
	DIR *dir = opendir(path);
	enum cw_status status = CW_OK;

	if (!dir) {
		return errno == ENOENT || errno == ENOTDIR ? CW_OK : fault(path, reterr);
	}
	for (const struct dirent *entry; status == CW_OK && (entry = readdir(dir));) {
		status = take_entry(copying, path, entry->d_name, reterr);
	}
	(void)closedir(dir); /* opened only for reading */
	return status;
}

enum cw_status cw_media_copy(const char *from, const char *to, int64_t *ret_n_copied, int64_t *ret_n_damaged,
			     struct cw_error *reterr)
{
	struct copying copying = { .to = to };
	char path[PATH_MAX];
	enum cw_status status = CW_OK;

	for (int i = 0; status == CW_OK && i < 256; i++) {
		status = cw_text_format(path, sizeof(path), "%s/%02x", from, (unsigned)i) ?
				 copy_dir(&copying, path, reterr) :
				 cw_error_set(reterr, CW_INVALID, "%s: path too long", from);
	}
	*ret_n_copied = copying.n_copied;
	*ret_n_damaged = copying.n_damaged;
	return status;
}
