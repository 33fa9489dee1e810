/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOKEN_KEYS_H
#define CORE_TOKEN_KEYS_H

#include <pthread.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/token.h"
#include "core/token_signature.h"

/* The key directory of core/token: a key and its settings. Only core/token*.c include this. */
struct cw_token_key {
	char kid[CW_KID_MAX + 1];
	enum cw_token_algorithm algorithm_id;
	struct cw_token_verifier *verifier;
	bool is_house;

	/* The settings file. */
	char *accounts; /* list, or * */
	char *account_claim;
	char *algorithm; /* ES256, RS256, HS256 */
	char *audience;  /* "": not checked */
	char *default_role;
	char *highest_role;
	char *issuer; /* "": not checked */
	int64_t max_lifetime_s;
	char *role_claim;
	char *subject_claim;
	bool without_kid; /* also used for tokens without a kid */
};

/* 4-way sets: with 10,000 clients, fewer than one set in a hundred is full. Unused pages take no memory. */
#define CW_TOKEN_CACHE_WAYS 4
#define CW_TOKEN_CACHE_SLOTS 32768

struct cw_token_cached {
	unsigned char digest[32]; /* SHA-256 of the whole token */
	struct cw_token token;    /* expires_at_s 0: free slot; holds a reference to its claim */
};

struct cw_token_keys {
	struct cw_token_key *items;
	size_t n_items;
	pthread_mutex_t cache_lock;
	struct cw_token_cached *cache; /* CW_TOKEN_CACHE_SLOTS entries; NULL until the first token */
};

#endif
