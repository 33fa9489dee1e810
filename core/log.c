/* SPDX-License-Identifier: MIT */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

#define LINE_BYTES 1024
#define HELD_BYTES 4096 /* PIPE_BUF: written to a pipe atomically */

static const char *const level_names[CW_LOG_LEVEL_COUNT] = { "error", "warn", "info", "debug" };
static struct {
	const char *program;
	enum cw_log_level level;
	cw_log_fn write;
	void *context;
} log_state = { .program = "convwire", .level = CW_LOG_INFO };

static _Thread_local struct {
	bool is_holding;
	size_t len;
	char bytes[HELD_BYTES];
} held;

static void write_bytes(const char *bytes, size_t len)
{
	if (len > 0 && write(STDERR_FILENO, bytes, len) < 0) {
		/* Nowhere left to report an error. */
	}
}

void cw_log_hold(void)
{
	held.is_holding = true;
}

static void write_held(void)
{
	write_bytes(held.bytes, held.len);
	held.len = 0;
}

void cw_log_release(void)
{
	held.is_holding = false;
	write_held();
}

static void write_line(enum cw_log_level level, const char *line, size_t len)
{
	if (!held.is_holding || level <= CW_LOG_WARN) {
		write_held(); /* keep the order */
		write_bytes(line, len);
		return;
	}
	if (held.len + len > sizeof(held.bytes)) {
		write_held();
	}
	memcpy(held.bytes + held.len, line, len);
	held.len += len;
}

void cw_log_init(const char *program, enum cw_log_level level)
{
	log_state.program = program;
	log_state.level = level;
}

void cw_log_to(cw_log_fn receive, void *context)
{
	log_state.write = receive;
	log_state.context = context;
}

enum cw_status cw_log_level_parse(const char *text, enum cw_log_level *ret_level)
{
	for (int level = 0; level < CW_LOG_LEVEL_COUNT; level++) {
		if (strcmp(text, level_names[level]) == 0) {
			*ret_level = (enum cw_log_level)level;
			return CW_OK;
		}
	}
	return CW_INVALID;
}

/* Formats the time once a second. */
static const char *stamp_of(time_t seconds)
{
	static _Thread_local struct {
		time_t seconds;
		char text[32];
	} last;
	struct tm utc;

	if (last.text[0] == '\0' || last.seconds != seconds) {
		last.seconds = seconds;
		if (!gmtime_r(&seconds, &utc) || strftime(last.text, sizeof(last.text), "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
			last.text[0] = '\0';
		}
	}
	return last.text;
}

static size_t begin_line(char *line, size_t size, enum cw_log_level level)
{
	int64_t now_ms = cw_clock_now_ms();
	const char *stamp = stamp_of((time_t)(now_ms / 1000));
	int len = snprintf(line, size, "%s.%03dZ %s %s ", stamp, (int)(now_ms % 1000), level_names[level],
			   log_state.program);
	return len > 0 ? (size_t)len : 0;
}

static size_t clean_line(char *line, size_t start, size_t len)
{
	for (size_t i = start; i < len; i++) {
		unsigned char byte = (unsigned char)line[i];

		if (byte < 0x20 || byte == 0x7f) {
			line[i] = '?';
		}
	}
	return len;
}

void cw_log(enum cw_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LINE_BYTES];
	va_list arguments;

	if (level > log_state.level) {
		return;
	}
	size_t start = begin_line(line, sizeof(line), level);

	va_start(arguments, format);
	errno = saved_errno;
	int added = vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);

	va_end(arguments);
	size_t len = start + (added > 0 ? (size_t)added : 0);

	if (len > sizeof(line) - 2) {
		len = sizeof(line) - 2;
	}
	len = clean_line(line, start, len);
	if (log_state.write) {
		line[len] = '\0';
		log_state.write(level, line, log_state.context);
	} else {
		line[len++] = '\n';
		write_line(level, line, len);
	}
	errno = saved_errno;
}
