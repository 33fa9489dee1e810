/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_STORE_H
#define TESTS_FUZZ_FUZZ_STORE_H

#include "store/store.h"

#define FUZZ_ACCOUNT "acme"
#define FUZZ_NUMBER "1003427786179738"

/*
 * The one store of a fuzz target, in memory where there is such a file system: account acme with a number, no customers. What is
 * still open at the end of the program is closed. on_events: who takes what is committed.
 */
struct cw_store *fuzz_store_open(void (*on_events)(void *context, struct cw_event *events, size_t n_events));
void fuzz_store_close(void);

#endif
