/* SPDX-License-Identifier: MIT */
#include "bridge/tokens.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/text.h"

/* Visible ASCII without spaces: anything else would break the header that carries it. */
static bool can_be_token(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c <= ' ' || *c > '~') {
			return false;
		}
	}
	return text[0] != '\0';
}

static bool read_one(const char *dir, const char *name, char out[TOKEN_MAX + 1])
{
	char path[PATH_MAX];

	return cw_text_format(path, sizeof(path), "%s/%s.token", dir, name) &&
	       cw_file_read_line(path, out, TOKEN_MAX + 1, NULL) == CW_OK && can_be_token(out);
}

bool tokens_read(const char *dir, const char *phone_number_id, char out[TOKEN_MAX + 1])
{
	return cw_phone_number_id_is_valid(phone_number_id) &&
	       (read_one(dir, phone_number_id, out) || read_one(dir, "default", out));
}

enum cw_status tokens_write(const char *dir, const char *phone_number_id, const char *token, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char line[TOKEN_MAX + 2];

	if (!can_be_token(token) || !cw_text_format(line, sizeof(line), "%s\n", token)) {
		return cw_error_set(reterr, CW_INVALID,
				    "not an access token: it must be one line of at most %d characters, without spaces",
				    TOKEN_MAX);
	}
	if (!cw_phone_number_id_is_valid(phone_number_id) ||
	    !cw_text_format(path, sizeof(path), "%s/%s.token", dir, phone_number_id)) {
		return cw_error_set(reterr, CW_INVALID, "\"%.40s\" is not a phone_number_id", phone_number_id);
	}
	(void)mkdir(dir, 0700); /* for directories made by an older version; if this fails, the write reports it */
	enum cw_status status = cw_file_write(path, line, strlen(line), 0600, reterr);

	explicit_bzero(line, sizeof(line));
	return status;
}
