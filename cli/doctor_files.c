/* SPDX-License-Identifier: MIT */
/* doctor: settings, roles, secrets, keys and the disk; needs no running process. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/doctor.h"
#include "core/access.h"
#include "core/access_check.h"
#include "core/text.h"
#include "core/token.h"

#define MB (1024 * 1024LL)
#define MIN_FREE_MB 64 /* below it commits are about to fail */
#define TOKEN_TTL_S 300

static bool join(const struct doctor *doctor, const char *name, char out[PATH_MAX])
{
	struct cw_error ignored;

	return settings_path(doctor->dir, name, out, PATH_MAX, &ignored) == CW_OK;
}

/* ---- settings and roles ---- */

static void check_settings(struct doctor *doctor)
{
	struct cw_error error;
	enum cw_status status = cli_settings(doctor->dir, &doctor->settings, &error);

	doctor->has_settings = status == CW_OK;
	if (status == CW_OK) {
		doctor_ok(doctor, "settings", "%s/convwire.conf", doctor->dir);
		return;
	}
	doctor_fail(doctor, "settings", "%s", error.text);
	if (status == CW_INVALID) {
		doctor_next(doctor, "fix that line; man convwire.conf explains the settings");
	} else {
		doctor_next(doctor, "convwire init --dir %s", doctor->dir);
	}
}

static void on_useless_line(void *doctor, const char *text)
{
	doctor_warn(doctor, "roles", "%s", text);
}

static void check_roles(struct doctor *doctor)
{
	char path[PATH_MAX];
	struct cw_access *access = NULL;
	struct cw_error error = { .text = "path too long" };
	enum cw_status status = join(doctor, "roles.acl", path) ? cw_access_load(path, &access, &error) : CW_INVALID;

	if (status != CW_OK) {
		doctor_fail(doctor, "roles", "%s", error.text);
		doctor_next(doctor, "fix the file, then run convwire acl check --dir %s", doctor->dir);
	} else if (!cw_access_role(access, doctor->options->role)) {
		doctor_fail(doctor, "roles", "%s has no role \"%s\"", path, doctor->options->role);
		doctor_next(doctor, "add `role %s` and its rules, or name another role with --role",
			    doctor->options->role);
	} else {
		doctor_ok(doctor, "roles", "%s, %zu roles", path, cw_access_n_roles(access));
		(void)cw_access_useless_lines(access, on_useless_line, doctor);
	}
	cw_access_destroy(access);
}

/* ---- keys ---- */

/* The daemon runs as the owner of DIR and must be able to read it. root can read everything, so check the mode bits. */
static bool can_be_read(struct doctor *doctor, const char *path, const struct stat *dir)
{
	struct stat found;

	if (stat(path, &found) != 0) {
		doctor_fail(doctor, "keys", "%s: %s", path, strerror(errno));
		return false;
	}
	bool is_owner = found.st_uid == dir->st_uid;
	mode_t bits = is_owner ? S_IRUSR : found.st_gid == dir->st_gid ? S_IRGRP : S_IROTH;

	if ((found.st_mode & bits) == 0) {
		doctor_fail(doctor, "keys", "%s cannot be read by the owner of %s: mode %04o%s", path, doctor->dir,
			    (unsigned)found.st_mode & 07777U, is_owner ? "" : ", owned by another user");
		doctor_next(doctor, "chown --reference=%s %s && chmod 600 %s", doctor->dir, path, path);
		return false;
	}
	return true;
}

static bool is_private(struct doctor *doctor, const char *path)
{
	struct stat found;

	if (stat(path, &found) == 0 && (found.st_mode & S_IRWXO) != 0) {
		doctor_fail(doctor, "keys", "%s can be read by everybody on this machine: mode %04o", path,
			    (unsigned)found.st_mode & 07777U);
		doctor_next(doctor,
			    "chmod 600 %s; if others have accounts on this machine, replace it: they may have read it",
			    path);
		return false;
	}
	return true;
}

