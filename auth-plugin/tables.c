/* SPDX-License-Identifier: MIT */
#include "auth-plugin/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth-plugin/notice.h"
#include "auth-plugin/state.h"
#include "core/text.h"

#define MAX_GENERATION 64

struct tables_load {
	char generation[MAX_GENERATION + 1];
	struct assignments *assignments;
	json_t *revocations; /* checked, applied at commit */
	int64_t n_assignments;
};

static const char *text_of(const json_t *json, const char *name)
{
	const json_t *member = json_object_get(json, name);
	const char *text = json_string_value(member);

	return text && strlen(text) == json_string_length(member) ? text : NULL;
}

static void drop_load(struct tables *tables)
{
	if (tables->load) {
		assignments_destroy(tables->load->assignments);
		json_decref(tables->load->revocations);
		free(tables->load);
		tables->load = NULL;
	}
}

void tables_finish(struct tables *tables)
{
	drop_load(tables);
}

/* ---- loading a whole table ---- */

static enum cw_status begin(struct tables *tables, struct policy *policy, const json_t *json, struct cw_error *reterr)
{
	const char *generation = text_of(json, "generation");

	drop_load(tables);
	if (!generation || generation[0] == '\0' || strlen(generation) > MAX_GENERATION) {
		return cw_error_set(reterr, CW_INVALID, "begin needs a generation of 1 to %d characters", MAX_GENERATION);
	}
	struct tables_load *load = calloc(1, sizeof(*load));

	if (!load) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	tables->load = load;
	(void)snprintf(load->generation, sizeof(load->generation), "%s", generation); /* length checked above */
	load->assignments = assignments_create(&policy->people);
	load->revocations = json_array();
	return load->assignments && load->revocations ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static enum cw_status check_generation(const struct tables *tables, const json_t *json, struct cw_error *reterr)
{
	const char *generation = text_of(json, "generation");

	if (!tables->load || !generation || strcmp(tables->load->generation, generation) != 0) {
		return cw_error_set(reterr, CW_INVALID, "no load of this generation is under way");
	}
	return CW_OK;
}

static enum cw_status add_assignments(struct tables_load *load, const json_t *rows, struct cw_error *reterr)
{
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		const char *conversation = json_string_value(json_array_get(row, 0));
		const char *subject = json_string_value(json_array_get(row, 1));
		enum cw_status status = conversation && subject ?
						assignments_set(load->assignments, conversation, subject) :
						CW_INVALID;

		if (status != CW_OK) {
			return cw_error_set(reterr, status, "row %zu of a chunk is not [conversation, subject]", index);
		}
		load->n_assignments++;
	}
	return CW_OK;
}

static enum cw_status add_revocations(struct tables_load *load, const json_t *rows, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		struct cw_revocation revocation;

		if (status == CW_OK) {
			status = cw_revocation_from_json(row, &revocation, reterr);
		}
		if (status == CW_OK && json_array_append(load->revocations, row) != 0) {
			status = cw_error_set(reterr, CW_NOMEM, "out of memory");
		}
	}
	return status;
}

static enum cw_status take_chunk(struct tables *tables, const json_t *json, struct cw_error *reterr)
{
	enum cw_status status = check_generation(tables, json, reterr);

	if (status == CW_OK) {
		status = add_assignments(tables->load, json_object_get(json, "assignments"), reterr);
	}
	return status == CW_OK ? add_revocations(tables->load, json_object_get(json, "revocations"), reterr) : status;
}

/* The load's rules, as a separate set. NULL: out of memory, or a row is not a rule. */
static struct cw_revocations *read_revocations(const json_t *rows, int64_t now_s)
{
	struct cw_revocations *revocations = cw_revocations_create();
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		struct cw_revocation revocation;
		struct cw_error error;

		if (!revocations || cw_revocation_from_json(row, &revocation, &error) != CW_OK ||
		    cw_revocations_add(revocations, &revocation, now_s) != CW_OK) {
			cw_revocations_destroy(revocations);
			return NULL;
		}
	}
	return revocations;
}

struct comparing {
	struct policy *policy;
	struct cw_revocations *stored;
};

/* The store does not have it: an administrator made it here while the publisher was away. Sends it to the publisher. */
static void tell_if_missing(void *context, const struct cw_revocation *revocation)
{
	const struct comparing *comparing = context;

	if (!cw_revocations_hold(comparing->stored, revocation)) {
		notice_publisher(comparing->policy, json_pack("{s:s, s:o}", "type", "revoked", "revocation",
							      cw_revocation_to_json(revocation)));
	}
}

/* rows were checked when they arrived. */
static bool add_rules(struct policy *policy, const json_t *rows, int64_t now_s, bool *ret_has_changed)
{
	bool is_whole = true;
	size_t index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		struct cw_revocation revocation;
		struct cw_error error;

		if (cw_revocation_from_json(row, &revocation, &error) == CW_OK &&
		    !cw_revocations_hold(policy->revocations, &revocation)) {
			*ret_has_changed = true;
			is_whole = cw_revocations_add(policy->revocations, &revocation, now_s) == CW_OK && is_whole;
		}
	}
	return is_whole;
}

/* Removes no rule: those missing in the store are sent to the publisher. *ret_has_changed: a rule is new here. */
static enum cw_status apply_revocations(struct policy *policy, const json_t *rows, int64_t now_s, bool *ret_has_changed,
					struct cw_error *reterr)
{
	struct comparing comparing = { policy, read_revocations(rows, now_s) };

