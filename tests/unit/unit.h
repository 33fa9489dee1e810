/* SPDX-License-Identifier: MIT */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

/* What every unit test includes: cmocka with the headers it wants before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* A result that must be CW_OK; prints the error's text otherwise. */
#define assert_ok(status, error) \
	do { \
		if ((status) != CW_OK) { \
			fail_msg("%s", (error).text); \
		} \
	} while (0)

/* text holds part; prints both otherwise. */
#define assert_contains(text, part) \
	do { \
		if (!strstr((text), (part))) { \
			fail_msg("\"%s\" does not hold \"%s\"", (text), (part)); \
		} \
	} while (0)

#endif
