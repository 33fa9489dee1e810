/* SPDX-License-Identifier: MIT */
/*
 * Every pair of filters of up to three levels from {a, b, $x, empty, +}, with or without # at the end, against every
 * topic of up to four levels from the same names and two that no filter contains: such topics show every possible
 * difference between these filters. Inclusion must be sound and exact.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"
#include "core/topic.h"
#include "filter_reference.h"

#define MAX_NAMES 2000
#define NAME_SIZE 16

struct names {
	char text[MAX_NAMES][NAME_SIZE];
	size_t count;
};

/* Appends every name made of prefix and one more level. */
static void add_level(struct names *names, const char *prefix, const char *const *levels)
{
	for (; *levels; levels++) {
		char text[NAME_SIZE];
		bool is_whole = cw_text_format(text, sizeof(text), "%s%s", prefix, *levels);

		if (is_whole && text[0] != '\0' && names->count < MAX_NAMES) {
			memcpy(names->text[names->count++], text, sizeof(text));
		}
	}
}

/* Appends every name with up to depth levels after prefix. */
static void add_all(struct names *names, const char *prefix, const char *const *levels, int depth)
{
	char longer[NAME_SIZE];

	if (depth == 0) {
		return;
	}
	add_level(names, prefix, levels);
	for (const char *const *level = levels; *level; level++) {
		if (strcmp(*level, "#") != 0 && cw_text_format(longer, sizeof(longer), "%s%s/", prefix, *level)) {
			add_all(names, longer, levels, depth - 1);
		}
	}
}

static bool really_includes(const struct names *topics, const char *outer, const char *inner)
{
	for (size_t i = 0; i < topics->count; i++) {
		if (reference_matches(inner, topics->text[i]) && !reference_matches(outer, topics->text[i])) {
			return false;
		}
	}
	return true;
}

static int compare(const struct names *topics, const char *outer, const char *inner)
{
	bool says = cw_topic_filter_includes(outer, inner);
	bool is = really_includes(topics, outer, inner);

	if (says != is) {
		(void)fprintf(stderr, "%s %s %s: cw_topic_filter_includes says %s\n", outer,
			      is ? "includes" : "does not include", inner, says ? "yes" : "no");
	}
	return says != is;
}

static int compare_matches(const struct names *filters, const struct names *topics)
{
	int n_failed = 0;

	for (size_t i = 0; i < filters->count; i++) {
		n_failed += !cw_topic_filter_is_valid(filters->text[i]);
		for (size_t k = 0; k < topics->count; k++) {
			n_failed += cw_topic_matches(filters->text[i], topics->text[k]) !=
				    reference_matches(filters->text[i], topics->text[k]);
		}
	}
	return n_failed;
}

int main(void)
{
	static const char *const filter_levels[] = { "a", "b", "$x", "", "+", "#", NULL };
	static const char *const topic_levels[] = { "a", "b", "$x", "", "z", "$z", NULL };
	static struct names filters;
	static struct names topics;

	add_all(&filters, "", filter_levels, 3);
	add_all(&topics, "", topic_levels, 4);
	int n_failed = compare_matches(&filters, &topics);

	for (size_t i = 0; i < filters.count; i++) {
		for (size_t k = 0; k < filters.count; k++) {
			n_failed += compare(&topics, filters.text[i], filters.text[k]);
		}
	}
	(void)printf("%zu filters, %zu topics, %d differences\n", filters.count, topics.count, n_failed);
	return n_failed > 0 || filters.count < 180 || topics.count < 1500 || topics.count == MAX_NAMES;
}
