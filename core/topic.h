/* SPDX-License-Identifier: MIT */
#ifndef CORE_TOPIC_H
#define CORE_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "core/conversation_id.h"
#include "core/status.h"

/*
 * The topics of docs/protocol.md: the only code that makes or parses them. Also the two checks on
 * MQTT topic filters that the access rules need (MQTT 5.0, 4.7). No state, no allocation, any thread.
 */
#define CW_TOPIC_MAX 320
#define CW_TAB_MAX 64

/* The plugin's own topics; mosquitto gives topics that begin with $CONTROL/ to plugins only. */
#define CW_TOPIC_CONTROL "$CONTROL/convwire/v1"
#define CW_TOPIC_CONTROL_RESPONSE CW_TOPIC_CONTROL "/response"
#define CW_TOPIC_CONTROL_ASSIGN CW_TOPIC_CONTROL "/assign"
#define CW_TOPIC_CONTROL_RENEW CW_TOPIC_CONTROL "/renew"
/* Where the plugin sends the publisher what to store, and its counters. */
#define CW_TOPIC_PUBLISHER_NOTICE "acct/" CW_SYSTEM_ACCOUNT "/agent/publisher/notice"

enum cw_topic_kind {
	CW_TOPIC_CONVERSATION, /* acct/<a>/conv/<c> */
	CW_TOPIC_COMMAND,      /* acct/<a>/conv/<c>/cmd/<s> */
	CW_TOPIC_LIVE,         /* acct/<a>/conv/<c>/live/<s> */
	CW_TOPIC_EVENTS,       /* acct/<a>/events */
	CW_TOPIC_HEAD,         /* acct/<a>/head */
	CW_TOPIC_REPLY,        /* acct/<a>/agent/<s>/reply */
	CW_TOPIC_FEED,         /* acct/<a>/agent/<s>/feed */
	CW_TOPIC_NOTICE,       /* acct/<a>/agent/<s>/notice */
	CW_TOPIC_PRESENCE,     /* acct/<a>/agent/<s>/presence/<tab> */
	CW_TOPIC_KIND_COUNT
};

struct cw_topic {
	enum cw_topic_kind kind;
	char account[CW_ACCOUNT_MAX + 1];
	char conversation[CW_CONVERSATION_ID_MAX + 1]; /* for the first three kinds, else "" */
	char subject[CW_SUBJECT_MAX + 1];              /* if the topic has one, else "" */
	char tab[CW_TAB_MAX + 1];                      /* for presence, else "" */
};

/*
 * Writes the topic that *topic describes. CW_INVALID: a part is missing or invalid, or the conversation
 * belongs to another account.
 */
CW_MUST_CHECK enum cw_status cw_topic_make(const struct cw_topic *topic, char out[CW_TOPIC_MAX + 1]);

/* The reverse. CW_INVALID for any other topic; *ret_topic is then unchanged. */
CW_MUST_CHECK enum cw_status cw_topic_parse(const char *text, struct cw_topic *ret_topic);

/* The topic of a conversation, by its canonical id. CW_INVALID for anything else. */
CW_MUST_CHECK enum cw_status cw_topic_of_conversation(const char *id, char out[CW_TOPIC_MAX + 1]);

/* The filter for all conversations of an account, `acct/<a>/conv/+`. CW_INVALID for a bad account. */
CW_MUST_CHECK enum cw_status cw_topic_conversations(const char *account, char out[CW_TOPIC_MAX + 1]);

/* Is the topic or filter literally below `acct/<account>/`? Not with a wildcard in the first two levels. */
bool cw_topic_is_inside(const char *topic, const char *account);

/* Is it a valid MQTT topic filter: # only last, wildcards alone in their level, not empty, at most 32 levels? */
bool cw_topic_filter_is_valid(const char *filter);

/* Does the topic match the filter? Wildcards in the first level never match a topic that begins with '$'. */
bool cw_topic_matches(const char *filter, const char *topic);

/*
 * Does outer match every topic that inner matches? Strict inclusion (core/filter.h). false for an invalid
 * filter, or one longer than CW_FILTER_MAX.
 */
bool cw_topic_filter_includes(const char *outer, const char *inner);

#endif
