/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/*
 * Many subscribers of one filter, and the options that every program with a crowd has. One thread; the
 * program's loop is: crowd_step, its own work, wire_run.
 */

struct crowd_options {
	int64_t port, publisher_port, version, size, parallel, pid, payload;
	bool is_ws;
	const char *filter;    /* NULL: nobody subscribes */
	const char *tokens;    /* file, `clientid token` per line; member i takes line i mod n */
	const char *publisher; /* "clientid token" */
	const char *setup;     /* file, `topic payload` per line, that the publisher sends first */
};

/* argp's child; its input is a struct crowd_options. */
extern const struct argp crowd_argp;

/* Fills in what has a default; ends the program when something needed is missing. Before and after argp_parse. */
void crowd_options_init(struct crowd_options *options);
void crowd_options_check(const struct crowd_options *options);

struct crowd_member {
	struct wire wire;
	enum { MEMBER_IDLE, MEMBER_COMING, MEMBER_READY, MEMBER_GONE } state;
	int64_t started_ns, ready_ns, gone_ns;
	int reason; /* of CONNACK, SUBACK or DISCONNECT, whichever ended it */
	int64_t n_received;
	int64_t last; /* index of the last message; -1 */
};

struct crowd {
	const struct crowd_options *options;
	int epoll_fd;
	struct crowd_member *members;
	int64_t n_coming, n_ready, n_gone; /* gone: refused or closed by the broker */
	int64_t next;                      /* the member to connect next */
	/* Only of messages that publisher_read understands. */
	void (*on_message)(void *context, struct crowd_member *member, int64_t due_ns, int64_t index);
	void *context;
	char *lines; /* of the tokens file */
};

/* Reads the tokens. on_message and context are filled in by the caller. */
void crowd_init(struct crowd *crowd, const struct crowd_options *options, int epoll_fd);

/* Opens some of those who may come now; true: there are more. With a filter, a member is ready at its SUBACK. */
bool crowd_step(struct crowd *crowd);
bool crowd_is_here(const struct crowd *crowd); /* nobody is missing but those who are gone */

/* All go away without DISCONNECT; crowd_step brings them back. */
void crowd_leave(struct crowd *crowd);

/* Reads a whole file; NUL at its end. Ends the program when that fails. */
char *crowd_read_file(const char *path);

/* CPU time of all the threads of a process so far, ns; 0 for pid 0. */
int64_t crowd_cpu_ns(int64_t pid);

/* The value below which the share (0..1) of the values lies; sorts them. 0 of none. */
int64_t crowd_quantile(int64_t *values, int64_t n, double share);

#endif
