/* SPDX-License-Identifier: MIT */
/* Reads secrets from a file, the environment, or a prompt without echo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/file.h"
#include "core/text.h"

static bool read_line(const char *prompt, const char *name, char *out, size_t size)
{
	struct termios shown;
	bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;

	if (is_terminal) {
		struct termios hidden = shown;

		hidden.c_lflag &= ~(tcflag_t)ECHO;
		(void)fprintf(stderr, "%s%s (input is hidden): ", prompt, name);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	bool is_read = fgets(out, (int)size, stdin) != NULL;

	if (is_terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		(void)fputs("\n", stderr);
	}
	out[is_read ? strcspn(out, "\r\n") : 0] = '\0';
	return is_read;
}

static enum cw_status ask(const struct cli_secret *secret, char *out, size_t size, struct cw_error *reterr)
{
	if (!read_line("", secret->name, out, size)) {
		return cw_error_set(reterr, CW_INVALID, "no %s given; use a file, %s, or type it in", secret->name,
				    secret->variable);
	}
	if (!secret->is_asked_twice || !isatty(STDIN_FILENO)) {
		return CW_OK;
	}
	char *again = calloc(1, size);
	bool is_same = again && read_line("Repeat the ", secret->name, again, size) && strcmp(out, again) == 0;

	if (again) {
		explicit_bzero(again, size);
	}
	free(again);
	return is_same ? CW_OK : cw_error_set(reterr, CW_INVALID, "the two entries differ; nothing was changed");
}

enum cw_status cli_read_secret(const struct cli_secret *secret, char *out, size_t size, struct cw_error *reterr)
{
	const char *given = secret->text ? secret->text : getenv(secret->variable);

	if (secret->file) {
		return cw_file_read_line(secret->file, out, size, reterr);
	}
	if (!given) {
		return ask(secret, out, size, reterr);
	}
	return cw_text_copy(out, size, given) ?
		       CW_OK :
		       cw_error_set(reterr, CW_INVALID, "the %s is longer than %zu bytes", secret->name, size - 1);
}
