/* SPDX-License-Identifier: MIT */
/*
 * convwire up: runs mosquitto with the plugin, and convwired, as the owner of --dir; restarts either if it exits,
 * and stops both cleanly. One thread around poll(2): signals by signalfd, output and readiness by pipes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/broker_conf.h"
#include "cli/child.h"
#include "cli/cli.h"
#include "cli/demo.h"
#include "cli/ports.h"
#include "core/access.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "core/token.h"
#include "ingest/secrets.h"

#define READY_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS 15000

struct up_options {
	struct common_options common;
	const char *ports[SETTINGS_N_PORTS]; /* NULL: as configured */
	bool takes_free_ports, is_demo;
};

enum { BROKER, DAEMON, SIMULATOR, N_CHILDREN }; /* the last only in a demo */

struct up {
	const struct up_options *options;
	struct settings settings;
	char dir[PATH_MAX]; /* absolute: mosquitto's paths must be */
	char plugin[PATH_MAX], keys[PATH_MAX], roles[PATH_MAX], broker_conf[PATH_MAX], run_file[PATH_MAX];
	char bin[PATH_MAX], daemon[PATH_MAX];
	struct demo demo;
	char ports[SETTINGS_N_PORTS][16], ready_fd[16];
	struct child children[N_CHILDREN];
	int signal_fd;
	int ready_pipe; /* our end; -1 once read */
	bool is_ready, is_stopping;
	int exit_code;
	int64_t give_up_ms; /* while starting and while stopping */
};

/* ---- files ---- */

/* The programs are in one folder, build/bin or /usr/bin; the plugin is in ../lib next to it. */
static enum cw_status find_programs(struct up *up, struct cw_error *reterr)
{
	enum cw_status status = cw_file_program_folder(up->bin, sizeof(up->bin), reterr);

	if (status != CW_OK) {
		return status;
	}
	status = broker_conf_plugin(&up->settings, up->plugin, reterr);
	if (status != CW_OK) {
		return status;
	}
	if (!cw_text_format(up->daemon, sizeof(up->daemon), "%s/convwired", up->bin) || access(up->daemon, X_OK) != 0) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s not found; is the installation complete?", up->daemon);
	}
	if (access(up->settings.mosquitto, X_OK) != 0) {
		return cw_error_set(reterr, CW_NOT_FOUND,
				    "%s not found; install mosquitto, or set `mosquitto` in convwire.conf",
				    up->settings.mosquitto);
	}
	return CW_OK;
}

static enum cw_status make_paths(struct up *up, struct cw_error *reterr)
{
	if (!realpath(up->options->common.dir, up->dir)) {
		return cw_error_set(reterr, CW_NOT_FOUND, "%s: %s", up->options->common.dir, strerror(errno));
	}
	const struct {
		const char *name;
		char *out;
	} paths[] = { { "keys", up->keys },
		      { "roles.acl", up->roles },
		      { "run.json", up->run_file },
		      { "log/mosquitto.log", up->children[BROKER].log_path },
		      { "log/convwired.log", up->children[DAEMON].log_path } };
	enum cw_status status = CW_OK;

	for (size_t i = 0; status == CW_OK && i < sizeof(paths) / sizeof(paths[0]); i++) {
		status = settings_path(up->dir, paths[i].name, paths[i].out, PATH_MAX, reterr);
	}
	return status;
}

static enum cw_status write_run_file(struct up *up, struct cw_error *reterr)
{
	json_t *run = json_pack("{s:i, s:s*}", "pid", (int)getpid(), "graph_url",
				up->options->is_demo ? up->demo.graph_url : NULL);
	bool is_whole = run != NULL;

	for (enum settings_port port = 0; port < SETTINGS_N_PORTS; port++) {
		is_whole &= json_object_set_new(run, settings_ports[port].key,
						json_integer(*settings_port(&up->settings, port))) == 0;
	}
	char *text = is_whole ? json_dumps(run, JSON_COMPACT) : NULL;
	enum cw_status status = text ? cw_file_write(up->run_file, text, strlen(text), 0600, reterr) :
				       cw_error_set(reterr, CW_NOMEM, "out of memory");

