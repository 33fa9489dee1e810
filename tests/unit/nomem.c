/* SPDX-License-Identifier: MIT */
#include "tests/unit/nomem.h"

#include <sqlite3.h>
#include <stdatomic.h>

#include <openssl/crypto.h>

#include "core/memory.h"
#include "tests/unit/unit.h"

/* How many allocations until one fails; 0: none fails. */
static atomic_long until_failure;
static bool has_sweep_failed = true;
static sqlite3_mem_methods sqlite_methods;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static bool fails_now(void)
{
	return atomic_load(&until_failure) > 0 && atomic_fetch_sub(&until_failure, 1) == 1;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
	return fails_now() ? NULL : __real_strndup(text, len);
}

static void *sqlite_malloc(int size)
{
	return fails_now() ? NULL : sqlite_methods.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return fails_now() ? NULL : sqlite_methods.xRealloc(old, size);
}

/* A sweep in which no allocation failed tests nothing. */
static void finish_sweep(void)
{
	assert_true(has_sweep_failed);
	has_sweep_failed = false;
}

void nomem_arm(long n)
{
	if (n == 1) {
		finish_sweep();
	}
	atomic_store(&until_failure, n);
}

bool nomem_disarm(void)
{
	bool has_failed = atomic_exchange(&until_failure, 0) <= 0;

	has_sweep_failed = has_sweep_failed || has_failed;
	return has_failed;
}

int nomem_finish(void **state)
{
	(void)state;
	return has_sweep_failed ? 0 : -1;
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails_now() ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails_now() ? NULL : __real_realloc(old, size);
}

static void openssl_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

int nomem_start(void **state)
{
	(void)state;
	sqlite3_mem_methods failing;

	/* Only possible before OpenSSL's first allocation and before SQLite starts. */
	assert_int_equal(CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free), 1);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_methods), SQLITE_OK);
	failing = sqlite_methods;
	failing.xMalloc = sqlite_malloc;
	failing.xRealloc = sqlite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
	cw_memory_init();
	return 0;
}
