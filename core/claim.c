/* SPDX-License-Identifier: MIT */
#include "core/claim.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define MAX_TOPICS 64 /* of all entries */
#define ANY_QOS 7     /* a bit per QoS */

enum retain { RETAIN_ANY, RETAIN_YES, RETAIN_NO };

/* One topic of one entry. */
struct entry {
	size_t number; /* of the entry, from 1 */
	bool is_allow, is_literal, can_publish, can_subscribe;
	unsigned qos;
	enum retain retain;
	struct cw_filter filter;
};

struct cw_claim {
	atomic_int references;
	bool has_allow;
	size_t n;
	struct entry entries[];
};

static enum cw_status fault(struct cw_error *reterr, size_t number, const char *what)
{
	return cw_error_set(reterr, CW_INVALID, "entry %zu of the acl claim: %s", number, what);
}

/* ---- reading ---- */

static bool is_word(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

static const char *read_action(const json_t *value, struct entry *entry)
{
	bool is_all = is_word(value, "all");

	entry->can_publish = is_all || is_word(value, "pub") || is_word(value, "publish");
	entry->can_subscribe = is_all || is_word(value, "sub") || is_word(value, "subscribe");
	return entry->can_publish || entry->can_subscribe ? NULL : "action must be pub, sub or all";
}

static const char *read_one_qos(const json_t *value, struct entry *entry)
{
	json_int_t qos = json_is_integer(value) ? json_integer_value(value) : -1;

	if (qos < 0 || qos > 2) {
		return "qos must be 0, 1, 2 or a list of them";
	}
	entry->qos |= 1U << (unsigned)qos;
	return NULL;
}

static const char *read_qos(const json_t *value, struct entry *entry)
{
	const char *bad = NULL;
	size_t index;
	json_t *item;

	if (!json_is_array(value)) {
		return read_one_qos(value, entry);
	}
	if (json_array_size(value) == 0) {
		return "qos is an empty list";
	}
	json_array_foreach(value, index, item)
	{
		bad = bad ? bad : read_one_qos(item, entry);
	}
	return bad;
}

static const char *read_retain(const json_t *value, struct entry *entry)
{
	if (is_word(value, "all")) {
		return NULL;
	}
	if (!json_is_boolean(value)) {
		return "retain must be true, false or \"all\"";
	}
	entry->retain = json_is_true(value) ? RETAIN_YES : RETAIN_NO;
	return NULL;
}

static const char *check_keys(const json_t *object)
{
	static const char *const known[] = { "permission", "action", "topic", "topics", "qos", "retain" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		bool is_known = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			is_known = is_known || strcmp(known[i], key) == 0;
		}
		if (!is_known) {
			return "only permission, action, topic, topics, qos and retain are allowed";
		}
	}
	return NULL;
}

/* Reads everything but the topics, into a template for the entry of each topic. */
static const char *read_entry(const json_t *object, struct entry *entry)
{
	const json_t *permission = json_object_get(object, "permission");
	const json_t *qos = json_object_get(object, "qos");
	const json_t *retain = json_object_get(object, "retain");
	const char *bad = json_is_object(object) ? check_keys(object) : "not an object";

	if (!bad && !is_word(permission, "allow") && !is_word(permission, "deny")) {
		bad = "permission must be allow or deny";
	}
	entry->is_allow = is_word(permission, "allow");
	if (!bad) {
		bad = read_action(json_object_get(object, "action"), entry);
	}
	if (!bad && qos) {
		bad = read_qos(qos, entry);
	}
	if (!bad && retain) {
		bad = read_retain(retain, entry);
	}
	entry->qos = entry->qos ? entry->qos : ANY_QOS;
	return bad;
}

/* Translates ${clientid} to %c, and ${username}, which is <account>/<subject>, to %a/%s. */
static bool translate(const char *topic, char *out, size_t size)
{
	size_t len = 0;

	while (*topic) {
		const char *piece = NULL;
		char letter[2] = { *topic, '\0' };
		size_t step = 1;

		if (strncmp(topic, "${clientid}", 11) == 0) {
			piece = "%c";
			step = 11;
		} else if (strncmp(topic, "${username}", 11) == 0) {
			bool is_alone = (len == 0 || out[len - 1] == '/') && (topic[11] == '\0' || topic[11] == '/');

			piece = is_alone ? "%a/%s" : NULL;
			step = 11;
		} else if (*topic != '%' && strncmp(topic, "${", 2) != 0) {
			piece = letter;
		}
		if (!piece || !cw_text_copy(out + len, size - len, piece)) {
			return false;
		}
		len += strlen(piece);
		topic += step;
	}
	return len > 0;
}

static const char *read_topic(const json_t *value, struct entry *entry)
{
	char text[CW_FILTER_MAX + 1];
	const char *topic = json_string_value(value);

	if (!topic || strlen(topic) != json_string_length(value)) {
		return "a topic must be a string";
	}
	entry->is_literal = strncmp(topic, "eq ", 3) == 0;
	if (entry->is_literal) {
		return cw_filter_compile(topic + 3, false, &entry->filter) == CW_OK ?
			       NULL :
			       "a topic is not a valid topic filter";
	}
	return translate(topic, text, sizeof(text)) && cw_filter_compile(text, true, &entry->filter) == CW_OK ?
		       NULL :
		       "a topic is not a filter, is too long, or has a placeholder other than ${clientid} and ${username}";
}

