/* SPDX-License-Identifier: MIT */
#ifndef UNIT_TEMP_DIR_H
#define UNIT_TEMP_DIR_H

#include <limits.h>
#include <stddef.h>

/* A temporary directory for one test. Every failure here fails the test. */
struct temp_dir {
	char path[PATH_MAX / 2];
};

void temp_dir_make(struct temp_dir *dir);

/* Removes the directory and its contents. */
void temp_dir_remove(struct temp_dir *dir);

/* `dir/name` into a static buffer that the next call overwrites. */
const char *temp_dir_path(const struct temp_dir *dir, const char *name);

/* Writes a file, creating the folders in name. */
void temp_dir_write(const struct temp_dir *dir, const char *name, const void *bytes, size_t len);
void temp_dir_write_text(const struct temp_dir *dir, const char *name, const char *text);

/* JSON written with ' for ", so that it is readable in C; freed with free(). */
char *with_quotes(const char *text);

#endif