	free(text);
	json_decref(run);
	return status;
}

/* ---- before anything is started ---- */

/* Takes the lock that this `up` holds until it exits, and checks that no daemon runs without `up`. */
static enum cw_status take_locks(struct up *up, struct cw_error *reterr)
{
	char path[PATH_MAX];
	enum cw_status status = settings_path(up->dir, "run.lock", path, sizeof(path), reterr);

	if (status != CW_OK) {
		return status;
	}
	int daemon_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bool is_free = daemon_lock >= 0 && flock(daemon_lock, LOCK_EX | LOCK_NB) == 0;

	if (daemon_lock >= 0) {
		(void)close(daemon_lock);
	}
	status = settings_path(up->dir, "up.lock", path, sizeof(path), reterr);
	int own_lock = status == CW_OK ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (!is_free || own_lock < 0 || flock(own_lock, LOCK_EX | LOCK_NB) != 0) {
		return cw_error_set(reterr, CW_BUSY, "another Convwire is running in %s; stop it first", up->dir);
	}
	return CW_OK; /* own_lock stays open until we end */
}

/* mosquitto would only report that its plugin did not start; this error names file and line. */
static enum cw_status check_keys(struct up *up, struct cw_error *reterr)
{
	struct cw_token_keys *keys = NULL;
	struct cw_access *access = NULL;
	struct secrets *secrets = NULL;
	enum cw_status status = cw_token_keys_load(up->keys, &keys, reterr);

	if (status == CW_OK) {
		status = cw_access_load(up->roles, &access, reterr);
	}
	if (status == CW_OK) {
		status = secrets_load(up->keys, &secrets, reterr);
	}
	secrets_destroy(secrets);
	cw_access_destroy(access);
	cw_token_keys_destroy(keys);
	return status;
}

/* ---- children ---- */

static enum cw_status prepare_children(struct up *up, struct cw_error *reterr)
{
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0 ||
	    !cw_text_format(up->ready_fd, sizeof(up->ready_fd), "%d", pipe_fds[1])) {
		return cw_error_set(reterr, CW_IO, "cannot create a pipe: %s", strerror(errno));
	}
	up->ready_pipe = pipe_fds[0];
	struct child *broker = &up->children[BROKER];
	struct child *daemon = &up->children[DAEMON];
	char *broker_arguments[] = { up->settings.mosquitto, "-c", up->broker_conf, NULL };
	char *daemon_arguments[] = {
		up->daemon,         "--dir",      up->dir,
		"--ready-fd",       up->ready_fd, up->options->is_demo ? "--graph-url" : NULL,
		up->demo.graph_url,
	};
	size_t n = sizeof(daemon_arguments) / sizeof(daemon_arguments[0]) - (up->options->is_demo ? 0 : 2);

	broker->name = "mosquitto";
	daemon->name = "convwired";
	daemon->echoes_problems = true;
	daemon->ready_fd = pipe_fds[1];
	broker->ready_fd = -1;
	memcpy(broker->arguments, broker_arguments, sizeof(broker_arguments));
	memcpy(daemon->arguments, daemon_arguments, n * sizeof(daemon_arguments[0]));
	for (enum settings_port port = 0; port < SETTINGS_N_PORTS; port++) { /* the rest is NULL */
		(void)snprintf(up->ports[port], sizeof(up->ports[port]), "%d", (int)*settings_port(&up->settings, port));
		daemon->arguments[n++] = (char *)settings_ports[port].option;
		daemon->arguments[n++] = up->ports[port];
	}
	up->children[SIMULATOR].ready_fd = -1;
	for (int i = 0; i < N_CHILDREN; i++) {
		up->children[i].log_fd = up->children[i].output_fd = -1;
	}
	if (!up->options->is_demo) {
		up->children[SIMULATOR].start_at_ms = INT64_MAX;
	}
	return CW_OK;
}

