/* SPDX-License-Identifier: MIT */
#include "core/revocation.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

struct cw_revocations {
	pthread_mutex_t lock; /* guards what follows */
	struct cw_revocation *items;
	size_t n, room;
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
		return cw_error_set(reterr, CW_INVALID, "the kind of a revocation is jti, subject, account or key");
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
		return cw_error_set(reterr, CW_INVALID, "a revocation needs revoked_at, and forget_at not before it");
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

	/* jansson keeps a text's length; one with a NUL inside is not the name it looks like. */
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
				    "a revocation is {\"kind\",\"account\",\"value\",\"revoked_at\",\"forget_at\"}");
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
	if (token->issued_at_s > revocation->revoked_at_s) {
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
		(void)pthread_mutex_destroy(&revocations->lock);
		free(revocations->items);
		free(revocations);
	}
}

static bool is_same_thing(const struct cw_revocation *one, const struct cw_revocation *other)
{
	return one->kind == other->kind && strcmp(one->account, other->account) == 0 &&
	       strcmp(one->value, other->value) == 0;
}

static void forget_old(struct cw_revocations *revocations, int64_t now_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < revocations->n; i++) {
		if (revocations->items[i].forget_at_s > now_s) {
			revocations->items[kept++] = revocations->items[i];
		}
	}
	revocations->n = kept;
}

static struct cw_revocation *find_or_make(struct cw_revocations *revocations, const struct cw_revocation *revocation)
{
	for (size_t i = 0; i < revocations->n; i++) {
		if (is_same_thing(&revocations->items[i], revocation)) {
			return &revocations->items[i];
		}
	}
	if (revocations->n == revocations->room) {
		size_t room = revocations->room ? 2 * revocations->room : 16;
		struct cw_revocation *items = realloc(revocations->items, room * sizeof(*items));

		if (!items) {
			return NULL;
		}
		revocations->items = items;
		revocations->room = room;
	}
	struct cw_revocation *made = &revocations->items[revocations->n++];

	*made = *revocation;
	return made;
}

enum cw_status cw_revocations_add(struct cw_revocations *revocations, const struct cw_revocation *revocation,
				  int64_t now_s)
{
	(void)pthread_mutex_lock(&revocations->lock);
	forget_old(revocations, now_s);
	struct cw_revocation *rule = find_or_make(revocations, revocation);

	if (rule && rule->revoked_at_s < revocation->revoked_at_s) {
		rule->revoked_at_s = revocation->revoked_at_s;
	}
	if (rule && rule->forget_at_s < revocation->forget_at_s) {
		rule->forget_at_s = revocation->forget_at_s;
	}
	(void)pthread_mutex_unlock(&revocations->lock);
	return rule ? CW_OK : CW_NOMEM;
}

bool cw_revocations_hit(struct cw_revocations *revocations, const struct cw_token *token, int64_t now_s)
{
	bool is_hit = false;

	if (!revocations) {
		return false;
	}
	(void)pthread_mutex_lock(&revocations->lock);
	for (size_t i = 0; i < revocations->n && !is_hit; i++) {
		is_hit = revocations->items[i].forget_at_s > now_s && cw_revocation_hits(&revocations->items[i], token);
	}
	(void)pthread_mutex_unlock(&revocations->lock);
	return is_hit;
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
	(void)pthread_mutex_lock(&revocations->lock);
	for (size_t i = 0; i < revocations->n; i++) {
		on_revocation(context, &revocations->items[i]);
	}
	(void)pthread_mutex_unlock(&revocations->lock);
}
