/* SPDX-License-Identifier: MIT */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"
#include "core/buf.h"
#include "ingest/secrets.h"

/*
 * convwire doctor: shared by its checks. A check reports each finding at once, on one line: ok, a warning, or a
 * failure with its cause and the next command to run. One thread.
 */
struct doctor_options {
	struct common_options common;
	const char *account, *number, *role, *selected, *ca_file;
	bool sends_no_message;
};

struct doctor {
	const struct doctor_options *options;
	const char *dir;
	struct settings settings;
	struct secrets *secrets; /* NULL: cannot be read */
	char account[CW_ACCOUNT_MAX + 1];
	char number[CW_PHONE_NUMBER_ID_MAX + 1]; /* receives the synthetic message */
	bool has_settings, is_daemon_running;
	json_t *numbers; /* number.list; NULL: unknown */
	json_t *metrics; /* of the daemon, by name without prefix; NULL: unknown */
	json_t *results; /* of all checks, for --json */
	json_t *road;    /* of the synthetic message */
	int n_checks, n_warnings, n_failures;
};

/* Report the result of one check: a name of a few words, and a sentence. */
void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...) CW_PRINTF(3, 4);
void doctor_warn(struct doctor *doctor, const char *name, const char *format, ...) CW_PRINTF(3, 4);
void doctor_fail(struct doctor *doctor, const char *name, const char *format, ...) CW_PRINTF(3, 4);
/* What to run or change next, for the finding reported last. */
void doctor_next(struct doctor *doctor, const char *format, ...) CW_PRINTF(2, 3);
/* The same: look for `pattern` in the log of `program` (convwired, mosquitto), which is in DIR/log under `convwire up`
 * and in the journal under systemd. `hint`: what to find there. */
void doctor_next_log(struct doctor *doctor, const char *program, const char *pattern, const char *hint);
/* Text between the findings; not with --json. */
void doctor_say(const struct doctor *doctor, const char *format, ...) CW_PRINTF(2, 3);

/* ---- the checks, in the order in which they run ---- */

/* doctor_files.c: settings, roles, secrets and keys, disk. */
void doctor_check_files(struct doctor *doctor);
/* doctor_local.c: the daemon, its database; the broker and its plugin; clocks. */
void doctor_check_daemon(struct doctor *doctor);
void doctor_check_broker(struct doctor *doctor);
/* doctor_numbers.c: what the Graph API says about each number. */
void doctor_check_numbers(struct doctor *doctor);
/* doctor_public.c: public_url and mqtt_public_url from outside. */
void doctor_check_public(struct doctor *doctor);
/* doctor_road.c: one customer message, end to end. */
void doctor_check_road(struct doctor *doctor);

/* ---- HTTP ---- */

struct doctor_request {
	const char *url;
	const char *bearer;    /* NULL: none */
	const char *signature; /* of a webhook's body; NULL: none */
	const char *body;      /* POST; NULL: GET */
	size_t body_len;
	const char *unix_path; /* NULL: none */
};

struct doctor_answer {
	long status;        /* 0: none */
	char problem[260];  /* why there is no answer */
	int64_t date_s;     /* header Date, Unix; 0: none */
	char server[80];    /* header Server, or "" */
	int64_t expires_s;  /* of the certificate that expires first, Unix; 0: none was shown */
	bool is_name_wrong; /* DNS does not know the host */
	bool is_untrusted;  /* the certificate is not trusted */
	struct cw_buf body; /* the first 256 KiB */
	json_t *json;       /* of the body; NULL: none */
};

/* Never fails: errors are in *ret_answer; the caller finishes it. */
void doctor_fetch(const struct doctor *doctor, const struct doctor_request *request, struct doctor_answer *ret_answer);
void doctor_answer_finish(struct doctor_answer *answer);

/* `name=value` for a URL, the value escaped. false when it does not fit, or out of memory. */
CW_MUST_CHECK bool doctor_query(char *out, size_t size, const char *name, const char *value);

#endif