static void begin_stop(struct up *up, int exit_code)
{
	if (up->is_stopping) {
		return;
	}
	up->is_stopping = true;
	up->exit_code = exit_code;
	up->give_up_ms = cw_clock_monotonic_ms() + STOP_TIMEOUT_MS;
	child_stop(&up->children[DAEMON]); /* first, so that it can still publish what it has */
	child_stop(&up->children[SIMULATOR]);
}

static void start_due_children(struct up *up)
{
	for (int i = 0; i < N_CHILDREN; i++) {
		struct child *child = &up->children[i];

		if (child->pid == 0 && !up->is_stopping && cw_clock_monotonic_ms() >= child->start_at_ms &&
		    !child_start(child)) {
			begin_stop(up, cli_fail(CW_IO, "%s cannot be started: %s", child->name, strerror(errno)));
		}
	}
}

/* A restarted daemon need not report readiness: it uses the same ports as the first. */
static void drop_ready_arguments(struct up *up)
{
	char **arguments = up->children[DAEMON].arguments;

	for (int i = 0; arguments[i]; i++) {
		if (strcmp(arguments[i], "--ready-fd") == 0) {
			memmove(arguments + i, arguments + i + 2,
				(size_t)(CHILD_MAX_ARGUMENTS - i - 2) * sizeof(*arguments));
			return;
		}
	}
}

static void speak_of_end(struct up *up, const struct child *child, int wait_status)
{
	if (up->is_stopping) {
		return;
	}
	int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;

	if (!up->is_ready || code == EX_CONFIG) {
		if (child == &up->children[BROKER]) {
			(void)cli_fail(CW_IO, "mosquitto does not start; see the end of %s", child->log_path);
		}
		begin_stop(up, child == &up->children[DAEMON] && code != 0 ? code : EX_UNAVAILABLE);
	} else if (WIFSIGNALED(wait_status)) {
		(void)fprintf(stderr, "%s was killed by signal %d; restarting it\n", child->name, WTERMSIG(wait_status));
	} else {
		(void)fprintf(stderr, "%s exited with code %d; restarting it\n", child->name, code);
	}
}

static void on_child_ended(struct up *up, pid_t pid, int wait_status)
{
	for (int i = 0; i < N_CHILDREN; i++) {
		struct child *child = &up->children[i];

		if (child->pid != pid) {
			continue;
		}
		child_ended(child);
		speak_of_end(up, child, wait_status);
		if (i == DAEMON) {
			drop_ready_arguments(up);
		}
	}
}

static void reap(struct up *up)
{
	int wait_status = 0;
	pid_t pid = 0;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
		on_child_ended(up, pid, wait_status);
	}
	if (up->is_stopping && up->children[DAEMON].pid == 0) {
		child_stop(&up->children[BROKER]);
	}
}

/* ---- the loop ---- */

static void print_sign_in(const struct up *up)
{
	char password[DEMO_PASSWORD_HEX + 1];

	if (up->options->is_demo && demo_read_password(up->dir, password)) {
		(void)printf("  WhatsApp   simulated: its customers write to you, and answer what you send\n"
			     "  sign in    as " DEMO_AGENT ", password %s\n",
			     password);
	}
}

static void print_running(const struct up *up)
{
	const struct settings *settings = &up->settings;
	const struct cw_broker_place broker = settings_broker_place(settings);
	const char *dir = up->options->common.dir;
	char url[100];
	char ws_url[600];
	int self_len = (int)strlen(up->daemon) - 1; /* convwired → convwire */

	if (!settings_http_url(settings, "", url, sizeof(url))) {
		url[0] = '\0'; /* cannot happen: the daemon listens at that address */
	}
	(void)printf("Convwire is running, in %s\n"
		     "  dashboard  %s/\n"
		     "  webhook    %s/webhook\n"
		     "  API        %s/api/v1\n"
		     "  MQTT       %s:%lld     WebSocket  %s\n"
		     "  logs       %s/log\n",
		     up->dir, url, url, url, settings->mqtt_address, (long long)settings->mqtt_port,
		     cw_broker_place_ws_url(&broker, NULL, ws_url, sizeof(ws_url)) ? ws_url : settings->mqtt_public_url,
		     up->dir);
	print_sign_in(up);
	(void)printf("Try, in a second terminal:\n"
		     "  %.*s watch --dir %s\n"
		     "  %.*s %s --dir %s\n",
		     self_len, up->daemon, dir, self_len, up->daemon,
		     up->options->is_demo ? "send 923456789012 \"Yes, it is\"" : "simulate --rate 2", dir);
	if (!up->options->is_demo) {
		(void)printf("  %.*s agent add ann --name Ann --dir %s   # then Ann can sign in to the dashboard\n",
			     self_len, up->daemon, dir);
	}
	(void)printf("Ctrl-C stops it.\n");
	(void)fflush(stdout);
}

