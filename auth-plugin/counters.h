/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_COUNTERS_H
#define AUTH_PLUGIN_COUNTERS_H

#include <stdint.h>

#include "core/access.h"

/* The plugin's counters since the broker started, shown by `stats` and /metrics. */

/* Why a connection was refused; a label in the metrics. */
enum policy_refusal {
	POLICY_REFUSED_TOKEN,
	POLICY_REFUSED_EXPIRED,
	POLICY_REFUSED_REVOKED,
	POLICY_REFUSED_CLIENT_ID,
	POLICY_REFUSED_LIMIT,
	POLICY_REFUSED_OTHER,
	POLICY_REFUSAL_COUNT
};

struct policy_counters {
	int64_t connects, refused[POLICY_REFUSAL_COUNT];
	int64_t denied[CW_ACCESS_ACTION_COUNT]; /* read, write, subscribe */
	int64_t expired, revoked, renewed, kicked;
	int64_t check_samples, check_ns; /* one check in CHECK_SAMPLE is timed */
};

#endif
