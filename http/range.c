/* SPDX-License-Identifier: MIT */
#include "http/range.h"

#include <stdlib.h>
#include <string.h>

#define UNIT "bytes="
/* No file is that long; a longer run of digits is not a valid number. */
#define MAX_DIGITS 15

/* Reads digits at *at and moves *at past them. -1: none, or too many. */
static int64_t read_number(const char **at)
{
	size_t len = strspn(*at, "0123456789");
	int64_t value = len > 0 && len <= MAX_DIGITS ? strtoll(*at, NULL, 10) : -1;

	*at += len;
	return value;
}

/* `-n`: the last n bytes. */
static enum range_verdict judge_suffix(const char *at, int64_t file_len, struct range *ret_range)
{
	int64_t len = read_number(&at);

	if (len < 0 || *at != '\0') {
		return RANGE_ALL;
	}
	if (len == 0 || file_len == 0) {
		return RANGE_OUTSIDE;
	}
	len = len < file_len ? len : file_len;
	*ret_range = (struct range){ .offset = file_len - len, .len = len };
	return RANGE_PART;
}

/* `n-` or `n-m`. */
static enum range_verdict judge_from(const char *at, int64_t file_len, struct range *ret_range)
{
	int64_t first = read_number(&at);

	if (first < 0 || *at++ != '-') {
		return RANGE_ALL;
	}
	int64_t last = *at == '\0' ? INT64_MAX : read_number(&at);

	if (*at != '\0' || last < first) {
		return RANGE_ALL;
	}
	if (first >= file_len) {
		return RANGE_OUTSIDE;
	}
	last = last < file_len ? last : file_len - 1;
	*ret_range = (struct range){ .offset = first, .len = last - first + 1 };
	return RANGE_PART;
}

enum range_verdict range_judge(const char *header, const char *if_range, const char *etag, int64_t file_len,
			       struct range *ret_range)
{
	if (!header || strncmp(header, UNIT, strlen(UNIT)) != 0 || (if_range && (!etag || strcmp(if_range, etag) != 0))) {
		return RANGE_ALL;
	}
	const char *at = header + strlen(UNIT);

	return *at == '-' ? judge_suffix(at + 1, file_len, ret_range) : judge_from(at, file_len, ret_range);
}

bool range_is_cached(const char *if_none_match, const char *etag)
{
	return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag));
}
