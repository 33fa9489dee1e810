/* SPDX-License-Identifier: MIT */
#ifndef HTTP_SWEEPER_H
#define HTTP_SWEEPER_H

/*
 * Absolute deadlines for connections. libmicrohttpd's timeout counts inactivity only, so a client that
 * sends one byte a second stays for ever; this thread shuts such sockets down. Any thread may call.
 */
struct sweeper;
struct sweeper_entry;

enum sweeper_phase {
	SWEEPER_FIRST_HEAD, /* connected, no request yet: 10 s */
	SWEEPER_BODY,       /* a body is coming: 30 s */
	SWEEPER_LONG_BODY,  /* a file is coming: 10 minutes */
	SWEEPER_ANSWER,     /* ours to finish: no deadline */
	SWEEPER_NEXT_HEAD,  /* kept alive: the library's 15 s of inactivity, or 25 s of dripping */
};

/* NULL without memory or thread. Destroy accepts NULL. */
struct sweeper *sweeper_create(void);
void sweeper_destroy(struct sweeper *sweeper);

/* A new connection; NULL without memory, which the others accept. Remove before the socket is closed. */
struct sweeper_entry *sweeper_add(struct sweeper *sweeper, int fd);
void sweeper_remove(struct sweeper *sweeper, struct sweeper_entry *entry);

/* The connection is in another phase from now on. */
void sweeper_enter(struct sweeper *sweeper, struct sweeper_entry *entry, enum sweeper_phase phase);

#endif
