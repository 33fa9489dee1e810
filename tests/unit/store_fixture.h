/* SPDX-License-Identifier: MIT */
#ifndef UNIT_STORE_FIXTURE_H
#define UNIT_STORE_FIXTURE_H

#include <jansson.h>
#include <sqlite3.h>

#include "store/store.h"
#include "tests/unit/temp_dir.h"

/*
 * A store in its own directory, with account `acme` and its number 1001, and the tests' helpers: webhooks written as
 * text, answers as the JSON that clients get. The clock is set near FIXTURE_NOW_S.
 *
 * Secrets: `main` may sign for every account but lists only acme; `foreign` may only sign for account other.
 */
#define FIXTURE_NOW_S INT64_C(1800000000)
#define FIXTURE_NOW_MS (FIXTURE_NOW_S * 1000)
#define CUSTOMER "923456789012"
#define CONVERSATION "acme_1001_" CUSTOMER
/* The beginning of a change's value, for post(). */
#define AT(phone_number_id) "'metadata':{'display_phone_number':'15550001111','phone_number_id':'" phone_number_id "'},"
#define TEXT(from, wamid, at_s, body) \
	"{'from':'" from "','id':'" wamid "','timestamp':'" #at_s "','type':'text','text':{'body':'" body "'}}"
#define ECHO(wamid, at_s, body) \
	AT("1001") \
	"'message_echoes':[{'from':'15550001111','to':'" CUSTOMER "','id':'" wamid "','timestamp':'" #at_s \
	"','type':'text','text':{'body':'" body "'}}]"

struct fixture {
	struct temp_dir dir;
	struct cw_tag_key *tag;
	struct cw_store *store;
	struct cw_error error;
	/*
	 * The events passed to on_events, as JSON with id and quiet, and with lost_by and assignee if the assignee
	 * changes. Owned by the writer; read it after a commit.
	 */
	json_t *handed_over;
	bool is_deaf; /* events are not rendered */
	bool is_broken;
	char fault[160]; /* the last fault that was reported */
	json_t *answer;  /* of the last read; the next one frees it */
};

int fixture_start(void **state);
int fixture_stop(void **state);
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* Executes SQL on the closed store's database: as if somebody had changed it by hand. */
void fixture_execute(struct fixture *fixture, const char *sql);
/* The same between two runs of the store: closes and opens it. */
void fixture_change_database(struct fixture *fixture, const char *sql);
/* The first column of the first row, which must exist. handle: the test's own. */
int64_t fixture_number(sqlite3 *handle, const char *sql);
struct cw_store_options fixture_options(struct fixture *fixture);

/* Sets the clock to FIXTURE_NOW_S + after_s. */
void fixture_set_clock(int64_t after_s);

enum cw_status add_account(struct fixture *fixture, const char *name);
enum cw_status add_number(struct fixture *fixture, const char *account, const char *phone_number_id, const char *waba_id);
enum cw_status add_alias(struct fixture *fixture, const char *phone_number_id, const char *customer,
			 const char *legacy_id, char *ret_conversation);

/* Assigns in account acme; subject NULL: nobody. */
enum cw_status assign(struct fixture *fixture, const char *conversation_id, const char *subject);

/* Posts one change: value is the content of an object, with ' for ". Every failure fails the test. */
void post_as(struct fixture *fixture, const char *secret, const char *waba_id, const char *field, const char *value);
void post(struct fixture *fixture, const char *field, const char *value);
/* Posts messages[] to number 1001; several are separated by commas. */
void post_messages(struct fixture *fixture, const char *messages);
void post_statuses(struct fixture *fixture, const char *statuses);
/* Posts a body unchanged. */
void post_body(struct fixture *fixture, const char *secret, const char *body);

/* Answers, valid until the next read. conversation: JSON null if it does not exist. */
json_t *conversation(struct fixture *fixture, const char *id);
json_t *conversations(struct fixture *fixture, const char *account);
json_t *thread(struct fixture *fixture, const char *id); /* newest first */
json_t *events(struct fixture *fixture, const char *account, int64_t since);
/* [{"id","matched_by"}] */
json_t *resolve(struct fixture *fixture, const char *id, const char *phone_number_id);
struct cw_store_stats stats(struct fixture *fixture);
struct cw_account account(struct fixture *fixture, const char *name);
struct cw_check check(struct fixture *fixture);

/* A member by its path: "last_message.preview", "0.kind". */
const json_t *at(const json_t *json, const char *path);
const char *text_at(const json_t *json, const char *path);
int64_t int_at(const json_t *json, const char *path);

#endif
