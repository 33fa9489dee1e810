/* SPDX-License-Identifier: MIT */
#include "core/revocation.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* Indexed by what they revoke, so that checking a token takes four lookups, however many rules there are. */
struct cw_revocations {
	pthread_mutex_t lock; /* guards the members below */
	void *by_name;        /* tsearch tree of struct cw_revocation */
	size_t n;
	int64_t next_forget_s;
};

static const char *const kind_texts[CW_REVOKE_KIND_COUNT] = {
	[CW_REVOKE_JTI] = "jti",
	[CW_REVOKE_SUBJECT] = "subject",
	[CW_REVOKE_ACCOUNT] = "account",
	[CW_REVOKE_KEY] = "key",
};

const char *cw_revocation_kind_text(enum cw_revocation_kind kind)
{
	return (unsigned)kind < CW_REVOKE_KIND_COUNT ? kind_texts[kind] : "";
}

enum cw_status cw_revocation_kind_parse(const char *text, enum cw_revocation_kind *ret_kind)
{
	for (int kind = 0; text && kind < CW_REVOKE_KIND_COUNT; kind++) {
		if (strcmp(kind_texts[kind], text) == 0) {
			*ret_kind = (enum cw_revocation_kind)kind;
			return CW_OK;
		}
	}
	return CW_INVALID;
}

static bool account_is_good(const char *account)
{
	return cw_account_is_valid(account) || strcmp(account, CW_SYSTEM_ACCOUNT) == 0;
}

enum cw_status cw_revocation_check(const struct cw_revocation *revocation, struct cw_error *reterr)
{
	bool has_account = revocation->account[0] != '\0';
	bool has_value = revocation->value[0] != '\0';

	if ((unsigned)revocation->kind >= CW_REVOKE_KIND_COUNT) {
		return cw_error_set(reterr, CW_INVALID, "the kind of a revocation must be jti, subject, account or key");
	}
	if (has_account != (revocation->kind != CW_REVOKE_KEY) || (has_account && !account_is_good(revocation->account))) {
		return cw_error_set(reterr, CW_INVALID, "revoking a %s %s", kind_texts[revocation->kind],
				    has_account && revocation->kind == CW_REVOKE_KEY ? "takes no account" :
										       "needs a valid account");
	}
	if (has_value != (revocation->kind != CW_REVOKE_ACCOUNT) ||
	    (revocation->kind == CW_REVOKE_SUBJECT && !cw_subject_is_valid(revocation->value))) {
		return cw_error_set(reterr, CW_INVALID, "revoking a %s needs %s", kind_texts[revocation->kind],
				    has_value && revocation->kind == CW_REVOKE_ACCOUNT ? "nothing but the account" :
											 "its name");
	}
	if (revocation->revoked_at_s <= 0 || revocation->forget_at_s < revocation->revoked_at_s) {
		return cw_error_set(reterr, CW_INVALID,
				    "a revocation needs revoked_at, and a forget_at that is not earlier");
	}
	return CW_OK;
}

json_t *cw_revocation_to_json(const struct cw_revocation *revocation)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "kind", cw_revocation_kind_text(revocation->kind), "account",
			 revocation->account, "value", revocation->value, "revoked_at",
			 (json_int_t)revocation->revoked_at_s, "forget_at", (json_int_t)revocation->forget_at_s);
}

static bool copy_member(const json_t *json, const char *name, char *out, size_t size)
{
	const json_t *member = json_object_get(json, name);

	/* A string with a NUL inside is not the name that it looks like; jansson keeps its real length. */
	return json_is_string(member) && strlen(json_string_value(member)) == json_string_length(member) &&
	       cw_text_copy(out, size, json_string_value(member));
}

enum cw_status cw_revocation_from_json(const json_t *json, struct cw_revocation *ret_revocation, struct cw_error *reterr)
{
	struct cw_revocation revocation = { .account = "" };
	const json_t *revoked_at = json_object_get(json, "revoked_at");
	const json_t *forget_at = json_object_get(json, "forget_at");

