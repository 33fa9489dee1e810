/* SPDX-License-Identifier: MIT */
#include "core/message.h"

#include <string.h>

#include <openssl/evp.h>

#include "core/memory.h"

static const char *const kinds[CW_KIND_COUNT] = {
#define X(name, word, shown, unread, window, file) [CW_KIND_##name] = word,
	CW_MESSAGE_KIND_LIST(X)
#undef X
};

static const struct traits {
	bool is_shown, is_unread, opens_window, is_file;
} traits[CW_KIND_COUNT] = {
#define yes true
#define no false
#define X(name, word, shown, unread, window, file) [CW_KIND_##name] = { shown, unread, window, file },
	CW_MESSAGE_KIND_LIST(X)
#undef X
#undef yes
#undef no
};
static const char *const origins[CW_ORIGIN_COUNT] = { "customer", "phone", "history", "agent" };
static const char *const statuses[CW_MESSAGE_STATUS_COUNT] = {
	[CW_STATUS_NONE] = "",           [CW_STATUS_QUEUED] = "queued",
	[CW_STATUS_SENDING] = "sending", [CW_STATUS_RETRYING] = "retrying",
	[CW_STATUS_UNKNOWN] = "unknown", [CW_STATUS_ACCEPTED] = "accepted",
	[CW_STATUS_SENT] = "sent",       [CW_STATUS_DELIVERED] = "delivered",
	[CW_STATUS_READ] = "read",       [CW_STATUS_PLAYED] = "played",
	[CW_STATUS_FAILED] = "failed",
};

int64_t cw_message_wamid_hash(const char *wamid)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	int64_t hash = 0;

	if (!wamid) {
		return 0;
	}
	if (EVP_Digest(wamid, strlen(wamid), digest, NULL, EVP_sha256(), NULL) != 1) {
		cw_memory_note_out(); /* it fails for no other reason */
		return 0;
	}
	memcpy(&hash, digest, sizeof(hash));
	return hash ? hash : 1;
}

const char *cw_message_kind_text(enum cw_message_kind kind)
{
	return (unsigned)kind < CW_KIND_COUNT ? kinds[kind] : "unsupported";
}

const char *cw_message_origin_text(enum cw_message_origin origin)
{
	return (unsigned)origin < CW_ORIGIN_COUNT ? origins[origin] : "customer";
}

const char *cw_message_status_text(enum cw_message_status status)
{
	return (unsigned)status < CW_MESSAGE_STATUS_COUNT ? statuses[status] : "";
}

static int find(const char *const *words, int n_words, const char *text)
{
	for (int i = 0; text && i < n_words; i++) {
		if (strcmp(words[i], text) == 0) {
			return i;
		}
	}
	return -1;
}

enum cw_status cw_message_kind_parse(const char *text, enum cw_message_kind *ret_kind)
{
	int found = find(kinds, CW_KIND_COUNT, text);

	if (found < 0) {
		return CW_NOT_FOUND;
	}
	*ret_kind = (enum cw_message_kind)found;
	return CW_OK;
}

enum cw_status cw_message_status_parse(const char *text, enum cw_message_status *ret_status)
{
	int found = find(statuses, CW_MESSAGE_STATUS_COUNT, text);

	if (found <= CW_STATUS_NONE) {
		return CW_NOT_FOUND;
	}
	*ret_status = (enum cw_message_status)found;
	return CW_OK;
}

enum cw_status cw_message_status_reported(const char *text, enum cw_message_status *ret_status)
{
	enum cw_message_status status = CW_STATUS_NONE;

	if (cw_message_status_parse(text, &status) != CW_OK || status < CW_STATUS_ACCEPTED) {
		return CW_NOT_FOUND;
	}
	*ret_status = status;
	return CW_OK;
}

bool cw_message_status_may_follow(enum cw_message_status now, enum cw_message_status next)
{
	return next >= CW_STATUS_ACCEPTED && next > now;
}

const char *cw_marketing_text(enum cw_marketing marketing)
{
	static const char *const words[CW_MARKETING_COUNT] = { NULL, "in", "out" };

	return (unsigned)marketing < CW_MARKETING_COUNT ? words[marketing] : NULL;
}

enum cw_marketing cw_marketing_parse(const char *text)
{
	for (int i = CW_MARKETING_IN; text && i < CW_MARKETING_COUNT; i++) {
		if (strcmp(text, cw_marketing_text((enum cw_marketing)i)) == 0) {
			return (enum cw_marketing)i;
		}
	}
	return CW_MARKETING_UNSAID;
}

/* A kind beyond the list is treated as what cannot be understood: it is shown. */
static const struct traits *traits_of(enum cw_message_kind kind)
{
	return &traits[(unsigned)kind < CW_KIND_COUNT ? kind : CW_KIND_UNSUPPORTED];
}

bool cw_message_kind_is_shown(enum cw_message_kind kind)
{
	return traits_of(kind)->is_shown;
}

bool cw_message_kind_is_unread(enum cw_message_kind kind)
{
	return traits_of(kind)->is_unread;
}

bool cw_message_kind_opens_window(enum cw_message_kind kind)
{
	return traits_of(kind)->opens_window;
}

bool cw_message_kind_is_media(enum cw_message_kind kind)
{
	return traits_of(kind)->is_file;
}