	if (!comparing.stored) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	cw_revocations_each(policy->revocations, tell_if_missing, &comparing);
	cw_revocations_destroy(comparing.stored);
	if (!add_rules(policy, rows, now_s, ret_has_changed)) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	if (*ret_has_changed) {
		(void)policy_revoke_hit(policy, now_s); /* the counters include how many */
	}
	return CW_OK;
}

static bool is_count(const json_t *json, const char *name, int64_t n)
{
	const json_t *member = json_object_get(json, name);

	return json_is_integer(member) && json_integer_value(member) == n;
}

static void put_in_force(struct tables *tables, struct policy *policy)
{
	struct assignments *old = policy->assignments;

	policy->assignments = tables->load->assignments;
	tables->load->assignments = NULL;
	/*
	 * The old table is large, so it is freed in slices. If an even older one is still being freed, that is finished
	 * now.
	 */
	assignments_destroy(policy->retired);
	policy->retired = old;
}

static enum cw_status commit(struct tables *tables, struct policy *policy, const json_t *json, int64_t now_s,
			     struct cw_error *reterr)
{
	enum cw_status status = check_generation(tables, json, reterr);

	if (status != CW_OK) {
		return status;
	}
	struct tables_load *load = tables->load;
	size_t n_revocations = json_array_size(load->revocations);

	if (!is_count(json, "n_assignments", load->n_assignments) ||
	    !is_count(json, "n_revocations", (int64_t)n_revocations)) {
		return cw_error_set(reterr, CW_INVALID,
				    "%lld assignments and %zu revocations arrived, commit says otherwise",
				    (long long)load->n_assignments, n_revocations);
	}
	bool has_changed = false;

	status = apply_revocations(policy, load->revocations, now_s, &has_changed, reterr);
	if (status != CW_OK) {
		return status;
	}
	put_in_force(tables, policy);
	has_changed = has_changed || !policy->knows_revocations;
	policy->knows_revocations = true;
	notice_publisher(policy, json_pack("{s:s, s:s, s:I, s:I}", "type", "loaded", "generation", load->generation,
					   "n_assignments", (json_int_t)load->n_assignments, "n_revocations",
					   (json_int_t)n_revocations));
	drop_load(tables);
	return has_changed ? state_save(policy, reterr) : CW_OK;
}

/* ---- single changes ---- */

static enum cw_status assign(struct tables *tables, struct policy *policy, const json_t *json, struct cw_error *reterr)
{
	const char *conversation = text_of(json, "conversation");
	const char *subject = text_of(json, "subject");
	enum cw_status status = CW_INVALID;

	if (conversation && (subject || json_is_null(json_object_get(json, "subject")))) {
		/* A load under way was read from the store before this change, so it is applied to that, too. */
		status = tables->load ? assignments_set(tables->load->assignments, conversation, subject) : CW_OK;
	}
	if (status == CW_OK && policy->assignments) {
		status = assignments_set(policy->assignments, conversation, subject);
	}
	return status == CW_OK ? CW_OK :
				 cw_error_set(reterr, status, "assign needs a conversation, and a subject or null");
}

static enum cw_status revoke(struct policy *policy, const json_t *json, int64_t now_s, struct cw_error *reterr)
{
	struct cw_revocation revocation;
	int64_t n_hit = 0;
	enum cw_status status = cw_revocation_from_json(json_object_get(json, "revocation"), &revocation, reterr);

	if (status == CW_OK) {
		status = policy_revoke(policy, &revocation, now_s, &n_hit, reterr);
		policy->told_last = revocation;
		policy->told_n_hit = n_hit;
	}
	return status == CW_OK ? state_save(policy, reterr) : status;
}

/* ---- the messages ---- */

static enum cw_status take(struct tables *tables, struct policy *policy, const json_t *json, int64_t now_s,
			   struct cw_error *reterr)
{
	const char *type = text_of(json, "type");

	if (!type) {
		return cw_error_set(reterr, CW_INVALID, "not a JSON object with a type");
	}
	if (strcmp(type, "begin") == 0) {
		return begin(tables, policy, json, reterr);
	}
	if (strcmp(type, "chunk") == 0) {
		return take_chunk(tables, json, reterr);
	}
	if (strcmp(type, "commit") == 0) {
		return commit(tables, policy, json, now_s, reterr);
	}
	if (strcmp(type, "assign") == 0) {
		return assign(tables, policy, json, reterr);
	}
	if (strcmp(type, "revoke") == 0) {
		return revoke(policy, json, now_s, reterr);
	}
	return cw_error_set(reterr, CW_INVALID, "unknown type: must be begin, chunk, commit, assign or revoke");
}

void tables_take(struct tables *tables, struct policy *policy, const char *payload, size_t len, int64_t now_s)
{
	json_t *json = json_loadb(payload ? payload : "", len, JSON_REJECT_DUPLICATES, NULL);
	const char *generation = text_of(json, "generation");
	struct cw_error error = { .text = "" };
	char line[600];

	if (take(tables, policy, json, now_s, &error) != CW_OK) {
		(void)snprintf(line, sizeof(line), "the publisher's table: %s", error.text); /* may be truncated */
		policy->broker.log(true, line);
		notice_publisher(policy, json_pack("{s:s, s:s?, s:s}", "type", "load_failed", "generation", generation,
						   "reason", error.text));
		if (tables->load && generation && strcmp(tables->load->generation, generation) == 0) {
			drop_load(tables);
		}
	}
	json_decref(json);
}
