/* SPDX-License-Identifier: MIT */
#ifndef HTTP_SWEEPER_H
#define HTTP_SWEEPER_H

/*
 * Absolute deadlines for connections. libmicrohttpd's timeout only counts inactivity, so a client that sends one byte a
 * second would stay connected forever; this thread shuts down such sockets. Any thread may call.
 */
struct sweeper;
struct sweeper_entry;

enum sweeper_phase {
	SWEEPER_FIRST_HEAD, /* connected, no request yet: 10 s */
	SWEEPER_BODY,       /* receiving a body: 30 s */
	SWEEPER_LONG_BODY,  /* receiving a file: 10 minutes */
	SWEEPER_ANSWER,     /* answering: no deadline */
	SWEEPER_NEXT_HEAD,  /* kept alive: 15 s of inactivity (the library's), or 25 s in total */
};

/* NULL when out of memory or threads. Destroy accepts NULL. */
struct sweeper *sweeper_create(void);
void sweeper_destroy(struct sweeper *sweeper);

/*
 * Adds a new connection. NULL when out of memory, which the other functions accept. Remove it before closing the
 * socket.
 */
struct sweeper_entry *sweeper_add(struct sweeper *sweeper, int fd);
void sweeper_remove(struct sweeper *sweeper, struct sweeper_entry *entry);

/* The connection is in another phase from now on. */
void sweeper_enter(struct sweeper *sweeper, struct sweeper_entry *entry, enum sweeper_phase phase);

#endif
