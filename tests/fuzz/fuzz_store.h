/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_STORE_H
#define TESTS_FUZZ_FUZZ_STORE_H

#include "store/store.h"

#define FUZZ_ACCOUNT "acme"
#define FUZZ_NUMBER "1003427786179738"

/*
 * A fuzz target's only store, on a memory file system if there is one: account acme with a number, no customers. If
 * still open at the end of the program, it is closed. on_events receives what is committed.
 */
struct cw_store *fuzz_store_open(void (*on_events)(void *context, struct cw_event *events, size_t n_events));
void fuzz_store_close(void);

#endif
