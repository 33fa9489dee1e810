/* SPDX-License-Identifier: MIT */
/* Three lines: two filters and a topic. If one filter includes the other, it must match whatever the other matches. */
#include "core/filter.h"
#include "core/topic.h"
#include "filter_reference.h"
#include "fuzz.h"

/* A longer one includes nothing. */
static bool is_filter(const char *text)
{
	return cw_topic_filter_is_valid(text) && strlen(text) <= CW_FILTER_MAX;
}

static bool is_topic(const char *text)
{
	return cw_topic_filter_is_valid(text) && !strpbrk(text, "+#");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *outer = fuzz_text(data, size);
	char *inner = fuzz_cut(outer);
	char *topic = fuzz_cut(inner);

	if (is_filter(outer) && is_filter(inner)) {
		bool includes = cw_topic_filter_includes(outer, inner);

		FUZZ_CHECK(cw_topic_filter_includes(outer, outer) && cw_topic_filter_includes(inner, inner));
		if (is_topic(topic)) {
			FUZZ_CHECK(cw_topic_matches(outer, topic) == reference_matches(outer, topic));
			FUZZ_CHECK(cw_topic_matches(inner, topic) == reference_matches(inner, topic));
			FUZZ_CHECK(!includes || !reference_matches(inner, topic) || reference_matches(outer, topic));
		}
		if (includes && cw_topic_filter_is_valid(topic) && cw_topic_filter_includes(inner, topic)) {
			FUZZ_CHECK(cw_topic_filter_includes(outer, topic));
		}
	}
	FUZZ_CHECK(!cw_topic_is_inside(outer, "a") || strncmp(outer, "acct/a/", 7) == 0);
	free(outer);
	return 0;
}
