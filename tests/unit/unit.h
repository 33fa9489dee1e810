/* SPDX-License-Identifier: MIT */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

/* Included by every unit test: cmocka, and the headers it requires before it. */
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

/* Asserts CW_OK; otherwise prints the error's text. */
#define assert_ok(status, error) \
	do { \
		if ((status) != CW_OK) { \
			fail_msg("%s", (error).text); \
		} \
	} while (0)

/* Asserts that text contains part; otherwise prints both. */
#define assert_contains(text, part) \
	do { \
		if (!strstr((text), (part))) { \
			fail_msg("\"%s\" does not hold \"%s\"", (text), (part)); \
		} \
	} while (0)

#endif