static void read_ready(struct up *up)
{
	char line[64];
	ssize_t n = read(up->ready_pipe, line, sizeof(line) - 1);
	struct cw_error error;

	if (n < 0) {
		return;
	}
	(void)close(up->ready_pipe);
	up->ready_pipe = -1;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (n == 0 || strncmp(line, "http=", 5) != 0) {
		return; /* it exited; waitpid says how */
	}
	if (cw_text_to_int64(line + 5, &up->settings.http_port) == CW_OK && write_run_file(up, &error) == CW_OK) {
		up->is_ready = true;
		print_running(up);
	} else {
		begin_stop(up, cli_fail(CW_IO, "%s", error.text));
	}
}

static void read_signal(struct up *up)
{
	struct signalfd_siginfo info;

	while (read(up->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			continue; /* reap() runs in any case */
		}
		if (info.ssi_signo != SIGHUP) {
			begin_stop(up, EX_OK);
			continue;
		}
		for (int i = 0; i < N_CHILDREN; i++) {
			if (up->children[i].pid > 0) {
				(void)kill(up->children[i].pid, SIGHUP); /* keys and roles are read again */
			}
		}
	}
}

static void wait_for_something(struct up *up)
{
	struct pollfd fds[] = {
		{ .fd = up->signal_fd, .events = POLLIN },
		{ .fd = up->ready_pipe, .events = POLLIN },
		{ .fd = up->children[BROKER].output_fd, .events = POLLIN },
		{ .fd = up->children[DAEMON].output_fd, .events = POLLIN },
		{ .fd = up->children[SIMULATOR].output_fd, .events = POLLIN },
	};
	int64_t wait_ms = up->is_ready && !up->is_stopping ? 60000 : 1000;

	for (int i = 0; i < N_CHILDREN; i++) {
		int64_t due_ms = up->children[i].start_at_ms - cw_clock_monotonic_ms();

		if (up->children[i].pid == 0 && !up->is_stopping && due_ms < wait_ms) {
			wait_ms = due_ms < 0 ? 0 : due_ms;
		}
	}
	(void)poll(fds, sizeof(fds) / sizeof(fds[0]), (int)wait_ms); /* EINTR and time-outs: everything is checked */
}

static void check_deadline(struct up *up)
{
	bool is_late = cw_clock_monotonic_ms() > up->give_up_ms;

	if (!up->is_ready && !up->is_stopping && is_late) {
		begin_stop(up, cli_fail(CW_BUSY, "convwired is not ready after %d s; see %s", READY_TIMEOUT_MS / 1000,
					up->children[DAEMON].log_path));
	} else if (up->is_stopping && is_late) {
		for (int i = 0; i < N_CHILDREN; i++) {
			if (up->children[i].pid > 0) {
				(void)kill(up->children[i].pid, SIGKILL); /* our own child, not yet waited for */
			}
		}
	}
}

static int run(struct up *up)
{
	up->give_up_ms = cw_clock_monotonic_ms() + READY_TIMEOUT_MS;
	while (!up->is_stopping || up->children[BROKER].pid > 0 || up->children[DAEMON].pid > 0 ||
	       up->children[SIMULATOR].pid > 0) {
		start_due_children(up);
		wait_for_something(up);
		read_signal(up);
		if (up->ready_pipe >= 0) {
			read_ready(up);
		}
		for (int i = 0; i < N_CHILDREN; i++) {
			child_read(&up->children[i]);
		}
		reap(up);
		check_deadline(up);
	}
	if (up->is_ready) {
		(void)unlink(up->run_file);
	}
	return up->exit_code;
}