	if (cw_revocation_kind_parse(json_string_value(json_object_get(json, "kind")), &revocation.kind) != CW_OK ||
	    !copy_member(json, "account", revocation.account, sizeof(revocation.account)) ||
	    !copy_member(json, "value", revocation.value, sizeof(revocation.value)) || !json_is_integer(revoked_at) ||
	    !json_is_integer(forget_at)) {
		return cw_error_set(reterr, CW_INVALID,
				    "a revocation must be {\"kind\",\"account\",\"value\",\"revoked_at\",\"forget_at\"}");
	}
	revocation.revoked_at_s = json_integer_value(revoked_at);
	revocation.forget_at_s = json_integer_value(forget_at);
	enum cw_status status = cw_revocation_check(&revocation, reterr);

	if (status == CW_OK) {
		*ret_revocation = revocation;
	}
	return status;
}

bool cw_revocation_hits(const struct cw_revocation *revocation, const struct cw_token *token)
{
	/* A jti is a single token, even if a clock that is ahead gave it a later iat. */
	if (revocation->kind != CW_REVOKE_JTI && token->issued_at_s > revocation->revoked_at_s) {
		return false;
	}
	switch (revocation->kind) {
	case CW_REVOKE_JTI:
		return strcmp(revocation->account, token->account) == 0 && strcmp(revocation->value, token->jti) == 0;
	case CW_REVOKE_SUBJECT:
		return strcmp(revocation->account, token->account) == 0 && strcmp(revocation->value, token->subject) == 0;
	case CW_REVOKE_ACCOUNT:
		return strcmp(revocation->account, token->account) == 0;
	case CW_REVOKE_KEY:
		return strcmp(revocation->value, token->kid) == 0;
	default:
		return false;
	}
}

/* ---- the set ---- */

#define FORGET_EVERY_S 60

struct cw_revocations *cw_revocations_create(void)
{
	struct cw_revocations *revocations = calloc(1, sizeof(*revocations));

	if (revocations) {
		(void)pthread_mutex_init(&revocations->lock, NULL); /* glibc's cannot fail */
	}
	return revocations;
}

void cw_revocations_destroy(struct cw_revocations *revocations)
{
	if (revocations) {
		tdestroy(revocations->by_name, free);
		(void)pthread_mutex_destroy(&revocations->lock);
		free(revocations);
	}
}

static int compare(const void *one, const void *other)
{
	const struct cw_revocation *a = one;
	const struct cw_revocation *b = other;
	int order = (int)a->kind - (int)b->kind;

	order = order ? order : strcmp(a->account, b->account);
	return order ? order : strcmp(a->value, b->value);
}

static struct cw_revocation *find(const struct cw_revocations *revocations, const struct cw_revocation *key)
{
	struct cw_revocation **found = tfind(key, &revocations->by_name, compare);

	return found ? *found : NULL;
}

struct walk {
	void (*on_revocation)(void *context, const struct cw_revocation *revocation);
	void *context;
};

static void visit(const void *node, VISIT order, void *context)
{
	const struct walk *walk = context;

	if (order == postorder || order == leaf) {
		walk->on_revocation(walk->context, *(struct cw_revocation *const *)node);
	}
}

struct old {
	int64_t now_s;
	struct cw_revocation **items;
	size_t n, room;
};

static void collect_old(void *context, const struct cw_revocation *revocation)
{
	struct old *old = context;

	if (revocation->forget_at_s <= old->now_s && old->n < old->room) {
		old->items[old->n++] = (struct cw_revocation *)revocation;
	}
}

/* Removes the rules that are over, from time to time; such rules apply to no token. */
static void forget_old(struct cw_revocations *revocations, int64_t now_s)
{
	struct old old = { .now_s = now_s, .room = revocations->n };
	struct walk walk = { collect_old, &old };

	if (now_s < revocations->next_forget_s || revocations->n == 0) {
		return;
	}
	revocations->next_forget_s = now_s + FORGET_EVERY_S;
	old.items = malloc(old.room * sizeof(struct cw_revocation *));
	if (!old.items) {
		return; /* next time */
	}
	twalk_r(revocations->by_name, visit, &walk);
	for (size_t i = 0; i < old.n; i++) {
		(void)tdelete(old.items[i], &revocations->by_name, compare); /* it exists */
		free(old.items[i]);
		revocations->n--;
	}
	free(old.items);
}

