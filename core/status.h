/* SPDX-License-Identifier: MIT */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

/*
 * Result codes that callers branch on, and the text that explains an error to people.
 * The result of a function that returns enum cw_status must be checked. Functions that deal with
 * the outside world take a struct cw_error as their last argument and fill it only when they fail.
 */

#define CW_STATUS_LIST(X) \
	X(CW_OK, "ok") \
	X(CW_INVALID, "invalid") \
	X(CW_DENIED, "denied") \
	X(CW_EXPIRED, "expired") \
	X(CW_NOT_FOUND, "not found") \
	X(CW_DUPLICATE, "already exists") \
	X(CW_TOO_LARGE, "too large") \
	X(CW_BUSY, "busy") \
	X(CW_FULL, "no space left") \
	X(CW_NOMEM, "out of memory") \
	X(CW_IO, "input/output error")

enum cw_status {
#define X(name, text) name,
	CW_STATUS_LIST(X)
#undef X
		CW_STATUS_COUNT
};

#define CW_MUST_CHECK __attribute__((warn_unused_result))
#define CW_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
/* Runs function(&variable) when the variable goes out of scope. */
#define CW_CLEANUP(function) __attribute__((cleanup(function)))

struct cw_error {
	enum cw_status status;
	char text[400]; /* what failed and what to do; no function names, no secrets */
};

/* The short text of a status; a static string, never NULL. */
const char *cw_status_text(enum cw_status status);

/*
 * Fills *error (may be NULL) and returns status, so that a failing function can end with
 * `return cw_error_set(...)`.
 */
enum cw_status cw_error_set(struct cw_error *error, enum cw_status status, const char *format, ...) CW_PRINTF(3, 4);

#ifdef __clang_analyzer__
/* The analyzer reads one file at a time and must be told that a failure is never CW_OK. */
static inline enum cw_status cw_error_never_ok(enum cw_status status)
{
	if (status == CW_OK) {
		__builtin_unreachable();
	}
	return status;
}
#define cw_error_set(error, status, ...) (cw_error_set((error), (status), __VA_ARGS__), cw_error_never_ok(status))
#endif

/* For our own bugs, never for outside input. Enabled in release builds, too. Not for core/ or auth-plugin/. */
#define CW_ASSERT(condition) \
	do { \
		if (!(condition)) { \
			cw_assert_failed(#condition, __FILE__, __LINE__); \
		} \
	} while (0)
_Noreturn void cw_assert_failed(const char *condition, const char *file, int line);

#endif