static void catch_signals(struct up *up)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	up->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int exit_code_of(enum cw_status status)
{
	return status == CW_INVALID || status == CW_NOT_FOUND ? EX_CONFIG : cli_exit_code(status);
}

/* Finds every error it can before anything is started. */
static enum cw_status prepare(struct up *up, struct cw_error *reterr)
{
	enum cw_status status = settings_load(up->options->common.dir, &up->settings, reterr);

	if (status == CW_OK) {
		status = demo_check(&up->settings, up->options->common.dir, up->options->is_demo, reterr);
	}
	if (status == CW_OK) {
		status = settings_override_ports(&up->settings, up->options->ports, reterr);
	}
	if (status == CW_OK) {
		status = make_paths(up, reterr);
	}
	if (status == CW_OK) {
		status = take_locks(up, reterr);
	}
	if (status == CW_OK) {
		status = check_keys(up, reterr);
	}
	if (status == CW_OK) {
		status = find_programs(up, reterr);
	}
	if (status == CW_OK) {
		status = ports_choose(&up->settings, up->options->takes_free_ports, reterr);
	}
	if (status == CW_OK) {
		status = broker_conf_write(up->dir, &up->settings, up->broker_conf, reterr);
	}
	if (status == CW_OK && up->options->is_demo) {
		status = demo_prepare(&up->demo, &up->children[SIMULATOR], &up->settings, up->dir, up->bin, reterr);
	}
	if (status == CW_OK) {
		status = prepare_children(up, reterr);
	}
	return status;
}

static int run_up(void *input)
{
	struct up_options *options = input;
	struct cw_error error;

	if (!options->common.dir) {
		options->common.dir = options->is_demo ? DEMO_DIR : "./var";
	}
	int made = options->is_demo ? demo_make_directory(options->common.dir) : EX_OK;

	if (made != EX_OK) {
		return made;
	}
	struct up *up = calloc(1, sizeof(*up));

	if (!up) {
		return cli_fail(CW_NOMEM, "out of memory");
	}
	up->options = options;
	up->ready_pipe = -1;
	enum cw_status status = prepare(up, &error);

	if (status != CW_OK) {
		(void)cli_fail(status, "%s", error.text);
	} else {
		catch_signals(up);
	}
	int code = status == CW_OK ? run(up) : exit_code_of(status);

	settings_finish(&up->settings);
	free(up);
	return code;
}

static const struct cli_option rows[] = {
	CLI_TEXT(struct up_options, ports[SETTINGS_HTTP_PORT], 0, "http-port", "PORT", "HTTP port for this run"),
	CLI_TEXT(struct up_options, ports[SETTINGS_MQTT_PORT], 0, "mqtt-port", "PORT", "MQTT port for this run"),
	CLI_TEXT(struct up_options, ports[SETTINGS_WS_PORT], 0, "ws-port", "PORT", "WebSocket port for this run"),
	CLI_FLAG(struct up_options, is_demo, 0, "demo",
		 "with a simulated WhatsApp, in a separate directory (" DEMO_DIR ")"),
	CLI_FLAG(struct up_options, takes_free_ports, 0, "take-free-ports", "if a port is in use, take the next free one"),
	CLI_END_OPTIONS,
};

static const struct cli_verb verbs[] = {
	{ "", "", 0, 0, run_up },
	CLI_END_VERBS,
};

const struct cli_command cli_up = {
	.name = "up",
	.summary = "run the broker and the daemon in this terminal",
	.help = "Run mosquitto with the plugin, and the daemon, in this terminal; restart either if it exits.",
	.size = sizeof(struct up_options),
	.options = rows,
	.verbs = verbs,
	.chooses_dir = true,
};
