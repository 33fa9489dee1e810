/* SPDX-License-Identifier: MIT */
/* convwire backup TO, restore FROM: a folder with the database and the files of messages. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "core/media_copy.h"
#include "core/text.h"

static enum cw_status make_folder(const char *path, struct cw_error *reterr)
{
	struct stat found;

	if (mkdir(path, 0700) == 0) {
		return CW_OK;
	}
	if (errno == EEXIST && stat(path, &found) == 0) {
		errno = S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
	}
	return errno == 0 ? CW_OK : cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
}

/* Copies the media files that are missing in `to`; prints how many are damaged. */
static enum cw_status copy_media(const char *from, const char *to, int64_t *ret_n_copied, struct cw_error *reterr)
{
	char from_media[PATH_MAX];
	char to_media[PATH_MAX];
	int64_t n_damaged = 0;
	enum cw_status status = settings_path(from, "media", from_media, sizeof(from_media), reterr);

	if (status == CW_OK) {
		status = settings_path(to, "media", to_media, sizeof(to_media), reterr);
	}
	if (status == CW_OK) {
		status = make_folder(to_media, reterr);
	}
	if (status == CW_OK) {
		struct progress progress;

		progress_begin(&progress, "Copying media files", NULL, NULL);
		status = cw_media_copy(from_media, to_media, ret_n_copied, &n_damaged, reterr);
		progress_end(&progress);
	}
	if (n_damaged > 0) {
		(void)fprintf(stderr,
			      "convwire: %" PRId64
			      " files in %s are damaged (their content does not match their names)\n",
			      n_damaged, from_media);
	}
	return status;
}

/* ---- backup ---- */

static enum cw_status copy_database(const char *dir, const char *folder, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char whole[PATH_MAX]; /* absolute: the daemon's working directory differs */
	char from[PATH_MAX];
	char unfinished[PATH_MAX]; /* where cw_store_backup writes until it is complete */
	json_t *answer = NULL;

	if (!realpath(folder, whole)) {
		return cw_error_set(reterr, CW_IO, "%s: %s", folder, strerror(errno));
	}
	enum cw_status status = settings_path(whole, "convwire.db", path, sizeof(path), reterr);

	if (status == CW_OK) {
		status = settings_path(dir, "convwire.db", from, sizeof(from), reterr);
	}
	if (status == CW_OK) {
		status = cw_text_format(unfinished, sizeof(unfinished), "%s.unfinished", path) ?
				 CW_OK :
				 cw_error_set(reterr, CW_INVALID, "%s: path too long", whole);
	}
	if (status == CW_OK) {
		struct progress_copy copy = { .from = from, .to = unfinished };
		struct progress progress;
		json_t *arguments = json_pack("{s:s}", "path", path);

		progress_begin(&progress, "Copying the database", progress_of_copy, &copy);
		status = cli_control(dir, "backup", arguments, &answer, reterr);
		progress_end(&progress);
		json_decref(arguments);
		if (status == CW_IO || status == CW_DENIED) {
			const struct cw_error answered = *reterr;

			status = cw_error_set(
				reterr, status,
				"%s. The daemon writes the backup as its own user, and under systemd only below %s: "
				"choose a folder there, then copy it elsewhere",
				answered.text, dir);
		}
	}
	json_decref(answer);
	return status;
}

