/* SPDX-License-Identifier: MIT */
#include "tests/unit/temp_dir.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "tests/unit/unit.h"

void temp_dir_make(struct temp_dir *dir)
{
	const char *base = getenv("TMPDIR");

	assert_true(cw_text_format(dir->path, sizeof(dir->path), "%s/convwire-unit-XXXXXX", base ? base : "/tmp"));
	assert_non_null(mkdtemp(dir->path));
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void temp_dir_remove(struct temp_dir *dir)
{
	assert_int_equal(nftw(dir->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *temp_dir_path(const struct temp_dir *dir, const char *name)
{
	static char path[PATH_MAX];

	assert_true(cw_text_format(path, sizeof(path), "%s/%s", dir->path, name));
	return path;
}

static void make_folders(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void temp_dir_write(const struct temp_dir *dir, const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	struct cw_error error;

	assert_true(cw_text_copy(path, sizeof(path), temp_dir_path(dir, name)));
	make_folders(path, strlen(dir->path) + 1);
	assert_ok(cw_file_write(path, bytes, len, 0600, &error), error);
}

void temp_dir_write_text(const struct temp_dir *dir, const char *name, const char *text)
{
	temp_dir_write(dir, name, text, strlen(text));
}

char *with_quotes(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *quote = strchr(copy, '\''); quote; quote = strchr(quote, '\'')) {
		*quote = '"';
	}
	return copy;
}
