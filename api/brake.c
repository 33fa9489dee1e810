/* SPDX-License-Identifier: MIT */
#include "api/brake.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "core/clock.h"

#define N_SETS 1024
#define N_WAYS 4 /* keys that share a set; the least used one is replaced */
#define SALT_BYTES 16

/* used_ms measures the tries taken by the time it takes to refill them: burst * refill_ms is all of them. */
struct entry {
	uint64_t key;
	int64_t used_ms;
	int64_t at_ms;
};

struct brake {
	int64_t refill_ms, all_ms;
	unsigned char salt[SALT_BYTES]; /* so that nobody can choose keys that share a set */
	struct entry entries[N_SETS][N_WAYS];
};

struct brake *brake_create(int burst, int64_t refill_ms)
{
	struct brake *brake = calloc(1, sizeof(*brake));

	if (brake && cw_clock_random(brake->salt, sizeof(brake->salt)) != CW_OK) {
		free(brake);
		return NULL;
	}
	if (brake) {
		brake->refill_ms = refill_ms;
		brake->all_ms = burst * refill_ms;
	}
	return brake;
}

void brake_destroy(struct brake *brake)
{
	free(brake);
}

/* 0 when out of memory: all keys are then treated as one. */
static uint64_t hash(const struct brake *brake, const char *key)
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	uint64_t value = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(context, brake->salt, SALT_BYTES) == 1 &&
	    EVP_DigestUpdate(context, key, strlen(key)) == 1 && EVP_DigestFinal_ex(context, digest, NULL) == 1) {
		memcpy(&value, digest, sizeof(value));
	}
	EVP_MD_CTX_free(context);
	return value;
}

static int64_t used_now(const struct entry *entry, int64_t now_ms)
{
	int64_t left = entry->used_ms - (now_ms - entry->at_ms);

	return left > 0 ? left : 0;
}

static struct entry *find(struct brake *brake, const char *key, int64_t now_ms)
{
	uint64_t value = hash(brake, key);
	struct entry *set = brake->entries[value % N_SETS];
	struct entry *chosen = &set[0];

	for (int i = 0; i < N_WAYS; i++) {
		if (set[i].key == value) {
			return &set[i];
		}
		if (used_now(&set[i], now_ms) < used_now(chosen, now_ms)) {
			chosen = &set[i];
		}
	}
	*chosen = (struct entry){ .key = value, .at_ms = now_ms };
	return chosen;
}

int64_t brake_take(struct brake *brake, const char *key, int64_t now_ms)
{
	struct entry *entry = find(brake, key, now_ms);
	int64_t used_ms = used_now(entry, now_ms) + brake->refill_ms;

	if (used_ms > brake->all_ms) {
		return used_ms - brake->all_ms;
	}
	entry->used_ms = used_ms;
	entry->at_ms = now_ms;
	return 0;
}

void brake_give_back(struct brake *brake, const char *key, int64_t now_ms)
{
	struct entry *entry = find(brake, key, now_ms);
	int64_t used_ms = used_now(entry, now_ms) - brake->refill_ms;

	entry->used_ms = used_ms > 0 ? used_ms : 0;
	entry->at_ms = now_ms;
}

void brake_release(struct brake *brake, const char *key, int64_t now_ms)
{
	struct entry *entry = find(brake, key, now_ms);

	entry->used_ms = 0;
	entry->at_ms = now_ms;
}