static int backup(void *input)
{
	const struct common_options *options = input;
	const char *folder = options->words[0];
	struct cw_error error;
	int64_t n_files = 0;
	enum cw_status status = make_folder(folder, &error);

	if (status == CW_OK) {
		status = copy_database(options->dir, folder, &error);
	}
	if (status == CW_OK) {
		status = copy_media(options->dir, folder, &n_files, &error);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	if (options->json) {
		cli_print_json(json_pack("{s:s, s:I}", "folder", folder, "new_files", (json_int_t)n_files));
	} else {
		(void)printf("Copied the database and %" PRId64 " new files to %s.\n", n_files, folder);
	}
	return EX_OK;
}

static const struct cli_verb backup_verbs[] = {
	{ "", "FOLDER", 1, 1, backup },
	CLI_END_VERBS,
};

const struct cli_command cli_backup = {
	.name = "backup",
	.summary = "back up the database and the media files, also while running",
	.help = "Copy a snapshot of the database, and the media files, into FOLDER, which is created if needed; the daemon "
		"may be running. If FOLDER has a backup, only new media files are copied. Keys and settings are not "
		"included: keep a copy of DIR/keys and DIR/convwire.conf elsewhere.",
	.size = sizeof(struct common_options),
	.verbs = backup_verbs,
};

/* ---- restore ---- */

static void say_restored(const char *dir, const char *folder, int64_t n_files, int64_t n_unknown)
{
	(void)printf("%s was restored from %s, with %" PRId64 " files.\n"
		     "The previous database is %s/convwire.db.before-restore: remove it once everything works.\n"
		     "Clients reload everything, and agents with a password must sign in again. Tokens revoked since\n"
		     "the backup are valid again until they expire: revoke them again.\n",
		     dir, folder, n_files, dir);
	if (n_unknown > 0) {
		(void)printf("%" PRId64
			     " messages had not been sent when the backup was made, and may have been since: they are now "
			     "unknown.\n`convwire outbox list` shows them; retry or discard each.\n",
			     n_unknown);
	}
}

/* Files restored by root would belong to root, but the daemon runs as DIR's owner. */
static enum cw_status must_own(const char *dir, struct cw_error *reterr)
{
	struct stat found;

	if (stat(dir, &found) != 0) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s: %s; `convwire init` creates it", dir, strerror(errno));
	}
	if (found.st_uid != geteuid()) {
		const struct passwd *owner = getpwuid(found.st_uid);

		return cw_error_set(
			reterr, CW_DENIED,
			"%s belongs to %s, who could not read files restored by another user: run it as `runuser -u "
			"%s -- convwire restore …`",
			dir, owner ? owner->pw_name : "another user", owner ? owner->pw_name : "USER");
	}
	return CW_OK;
}

static int restore(void *input)
{
	const struct common_options *options = input;
	const char *folder = options->words[0];
	struct cw_error error;
	char path[PATH_MAX];
	int64_t n_files = 0;
	int64_t n_unknown = 0;
	enum cw_status status = must_own(options->dir, &error);

	if (status == CW_OK) {
		status = settings_path(folder, "convwire.db", path, sizeof(path), &error);
	}
	if (status == CW_OK && access(path, R_OK) != 0) {
		status = cw_error_set(&error, CW_NOT_FOUND, "%s: %s; FOLDER must be a backup made by `convwire backup`",
				      path, strerror(errno));
	}
	if (status == CW_OK) { /* first: extra files do no harm if the rest fails */
		status = copy_media(folder, options->dir, &n_files, &error);
	}
	if (status == CW_OK) {
		struct progress progress;

		progress_begin(&progress, "Restoring the database", NULL, NULL);
		status = cli_restore_database(options->dir, path, &n_unknown, &error);
		progress_end(&progress);
	}
	if (status != CW_OK) {
		return cli_fail(status, "%s", error.text);
	}
	if (options->json) {
		cli_print_json(
			json_pack("{s:I, s:I}", "new_files", (json_int_t)n_files, "unknown", (json_int_t)n_unknown));
	} else {
		say_restored(options->dir, folder, n_files, n_unknown);
	}
	return EX_OK;
}

static const struct cli_verb restore_verbs[] = {
	{ "", "FOLDER", 1, 1, restore },
	CLI_END_VERBS,
};

const struct cli_command cli_restore = {
	.name = "restore",
	.summary = "restore a backup",
	.help = "Replace DIR's database with that of a backup, and copy the media files that DIR does not have. The daemon "
		"must be stopped. On another machine, first create DIR with `init` and copy the old keys into it.",
	.size = sizeof(struct common_options),
	.verbs = restore_verbs,
};
