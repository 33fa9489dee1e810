/* SPDX-License-Identifier: MIT */
/*
 * A daemon that broadcasts with one id of a conversation and answers with another, as the system did that Convwire
 * replaces: messages are saved, but appear only after a reload.
 */
#include <string.h>

#include "core/topic.h"

#define OTHER_ID "664f00aa11bb22cc33dd44ee"

/* Names defined by the linker (ld(1), --wrap). */
enum cw_status __real_cw_topic_make(const struct cw_topic *topic, char out[CW_TOPIC_MAX + 1]);
enum cw_status __wrap_cw_topic_make(const struct cw_topic *topic, char out[CW_TOPIC_MAX + 1]);

enum cw_status __wrap_cw_topic_make(const struct cw_topic *topic, char out[CW_TOPIC_MAX + 1])
{
	enum cw_status status = __real_cw_topic_make(topic, out);
	char *last = status == CW_OK && topic->kind == CW_TOPIC_CONVERSATION ? strrchr(out, '/') : NULL;

	if (last) {
		memcpy(last + 1, OTHER_ID, sizeof(OTHER_ID)); /* shorter than any of our ids */
	}
	return status;
}
