/* SPDX-License-Identifier: MIT */
#include "core/topic.h"

#include <string.h>

#include "core/filter.h"
#include "core/text.h"

/* The shape of each topic below acct/<a>/: literals, and one letter for each part. */
static const char *const shapes[CW_TOPIC_KIND_COUNT] = {
	[CW_TOPIC_CONVERSATION] = "conv/C",
	[CW_TOPIC_COMMAND] = "conv/C/cmd/S",
	[CW_TOPIC_LIVE] = "conv/C/live/S",
	[CW_TOPIC_EVENTS] = "events",
	[CW_TOPIC_HEAD] = "head",
	[CW_TOPIC_REPLY] = "agent/S/reply",
	[CW_TOPIC_FEED] = "agent/S/feed",
	[CW_TOPIC_NOTICE] = "agent/S/notice",
	[CW_TOPIC_PRESENCE] = "agent/S/presence/T",
};

static bool tab_is_valid(const char *tab)
{
	return cw_text_is_made_of(tab, strlen(tab), CW_TAB_MAX, CW_TEXT_ID "_");
}

static bool conversation_is_of(const char *conversation, const char *account)
{
	struct cw_conversation_id id;

	return cw_conversation_id_parse(conversation, &id) == CW_OK && strcmp(id.account, account) == 0;
}

static const char *part_of(const struct cw_topic *topic, char letter)
{
	switch (letter) {
	case 'C':
		return conversation_is_of(topic->conversation, topic->account) ? topic->conversation : NULL;
	case 'S':
		return cw_subject_is_valid(topic->subject) ? topic->subject : NULL;
	case 'T':
		return tab_is_valid(topic->tab) ? topic->tab : NULL;
	default:
		return NULL;
	}
}

enum cw_status cw_topic_make(const struct cw_topic *topic, char out[CW_TOPIC_MAX + 1])
{
	size_t len = 0;

	if ((unsigned)topic->kind >= CW_TOPIC_KIND_COUNT || !cw_account_is_valid(topic->account) ||
	    !cw_text_format(out, CW_TOPIC_MAX + 1, "acct/%s/", topic->account)) {
		return CW_INVALID;
	}
	len = strlen(out);
	for (const char *shape = shapes[topic->kind]; *shape; shape++) {
		char literal[2] = { *shape, '\0' };
		const char *piece = *shape >= 'A' && *shape <= 'Z' ? part_of(topic, *shape) : literal;

		if (!piece || !cw_text_copy(out + len, CW_TOPIC_MAX + 1 - len, piece)) {
			return CW_INVALID;
		}
		len += strlen(piece);
	}
	return CW_OK;
}

/* Copies the level at *text and advances past it, up to the slash. */
static bool take_level(const char **text, char *out, size_t size)
{
	size_t len = strcspn(*text, "/");

	if (len >= size) {
		return false;
	}
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len;
	return true;
}

static bool take_part(char letter, const char **text, struct cw_topic *topic)
{
	switch (letter) {
	case 'C':
		return take_level(text, topic->conversation, sizeof(topic->conversation)) && part_of(topic, letter);
	case 'S':
		return take_level(text, topic->subject, sizeof(topic->subject)) && part_of(topic, letter);
	case 'T':
		return take_level(text, topic->tab, sizeof(topic->tab)) && part_of(topic, letter);
	default:
		return false;
	}
}

static bool parse_shape(const char *shape, const char *text, struct cw_topic *topic)
{
	for (; *shape; shape++) {
		if (*shape >= 'A' && *shape <= 'Z') {
			if (!take_part(*shape, &text, topic)) {
				return false;
			}
		} else if (*text++ != *shape) {
			return false;
		}
	}
	return *text == '\0';
}

enum cw_status cw_topic_parse(const char *text, struct cw_topic *ret_topic)
{
	char account[CW_ACCOUNT_MAX + 1];

	if (!text || strncmp(text, "acct/", 5) != 0) {
		return CW_INVALID;
	}
	const char *rest = text + 5;

	if (!take_level(&rest, account, sizeof(account)) || *rest++ != '/' || !cw_account_is_valid(account)) {
		return CW_INVALID;
	}
	for (int kind = 0; kind < CW_TOPIC_KIND_COUNT; kind++) {
		struct cw_topic topic = { .kind = (enum cw_topic_kind)kind };

		memcpy(topic.account, account, sizeof(account));
		if (parse_shape(shapes[kind], rest, &topic)) {
			*ret_topic = topic;
			return CW_OK;
		}
	}
	return CW_INVALID;
}

enum cw_status cw_topic_of_conversation(const char *id, char out[CW_TOPIC_MAX + 1])
{
	struct cw_conversation_id parts;
	struct cw_topic topic = { .kind = CW_TOPIC_CONVERSATION };

	if (cw_conversation_id_parse(id, &parts) != CW_OK ||
	    !cw_text_copy(topic.account, sizeof(topic.account), parts.account) ||
	    !cw_text_copy(topic.conversation, sizeof(topic.conversation), id)) {
		return CW_INVALID;
	}
	return cw_topic_make(&topic, out);
}

enum cw_status cw_topic_conversations(const char *account, char out[CW_TOPIC_MAX + 1])
{
	return cw_account_is_valid(account) && cw_text_format(out, CW_TOPIC_MAX + 1, "acct/%s/conv/+", account) ?
		       CW_OK :
		       CW_INVALID;
}

bool cw_topic_is_inside(const char *topic, const char *account)
{
	size_t len = strlen(account);

	return cw_account_is_valid(account) && strncmp(topic, "acct/", 5) == 0 &&
	       strncmp(topic + 5, account, len) == 0 && topic[5 + len] == '/';
}

bool cw_topic_filter_is_valid(const char *filter)
{
	struct cw_levels levels;

	return cw_levels_split(filter, &levels);
}

bool cw_topic_filter_includes(const char *outer, const char *inner)
{
	static const struct cw_filter_names nobody = { .account = NULL };
	struct cw_filter filter;
	struct cw_levels levels;

	return cw_filter_compile(outer, false, &filter) == CW_OK && cw_levels_split(inner, &levels) &&
	       cw_filter_covers(&filter, &nobody, &levels) == CW_FILTER_YES;
}

bool cw_topic_matches(const char *filter, const char *topic)
{
	return cw_topic_filter_includes(filter, topic);
}
