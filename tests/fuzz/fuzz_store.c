/* SPDX-License-Identifier: MIT */
#include "fuzz_store.h"

#include <dirent.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "fuzz.h"

#define CLOCK_MS INT64_C(1767312301000) /* near the times in the corpus */

static struct cw_store *store;
static struct cw_tag_key *tag;
static char dir[64];

static bool allows(void *context, const char *secret, const char *account)
{
	(void)context;
	(void)secret;
	return strcmp(account, FUZZ_ACCOUNT) == 0;
}

static const char *only_account(void *context, const char *secret)
{
	(void)context;
	(void)secret;
	return FUZZ_ACCOUNT;
}

void fuzz_store_close(void)
{
	if (!store) {
		return;
	}
	cw_store_close(store);
	store = NULL;
	DIR *opened = opendir(dir);

	for (struct dirent *entry; opened && (entry = readdir(opened));) {
		(void)unlinkat(dirfd(opened), entry->d_name, 0); /* "." and ".." stay */
	}
	if (opened) {
		(void)closedir(opened);
	}
	(void)rmdir(dir); /* a leftover is not a failure */
}

static void start_once(void)
{
	if (!tag) {
		cw_log_init("fuzz", CW_LOG_ERROR);
		tag = cw_tag_key_create("fuzz", 4);
		(void)atexit(fuzz_store_close);
		cw_clock_set_offset_ms(CLOCK_MS - cw_clock_now_ms());
	}
}

struct cw_store *fuzz_store_open(void (*on_events)(void *context, struct cw_event *events, size_t n_events))
{
	struct cw_error error;
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	struct cw_store_op account = { .type = CW_STORE_ACCOUNT_ADD, .account = { .name = FUZZ_ACCOUNT } };
	struct cw_store_op number = { .type = CW_STORE_NUMBER_ADD,
				      .number = { .account = FUZZ_ACCOUNT, .phone_number_id = FUZZ_NUMBER } };

	start_once();
	const struct cw_store_options options = { .dir = dir,
						  .tag = tag,
						  .secrets = { .allows = allows, .only_account = only_account },
						  .max_queue_bytes = 64 << 20,
						  .max_queue_age_ms = 600000,
						  .on_events = on_events };

	FUZZ_CHECK(cw_text_format(dir, sizeof(dir), "%s/convwire-fuzz-XXXXXX", tmp) && mkdtemp(dir));
	FUZZ_CHECK(cw_store_open(&options, &store, &error) == CW_OK);
	FUZZ_CHECK(cw_store_run(store, &account) == CW_OK);
	FUZZ_CHECK(cw_store_run(store, &number) == CW_OK);
	return store;
}
