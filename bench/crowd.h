/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/*
 * Many subscribers to one filter, and the options shared by all programs with a crowd. One thread; the program's loop
 * is: crowd_step, its own work, wire_run.
 */

struct crowd_options {
	int64_t port, publisher_port, version, size, parallel, pid, payload;
	bool is_ws;
	const char *filter;    /* NULL: nobody subscribes */
	const char *tokens;    /* file, `clientid token` per line; member i uses line i mod n */
	const char *publisher; /* "clientid token" */
	const char *setup;     /* file, `topic payload` per line, that the publisher sends first */
};

/* A child parser for argp; its input is a struct crowd_options. */
extern const struct argp crowd_argp;

/* init sets the defaults, before argp_parse. check ends the program if a required option is missing, after it. */
void crowd_options_init(struct crowd_options *options);
void crowd_options_check(const struct crowd_options *options);

struct crowd_member {
	struct wire wire;
	enum { MEMBER_IDLE, MEMBER_COMING, MEMBER_READY, MEMBER_GONE } state;
	int64_t started_ns, ready_ns, gone_ns;
	int reason; /* from CONNACK, SUBACK or DISCONNECT, whichever ended it */
	int64_t n_received;
	int64_t last; /* index of the last message; -1 */
};

struct crowd {
	const struct crowd_options *options;
	int epoll_fd;
	struct crowd_member *members;
	int64_t n_coming, n_ready, n_gone; /* gone: refused or disconnected by the broker */
	int64_t next;                      /* the next member to connect */
	/* Called only for messages that publisher_read understands. */
	void (*on_message)(void *context, struct crowd_member *member, int64_t due_ns, int64_t index);
	void *context;
	char *lines; /* the lines of the tokens file */
};

/* Reads the tokens. The caller sets on_message and context. */
void crowd_init(struct crowd *crowd, const struct crowd_options *options, int epoll_fd);

/*
 * Opens some of the connections that may be opened now. true: there are more. With a filter, a member is ready when it
 * gets SUBACK.
 */
bool crowd_step(struct crowd *crowd);
bool crowd_is_here(const struct crowd *crowd); /* all members are ready or gone */

/* Drops all connections without DISCONNECT; crowd_step reconnects them. */
void crowd_leave(struct crowd *crowd);

/* Reads a whole file, NUL-terminated. Ends the program on failure. */
char *crowd_read_file(const char *path);

/* CPU time of all the threads of a process so far, ns; 0 for pid 0. */
int64_t crowd_cpu_ns(int64_t pid);

/* The quantile `share` (0..1) of the values, which it sorts. 0 if there are none. */
int64_t crowd_quantile(int64_t *values, int64_t n, double share);

#endif
