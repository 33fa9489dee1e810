/* SPDX-License-Identifier: MIT */
/* Replaces libFuzzer in ordinary builds: runs the target once with every file in the named folders. */
#include <dirent.h>

#include "core/file.h"
#include "core/text.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES (8 << 20)

static int replay_file(const char *path)
{
	struct cw_buf input;
	struct cw_error error;

	cw_buf_init(&input, MAX_INPUT_BYTES);
	if (cw_file_read(path, &input, &error) != CW_OK) {
		(void)fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.len); /* always 0 */
	cw_buf_finish(&input);
	return 0;
}

/* A missing folder means no crashes. */
static int replay_folder(const char *folder, int *n_files)
{
	int n_failed = 0;
	char path[1024];
	DIR *dir = opendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || !cw_text_format(path, sizeof(path), "%s/%s", folder, entry->d_name)) {
			continue;
		}
		(*n_files)++;
		n_failed += replay_file(path);
	}
	if (dir) {
		(void)closedir(dir);
	}
	return n_failed;
}

int main(int argc, char **argv)
{
	int n_files = 0;
	int n_failed = 0;

	for (int i = 1; i < argc; i++) {
		n_failed += replay_folder(argv[i], &n_files);
	}
	(void)printf("%d inputs\n", n_files);
	return n_failed > 0 || n_files == 0;
}