static const char *add_topic(struct cw_claim *claim, const struct entry *pattern, const json_t *topic)
{
	if (claim->n == MAX_TOPICS) {
		return "more than 64 topics";
	}
	struct entry *entry = &claim->entries[claim->n];

	*entry = *pattern;
	const char *bad = read_topic(topic, entry);

	claim->n += bad ? 0 : 1;
	return bad;
}

static const char *add_entry(struct cw_claim *claim, const json_t *object, size_t number)
{
	struct entry pattern = { .number = number };
	const char *bad = read_entry(object, &pattern);
	const json_t *topics = json_object_get(object, "topics");
	const json_t *topic = json_object_get(object, "topic");
	size_t index;
	json_t *item;

	if (bad) {
		return bad;
	}
	if (!topic == !topics || (topics && !json_is_array(topics))) {
		return "it must have either topic, or topics as a list";
	}
	claim->has_allow = claim->has_allow || pattern.is_allow;
	if (topic) {
		return add_topic(claim, &pattern, topic);
	}
	json_array_foreach(topics, index, item)
	{
		bad = bad ? bad : add_topic(claim, &pattern, item);
	}
	return bad;
}

enum cw_status cw_claim_parse(const json_t *acl, struct cw_claim **ret_claim, struct cw_error *reterr)
{
	size_t index;
	json_t *item;

	if (!json_is_array(acl)) {
		return cw_error_set(reterr, CW_INVALID, "the acl claim must be a list of {permission, action, topics}");
	}
	struct cw_claim *claim = calloc(1, sizeof(*claim) + MAX_TOPICS * sizeof(claim->entries[0]));

	if (!claim) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	atomic_init(&claim->references, 1);
	json_array_foreach(acl, index, item)
	{
		const char *bad = add_entry(claim, item, index + 1);

		if (bad) {
			free(claim);
			return fault(reterr, index + 1, bad);
		}
	}
	struct cw_claim *fitted = realloc(claim, sizeof(*claim) + claim->n * sizeof(claim->entries[0]));

	*ret_claim = fitted ? fitted : claim;
	return CW_OK;
}

struct cw_claim *cw_claim_ref(struct cw_claim *claim)
{
	if (claim) {
		(void)atomic_fetch_add(&claim->references, 1);
	}
	return claim;
}

void cw_claim_unref(struct cw_claim *claim)
{
	if (claim && atomic_fetch_sub(&claim->references, 1) == 1) {
		free(claim);
	}
}

/* ---- deciding ---- */

/*
 * `eq` compares the filter literally. An allowed subscription's deliveries are topics that the filter matches, so
 * these are matched as usual; a literal deny refuses only that one filter, and another may deliver the same topics.
 */
static enum cw_filter_match entry_matches_topic(const struct entry *entry, const struct cw_claim_request *request)
{
	bool is_to_the_letter = entry->is_literal && !(request->action == CW_CLAIM_DELIVERY && entry->is_allow);

	if (is_to_the_letter) {
		return strcmp(entry->filter.text, request->levels->text) == 0 ? CW_FILTER_YES : CW_FILTER_NO;
	}
	return cw_filter_covers(&entry->filter, request->names, request->levels);
}

static bool entry_matches(const struct entry *entry, const struct cw_claim_request *request)
{
	bool is_publish = request->action == CW_CLAIM_PUBLISH;

	if (!(is_publish ? entry->can_publish : entry->can_subscribe)) {
		return false;
	}
	if (request->action != CW_CLAIM_DELIVERY && !(entry->qos & 1U << (unsigned)request->qos)) {
		return false;
	}
	if (is_publish && entry->retain != RETAIN_ANY && (entry->retain == RETAIN_YES) != request->retain) {
		return false;
	}
	enum cw_filter_match match = entry_matches_topic(entry, request);

	/* An unknown name (a client id over HTTP) must not make a deny entry fail open. */
	return match == CW_FILTER_YES || (match == CW_FILTER_UNKNOWN && !entry->is_allow);
}

enum cw_claim_answer cw_claim_decide(const struct cw_claim *claim, const struct cw_claim_request *request,
				     size_t *ret_entry)
{
	size_t entry = 0;
	enum cw_claim_answer answer = claim && claim->has_allow ? CW_CLAIM_REFUSES : CW_CLAIM_LEAVES;

	for (size_t i = 0; claim && i < claim->n; i++) {
		if (entry_matches(&claim->entries[i], request)) {
			entry = claim->entries[i].number;
			answer = claim->entries[i].is_allow ? CW_CLAIM_ALLOWS : CW_CLAIM_REFUSES;
			break;
		}
	}
	if (ret_entry) {
		*ret_entry = entry;
	}
	return answer;
}

bool cw_claim_narrows(const struct cw_claim *claim)
{
	return claim && (claim->n > 0 || claim->has_allow);
}
