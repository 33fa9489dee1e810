/* SPDX-License-Identifier: MIT */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/status.h"

/*
 * One line per event: `2026-01-02T03:04:05.678Z info convwired text key=value`, written with one
 * write(2), so that lines from several threads never mix. Programs log; core/ does not.
 * Never at info or above: a secret, token, message text, phone number, wamid or conversation id.
 * Conversations are named by their tag (core/conversation_id.h).
 *
 * error: someone must act. warn: handled, the text says "retrying" or "ignoring".
 * info: start, stop and one line per published event. debug: the rest.
 */
enum cw_log_level { CW_LOG_ERROR, CW_LOG_WARN, CW_LOG_INFO, CW_LOG_DEBUG, CW_LOG_LEVEL_COUNT };

/* Receives a complete line without its newline. May be called from any thread. */
typedef void (*cw_log_fn)(enum cw_log_level level, const char *line, void *context);

/* Sets the program's name (kept, not copied) and the least severe level written. Call once, before starting threads. */
void cw_log_init(const char *program, enum cw_log_level level);

/* Redirects lines from stderr to write; NULL: back to stderr. Call before starting threads. */
void cw_log_to(cw_log_fn write, void *context);

/* "error", "warn", "info" or "debug"; CW_INVALID for anything else. */
CW_MUST_CHECK enum cw_status cw_log_level_parse(const char *text, enum cw_log_level *ret_level);

/* Writes one line. Preserves errno. Control characters in the text are written as '?'. */
void cw_log(enum cw_log_level level, const char *format, ...) CW_PRINTF(2, 3);

/*
 * Between the two calls, this thread's lines of level info and debug are collected and written together: a
 * publisher that logs ten thousand lines a second must not make as many system calls. Lines are never split.
 */
void cw_log_hold(void);
void cw_log_release(void);

#define cw_log_error(...) cw_log(CW_LOG_ERROR, __VA_ARGS__)
#define cw_log_warn(...) cw_log(CW_LOG_WARN, __VA_ARGS__)
#define cw_log_info(...) cw_log(CW_LOG_INFO, __VA_ARGS__)
#define cw_log_debug(...) cw_log(CW_LOG_DEBUG, __VA_ARGS__)

#endif