/* Checks every key and secret file that exists; returns whether all are in order. */
static bool look_at_files(struct doctor *doctor)
{
	static const struct {
		const char *pattern;
		bool is_secret;
	} patterns[] = { { "keys/house.pem", true }, { "keys/next.pem", true },      { "keys/verify.token", true },
			 { "keys/shared/*", true },  { "keys/apps/*.secret", true }, { "keys/numbers/*.token", true },
			 { "keys/public/*", false } };
	struct stat dir;
	bool is_fine = true;

	if (stat(doctor->dir, &dir) != 0) {
		return true; /* reported by the settings check */
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		char path[PATH_MAX];
		glob_t found = { .gl_pathc = 0 };

		if (join(doctor, patterns[i].pattern, path) && glob(path, GLOB_NOSORT, NULL, &found) == 0) {
			for (size_t n = 0; n < found.gl_pathc; n++) {
				is_fine = can_be_read(doctor, found.gl_pathv[n], &dir) && is_fine;
				is_fine = (!patterns[i].is_secret || is_private(doctor, found.gl_pathv[n])) && is_fine;
			}
		}
		globfree(&found);
	}
	return is_fine;
}

static void check_keys(struct doctor *doctor)
{
	struct cw_error error;
	char *token = NULL;

	if (!look_at_files(doctor)) {
		return;
	}
	/* A token can only be had from a pair that fits. */
	if (cli_mint(doctor->dir, CW_SYSTEM_ACCOUNT, "doctor", "admin", TOKEN_TTL_S, &token, &error) != CW_OK) {
		doctor_fail(doctor, "keys", "%s", error.text);
		doctor_next(
			doctor,
			"restore keys/house.pem and its half in keys/public from the same pair, then send convwired SIGHUP");
		return;
	}
	free(token);
	doctor_ok(doctor, "keys", "readable by the owner only; the house key signs and verifies");
}

static void check_secrets(struct doctor *doctor)
{
	char path[PATH_MAX];
	struct cw_error error = { .text = "path too long" };

	if (join(doctor, "keys", path) && secrets_load(path, &doctor->secrets, &error) == CW_OK) {
		doctor_ok(doctor, "secrets", "app secrets and verify token found");
		return;
	}
	doctor_fail(doctor, "secrets", "%s", error.text);
	doctor_next(doctor,
		    "copy the app secret from Meta's dashboard into %s/keys/apps/main.secret, the webhook's verify "
		    "token into %s/keys/verify.token",
		    doctor->dir, doctor->dir);
}

/* ---- disk ---- */

static void check_disk(struct doctor *doctor)
{
	struct statvfs disk;

	if (statvfs(doctor->dir, &disk) != 0) {
		doctor_fail(doctor, "disk", "%s: %s", doctor->dir, strerror(errno));
		return;
	}
	long long free_mb = (long long)disk.f_bavail * (long long)disk.f_frsize / MB;

	if (free_mb < MIN_FREE_MB) {
		doctor_fail(doctor, "disk",
			    "%s is full: %lld MB free. Webhooks are answered 503 until there is room; "
			    "nothing acknowledged is lost",
			    doctor->dir, free_mb);
		doctor_next(doctor, "du -xh --max-depth=2 %s | sort -h | tail, and make room", doctor->dir);
	} else if (free_mb < doctor->settings.media_min_free_mb) {
		doctor_warn(doctor, "disk", "%s: %lld MB free, below media_min_free_mb (%lld): no media is downloaded",
			    doctor->dir, free_mb, (long long)doctor->settings.media_min_free_mb);
		doctor_next(doctor, "du -xh --max-depth=2 %s | sort -h | tail, and make room", doctor->dir);
	} else {
		doctor_ok(doctor, "disk", "%lld MB free", free_mb);
	}
}

void doctor_check_files(struct doctor *doctor)
{
	check_settings(doctor);
	if (!doctor->has_settings) {
		return;
	}
	check_roles(doctor);
	check_keys(doctor);
	check_secrets(doctor);
	check_disk(doctor);
}