static bool add_new(struct cw_revocations *revocations, const struct cw_revocation *revocation)
{
	struct cw_revocation *copy = malloc(sizeof(*copy));

	if (!copy) {
		return false;
	}
	*copy = *revocation;
	if (!tsearch(copy, &revocations->by_name, compare)) {
		free(copy);
		return false;
	}
	revocations->n++;
	return true;
}

enum cw_status cw_revocations_add(struct cw_revocations *revocations, const struct cw_revocation *revocation,
				  int64_t now_s)
{
	bool is_there = true;

	(void)pthread_mutex_lock(&revocations->lock);
	forget_old(revocations, now_s);
	struct cw_revocation *rule = find(revocations, revocation);

	if (!rule) {
		is_there = add_new(revocations, revocation);
	} else {
		rule->revoked_at_s = rule->revoked_at_s < revocation->revoked_at_s ? revocation->revoked_at_s :
										     rule->revoked_at_s;
		rule->forget_at_s = rule->forget_at_s < revocation->forget_at_s ? revocation->forget_at_s :
										  rule->forget_at_s;
	}
	(void)pthread_mutex_unlock(&revocations->lock);
	return is_there ? CW_OK : CW_NOMEM;
}

static bool is_hit_by(const struct cw_revocations *revocations, enum cw_revocation_kind kind, const char *account,
		      const char *value, const struct cw_token *token, int64_t now_s)
{
	struct cw_revocation key = { .kind = kind };

	if (!cw_text_copy(key.account, sizeof(key.account), account) ||
	    !cw_text_copy(key.value, sizeof(key.value), value)) {
		return false;
	}
	const struct cw_revocation *rule = find(revocations, &key);

	return rule && rule->forget_at_s > now_s && cw_revocation_hits(rule, token);
}

bool cw_revocations_hit(struct cw_revocations *revocations, const struct cw_token *token, int64_t now_s)
{
	if (!revocations) {
		return false;
	}
	(void)pthread_mutex_lock(&revocations->lock);
	bool is_hit = is_hit_by(revocations, CW_REVOKE_JTI, token->account, token->jti, token, now_s) ||
		      is_hit_by(revocations, CW_REVOKE_SUBJECT, token->account, token->subject, token, now_s) ||
		      is_hit_by(revocations, CW_REVOKE_ACCOUNT, token->account, "", token, now_s) ||
		      is_hit_by(revocations, CW_REVOKE_KEY, "", token->kid, token, now_s);

	(void)pthread_mutex_unlock(&revocations->lock);
	return is_hit;
}

bool cw_revocations_hold(struct cw_revocations *revocations, const struct cw_revocation *revocation)
{
	(void)pthread_mutex_lock(&revocations->lock);
	const struct cw_revocation *rule = find(revocations, revocation);
	bool is_held = rule && rule->revoked_at_s >= revocation->revoked_at_s;

	(void)pthread_mutex_unlock(&revocations->lock);
	return is_held;
}

size_t cw_revocations_count(struct cw_revocations *revocations)
{
	(void)pthread_mutex_lock(&revocations->lock);
	size_t n = revocations->n;

	(void)pthread_mutex_unlock(&revocations->lock);
	return n;
}

void cw_revocations_each(struct cw_revocations *revocations,
			 void (*on_revocation)(void *context, const struct cw_revocation *revocation), void *context)
{
	struct walk walk = { on_revocation, context };

	(void)pthread_mutex_lock(&revocations->lock);
	twalk_r(revocations->by_name, visit, &walk);
	(void)pthread_mutex_unlock(&revocations->lock);
}
