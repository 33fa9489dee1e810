/* SPDX-License-Identifier: MIT */
/* Rules of a role file that never decide anything: valid, and surely not what their author meant. */
#include "core/access_check.h"

#include <stdio.h>
#include <string.h>

#include "core/access_rules.h"

/* What a rule adds is compared for each of these by itself. */
enum question { QUESTION_READ, QUESTION_WRITE, QUESTION_DENY, QUESTION_COUNT };

static bool answers(const struct cw_access_rule *rule, enum question question)
{
	return question == QUESTION_READ  ? rule->can_read :
	       question == QUESTION_WRITE ? rule->can_write :
					    rule->is_deny;
}

/* In a `topic` line a placeholder is text, and no account, subject or client has such a name. */
static const char *dead_placeholder(const struct cw_access_rule *rule)
{
	static const char *const places[] = { "%a", "%s", "%c" };

	for (size_t i = 0; !rule->filter.has_place && i < sizeof(places) / sizeof(places[0]); i++) {
		if (strstr(rule->filter.text, places[i])) {
			return places[i];
		}
	}
	return NULL;
}

/*
 * Does one rule's filter include the other's, for every client? The other's placeholders are compared as text. A line
 * for one account is compared as that account's clients see it: nobody else gets there.
 */
static bool covers(const struct cw_access_rule *rule, const struct cw_access_rule *other)
{
	struct cw_filter_names names = { .account = "%a", .subject = "%s", .client_id = "%c" };
	char account[CW_FILTER_MAX + 1] = "";
	struct cw_levels levels;

	if (!cw_levels_split(other->filter.text, &levels)) {
		return false;
	}
	if (levels.n > 1 && !memchr("+#%", levels.text[levels.items[1].start], 3)) {
		(void)snprintf(account, sizeof(account), "%.*s", (int)levels.items[1].len,
			       levels.text + levels.items[1].start);
		names.account = account;
	}
	return cw_filter_covers(&rule->filter, &names, &levels) == CW_FILTER_YES;
}

/* Whatever `other` allows or denies for this question, `rule` decides, too. */
static bool replaces(const struct cw_access_rule *rule, const struct cw_access_rule *other, enum question question)
{
	bool is_wider = rule->max_qos >= other->max_qos && rule->may_retain >= other->may_retain;

	if (rule == other || dead_placeholder(rule) || !covers(rule, other)) {
		return false;
	}
	if (rule->is_deny && question != QUESTION_DENY) {
		return true;
	}
	/* Of two that say the same, the second is the one too many. */
	return answers(rule, question) && (question == QUESTION_DENY || is_wider) &&
	       (rule->line < other->line || !covers(other, rule));
}

static const struct cw_access_rule *find_replacement(const struct cw_access_role *role,
						     const struct cw_access_rule *other, enum question question)
{
	const struct cw_access_rule *const *const lists[] = { role->deny, role->read, role->write };
	const size_t n[] = { role->n_deny, role->n_read, role->n_write };

	for (size_t list = 0; list < sizeof(n) / sizeof(n[0]); list++) {
		for (size_t i = 0; i < n[list]; i++) {
			if (replaces(lists[list][i], other, question)) {
				return lists[list][i];
			}
		}
	}
	return NULL;
}

/* The rule that makes this one useless; NULL: it has a use. */
static const struct cw_access_rule *shadow_of(const struct cw_access_role *role, const struct cw_access_rule *rule)
{
	const struct cw_access_rule *shadow = NULL;

	for (enum question question = 0; question < QUESTION_COUNT; question++) {
		if (answers(rule, question)) {
			shadow = find_replacement(role, rule, question);
			if (!shadow) {
				return NULL;
			}
		}
	}
	return shadow;
}

/* Roles of one section share their rules: any of them will do. */
static const struct cw_access_role *role_of(const struct cw_access *access, const struct cw_access_rule *rule)
{
	for (size_t i = 0; i < access->n_roles; i++) {
		if (cw_access_rule_is_of(rule, &access->roles[i])) {
			return &access->roles[i];
		}
	}
	return NULL;
}

static bool describe(const struct cw_access *access, const struct cw_access_rule *rule, char *out, size_t size)
{
	const struct cw_access_role *role = role_of(access, rule);
	const char *place = dead_placeholder(rule);
	const struct cw_access_rule *shadow = place || !role ? NULL : shadow_of(role, rule);

	if (place) {
		(void)snprintf(out, size,
			       "%s:%d: %s is plain text in a `topic` line, so it matches nobody's name. Write `pattern` "
			       "instead of `topic`.",
			       access->name, rule->line, place);
	} else if (shadow && shadow->is_deny && !rule->is_deny) {
		(void)snprintf(out, size, "%s:%d: never allows anything: line %d denies all of it. Remove one of them.",
			       access->name, rule->line, shadow->line);
	} else if (shadow) {
		(void)snprintf(out, size, "%s:%d: adds nothing: line %d covers all of it. Remove it.", access->name,
			       rule->line, shadow->line);
	}
	return place || shadow;
}

size_t cw_access_useless_lines(const struct cw_access *access, void (*on_line)(void *context, const char *text),
			       void *context)
{
	char text[400];
	size_t n = 0;

	for (const struct cw_access_rule *rule = access->rules; rule; rule = rule->next) {
		if (describe(access, rule, text, sizeof(text))) {
			on_line(context, text);
			n++;
		}
	}
	return n;
}
