/* SPDX-License-Identifier: MIT */
#include "ingest/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/clock.h"
#include "core/topic.h"

#define TABLE_ID 0 /* not an event */
/* About 32 KB, at most 120 KB: well below the broker's message_size_limit, and parsed within a millisecond. */
#define ROWS_PER_CHUNK 400

struct load {
	struct cw_mqtt *mqtt;
	tables_wait_fn wait;
	void *wait_context;
	char generation[CW_CLOCK_UUID_TEXT];
	int64_t n_assignments, n_revocations;
};

/* Steals json. */
static enum cw_status publish(struct cw_mqtt *mqtt, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	enum cw_status status =
		text ? cw_mqtt_publish(mqtt, CW_TOPIC_CONTROL_ASSIGN, text, strlen(text), false, TABLE_ID) : CW_NOMEM;

	free(text);
	json_decref(json);
	return status;
}

/* The same, but waits for room. Steals json. */
static enum cw_status publish_waiting(struct load *load, json_t *json, struct cw_error *reterr)
{
	while (cw_mqtt_room(load->mqtt) <= 0) {
		if (!load->wait(load->wait_context)) {
			json_decref(json);
			return cw_error_set(reterr, CW_BUSY,
					    "the connection to the broker ended while sending its tables");
		}
	}
	enum cw_status status = publish(load->mqtt, json);

	return status == CW_OK ? CW_OK : cw_error_set(reterr, status, "the broker does not accept its tables now");
}

static json_t *message(const struct load *load, const char *type)
{
	return json_pack("{s:s, s:s}", "type", type, "generation", load->generation);
}

/* Steals rows. */
static enum cw_status publish_chunk(struct load *load, const char *member, json_t *rows, struct cw_error *reterr)
{
	json_t *json = message(load, "chunk");

	if (json_object_set_new(json, member, rows) != 0) {
		json_decref(json);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return publish_waiting(load, json, reterr);
}

static bool add_assignment(void *rows, const char *conversation, const char *subject)
{
	return json_array_append_new(rows, json_pack("[s, s]", conversation, subject)) == 0;
}

static enum cw_status publish_assignments(struct load *load, struct cw_reader *reader, struct cw_error *reterr)
{
	enum cw_status status = CW_OK;
	int64_t last_id = 0;

	for (int64_t after_id = -1; status == CW_OK && last_id != after_id;) {
		json_t *rows = json_array();

		after_id = last_id;
		status = cw_store_assignments(reader, after_id, ROWS_PER_CHUNK, add_assignment, rows, &last_id, reterr);
		load->n_assignments += (int64_t)json_array_size(rows);
		if (status == CW_OK && json_array_size(rows) > 0) {
			status = publish_chunk(load, "assignments", rows, reterr);
		} else {
			json_decref(rows);
		}
	}
	return status;
}

static bool add_revocation(void *rows, const struct cw_revocation *revocation)
{
	return json_array_append_new(rows, cw_revocation_to_json(revocation)) == 0;
}

static enum cw_status publish_revocations(struct load *load, struct cw_reader *reader, struct cw_error *reterr)
{
	json_t *rows = json_array();
	enum cw_status status = cw_store_revocations(reader, cw_clock_now_ms() / 1000, add_revocation, rows, reterr);

	load->n_revocations = (int64_t)json_array_size(rows);
	for (size_t i = 0; status == CW_OK && i < json_array_size(rows); i += ROWS_PER_CHUNK) {
		json_t *part = json_array();

		for (size_t k = i; k < json_array_size(rows) && k < i + ROWS_PER_CHUNK; k++) {
			(void)json_array_append(part, json_array_get(rows, k)); /* a short part fails at commit */
		}
		status = publish_chunk(load, "revocations", part, reterr);
	}
	json_decref(rows);
	return status;
}

static enum cw_status publish_commit(struct load *load, struct cw_error *reterr)
{
	json_t *json = message(load, "commit");

	if (json_object_set_new(json, "n_assignments", json_integer(load->n_assignments)) != 0 ||
	    json_object_set_new(json, "n_revocations", json_integer(load->n_revocations)) != 0) {
		json_decref(json);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return publish_waiting(load, json, reterr);
}

static enum cw_status make_generation(char out[CW_CLOCK_UUID_TEXT])
{
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	enum cw_status status = cw_clock_uuid7(cw_clock_now_ms(), uuid);

	if (status == CW_OK) {
		cw_clock_uuid_text(uuid, out);
	}
	return status;
}

enum cw_status tables_publish(struct cw_mqtt *mqtt, struct cw_store *store, tables_wait_fn wait, void *wait_context,
			      int64_t *ret_as_of, struct cw_error *reterr)
{
	struct load load = { .mqtt = mqtt, .wait = wait, .wait_context = wait_context };
	struct cw_reader *reader = NULL;
	int64_t as_of = 0;

	if (make_generation(load.generation) != CW_OK) {
		return cw_error_set(reterr, CW_IO, "the system's random number generator failed");
	}
	/* One reader for everything: the table is one snapshot, and later changes are sent separately. */
	enum cw_status status = cw_reader_acquire(store, &reader, reterr);

	if (status == CW_OK) {
		status = cw_store_newest_event_id(reader, &as_of, reterr);
	}
	if (status == CW_OK) {
		status = publish_waiting(&load, message(&load, "begin"), reterr);
	}
	if (status == CW_OK) {
		status = publish_assignments(&load, reader, reterr);
	}
	if (status == CW_OK) {
		status = publish_revocations(&load, reader, reterr);
	}
	cw_reader_release(reader);
	if (status == CW_OK) {
		status = publish_commit(&load, reterr);
	}
	if (status == CW_OK) {
		*ret_as_of = as_of;
	}
	return status;
}

enum cw_status tables_publish_assignment(struct cw_mqtt *mqtt, const char *conversation, const char *subject)
{
	return publish(mqtt, json_pack("{s:s, s:s, s:s?}", "type", "assign", "conversation", conversation, "subject",
				       subject[0] ? subject : NULL));
}

enum cw_status tables_publish_revocation(struct cw_mqtt *mqtt, const struct cw_revocation *revocation)
{
	return publish(mqtt, json_pack("{s:s, s:o}", "type", "revoke", "revocation", cw_revocation_to_json(revocation)));
}
