/* SPDX-License-Identifier: MIT */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

enum cw_status cw_file_read(const char *path, struct cw_buf *buf, struct cw_error *reterr)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t n = 0;
	enum cw_status status = CW_OK;

	if (!file) {
		return cw_error_set(reterr, errno == ENOENT ? CW_NOT_FOUND : CW_IO, "%s: %s", path, strerror(errno));
	}
	while (status == CW_OK && (n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		status = cw_buf_append(buf, chunk, n);
	}
	if (status == CW_TOO_LARGE) {
		(void)cw_error_set(reterr, status, "%s: longer than %zu bytes", path, buf->max);
	} else if (status != CW_OK) {
		(void)cw_error_set(reterr, status, "%s: out of memory", path);
	} else if (ferror(file)) {
		status = cw_error_set(reterr, CW_IO, "%s: cannot be read", path);
	}
	(void)fclose(file); /* opened only for reading */
	return status;
}

enum cw_status cw_file_read_line(const char *path, char *out, size_t size, struct cw_error *reterr)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;

	cw_buf_init(&text, size + 1); /* a CR and an LF may follow */
	enum cw_status status = cw_file_read(path, &text, reterr);

	if (status == CW_TOO_LARGE) {
		return cw_error_set(reterr, CW_INVALID, "%s:1: longer than %zu characters", path, size - 1);
	}
	if (status != CW_OK) {
		return status;
	}
	if (text.data) {
		text.data[strcspn(text.data, "\r\n")] = '\0';
	}
	if (!text.data || text.data[0] == '\0' || !cw_text_copy(out, size, text.data)) {
		return cw_error_set(reterr, CW_INVALID, "%s:1: expected one line of 1 to %zu characters", path, size - 1);
	}
	return CW_OK;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return false;
		}
		bytes += written;
		len -= (size_t)written;
	}
	return true;
}

enum cw_status cw_file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct cw_error *reterr)
{
	char temporary[PATH_MAX];

	if (!cw_text_format(temporary, sizeof(temporary), "%s.new", path)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", path);
	}
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0) {
		return cw_error_set(reterr, CW_IO, "%s: %s", temporary, strerror(errno));
	}
	bool is_written = fchmod(fd, mode) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
	int reason = errno;

	if (close(fd) != 0 || !is_written || rename(temporary, path) != 0) {
		reason = is_written ? errno : reason;
		(void)unlink(temporary);
		return cw_error_set(reterr, reason == ENOSPC ? CW_FULL : CW_IO, "%s: %s", path, strerror(reason));
	}
	return CW_OK;
}

enum cw_status cw_file_program_folder(char *out, size_t size, struct cw_error *reterr)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0) {
		return cw_error_set(reterr, CW_IO, "/proc/self/exe: %s", strerror(errno));
	}
	self[len] = '\0';
	*strrchr(self, '/') = '\0'; /* the path is absolute */
	return cw_text_copy(out, size, self) ? CW_OK : cw_error_set(reterr, CW_INVALID, "%s: path too long", self);
}
