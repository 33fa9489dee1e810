/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/password.h"
#include "api/signin_private.h"
#include "core/clock.h"
#include "core/text.h"

/* With more waiting, requests are told to retry: at some 30 ms each, the last would wait about a second. */
#define MAX_WAITING 32
/*
 * Burst size, and ms until one try is refilled. A correct password returns all tries to its agent, but not to the
 * address: that may belong to a whole office, or to an attacker who has an account.
 */
#define LOGIN_BURST 10
#define LOGIN_REFILL_MS 30000
#define ADDRESS_BURST 50
#define ADDRESS_REFILL_MS 6000
#define KEY_MAX 400

/* A request waiting for its password to be checked. */
struct asked {
	struct cw_http_request *request;
	struct asked *next;
	char account[CW_ACCOUNT_MAX + 1]; /* "": not given */
	char login[CW_EMAIL_MAX + 1];     /* an agent id, or an email address in lower case */
	char password[PASSWORD_MAX + 1];
	char address[CW_HTTP_ADDRESS_MAX];
};

static void *run(void *context);

static void asked_destroy(struct asked *asked)
{
	if (asked) {
		explicit_bzero(asked->password, sizeof(asked->password));
	}
	free(asked);
}

/* ---- lifetime ---- */

enum cw_status signin_create(const struct signin_options *options, struct signin **ret_signin, struct cw_error *reterr)
{
	struct signin *signin = calloc(1, sizeof(*signin));

	if (!signin) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	signin->options = *options;
	(void)pthread_mutex_init(&signin->lock, NULL); /* glibc's cannot fail, nor can the next one */
	(void)pthread_cond_init(&signin->changed, NULL);
	signin->by_address = brake_create(ADDRESS_BURST, ADDRESS_REFILL_MS);
	signin->by_login = brake_create(LOGIN_BURST, LOGIN_REFILL_MS);
	if (!signin->by_address || !signin->by_login) {
		signin_destroy(signin);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	*ret_signin = signin;
	return CW_OK;
}

enum cw_status signin_start(struct signin *signin, struct cw_store *store, struct cw_revocations *revocations,
			    struct cw_error *reterr)
{
	signin->store = store;
	signin->revocations = revocations;
	if (pthread_create(&signin->thread, NULL, run, signin) != 0) {
		return cw_error_set(reterr, CW_NOMEM, "cannot start the sign-in thread");
	}
	signin->has_thread = true;
	return CW_OK;
}

void signin_stop(struct signin *signin)
{
	if (!signin || !signin->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&signin->lock);
	signin->is_stopping = true;
	(void)pthread_cond_signal(&signin->changed);
	(void)pthread_mutex_unlock(&signin->lock);
	(void)pthread_join(signin->thread, NULL);
	signin->has_thread = false;
}

void signin_destroy(struct signin *signin)
{
	if (!signin) {
		return;
	}
	signin_stop(signin);
	brake_destroy(signin->by_address);
	brake_destroy(signin->by_login);
	(void)pthread_cond_destroy(&signin->changed);
	(void)pthread_mutex_destroy(&signin->lock);
	free(signin);
}

/* ---- requests ---- */

/* Email addresses are unique on the whole server, agent ids within their account. */
static bool read_body(const json_t *body, struct asked *asked)
{
	const char *account = json_string_value(json_object_get(body, "account"));
	const char *login = json_string_value(json_object_get(body, "login"));
	const char *password = json_string_value(json_object_get(body, "password"));

	if (!login || !password || login[0] == '\0' || (json_object_get(body, "account") && !account) ||
	    !cw_text_copy(asked->account, sizeof(asked->account), account ? account : "") ||
	    !cw_text_copy(asked->login, sizeof(asked->login), login) ||
	    !cw_text_copy(asked->password, sizeof(asked->password), password)) {
		return false;
	}
	if (strchr(asked->login, '@')) {
		cw_text_lower(asked->login);
		asked->account[0] = '\0';
	}
	return true;
}

static void too_many(struct cw_http_request *request, int64_t wait_ms)
{
	char seconds[24];
	char detail[160];
	int64_t wait_s = (wait_ms + 999) / 1000;

	if (cw_text_format(seconds, sizeof(seconds), "%lld", (long long)wait_s) &&
	    cw_text_format(detail, sizeof(detail), "Too many passwords were tried. Wait %s seconds, then try again.",
			   seconds)) {
		cw_http_add_header(request, "Retry-After", seconds);
		cw_http_problem(request, 429, "too_many_attempts", detail);
	}
}

/* Takes ownership of asked. */
static void queue(struct signin *signin, struct asked *asked)
{
	struct cw_http_request *request = asked->request;

	(void)pthread_mutex_lock(&signin->lock);
	bool has_room = signin->n_waiting < MAX_WAITING && !signin->is_stopping;
	int64_t wait_ms = has_room ? brake_take(signin->by_address, asked->address, cw_clock_monotonic_ms()) : 0;

	if (has_room && wait_ms == 0) {
		cw_http_defer(request); /* before the thread can see it */
		*(signin->first ? &signin->last->next : &signin->first) = asked;
		signin->last = asked;
		signin->n_waiting++;
		(void)pthread_cond_signal(&signin->changed);
		(void)pthread_mutex_unlock(&signin->lock);
		return;
	}
	(void)pthread_mutex_unlock(&signin->lock);
	asked_destroy(asked);
	if (wait_ms > 0) {
		too_many(request, wait_ms);
	} else {
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "too_busy", "Too many people are signing in; try again.");
	}
}

void signin_begin(struct cw_http_request *request, void *context)
{
	struct signin *signin = context;
	size_t len = 0;
	const char *bytes = cw_http_body(request, &len);
	json_t *body = json_loadb(bytes, len, 0, NULL);
	struct asked *asked = calloc(1, sizeof(*asked));

	if (asked && read_body(body, asked)) {
		asked->request = request;
		(void)cw_http_peer(request, asked->address); /* requests without an address share a key */
		queue(signin, asked);
	} else {
		asked_destroy(asked);
		cw_http_problem(
			request, 400, "bad_body",
			"Send {\"login\":\"agent id or email\",\"password\":\"…\"}, with \"account\" if there are several.");
	}
	json_decref(body);
}

/* ---- the thread ---- */

struct accounts {
	char only[CW_ACCOUNT_MAX + 1];
	int n;
};

static bool on_account(void *context, const struct cw_account *account)
{
	struct accounts *accounts = context;

	memcpy(accounts->only, account->name, sizeof(accounts->only));
	return ++accounts->n < 2;
}

/* CW_INVALID: the request must name an account. */
static enum cw_status find_agent(struct signin *signin, const struct asked *asked, struct cw_agent *ret_agent,
				 struct cw_error *reterr)
{
	struct accounts accounts = { .n = 0 };
	struct cw_reader *reader = NULL;
	const char *account = asked->account;
	enum cw_status status = cw_reader_acquire(signin->store, &reader, reterr);

	if (status == CW_OK && strchr(asked->login, '@')) {
		status = cw_store_agent_by_email(reader, asked->login, ret_agent, reterr);
	} else if (status == CW_OK) {
		status = account[0] ? CW_OK : cw_store_accounts(reader, on_account, &accounts, reterr);
		if (status == CW_OK && accounts.n > 1) {
			status = cw_error_set(
				reterr, CW_INVALID,
				"This server has several accounts: specify yours, or sign in with your email.");
		}
		if (status == CW_OK) {
			status = cw_store_agent(reader, account[0] ? account : accounts.only, asked->login, ret_agent,
						reterr);
		}
	}
	cw_reader_release(reader);
	return status;
}

/* The password was correct: returns all tries to the agent, and this one to the address. */
static void forgive(struct signin *signin, const struct asked *asked, const char *key)
{
	int64_t now_ms = cw_clock_monotonic_ms();

	brake_release(signin->by_login, key, now_ms);
	(void)pthread_mutex_lock(&signin->lock);
	brake_give_back(signin->by_address, asked->address, now_ms);
	(void)pthread_mutex_unlock(&signin->lock);
}

/*
 * Gives the same answer, after the same time, for a wrong password, an unknown agent and a disabled one. Tries are
 * counted per agent, whichever name was used; for unknown agents, per name.
 */
static void check_password(struct signin *signin, const struct asked *asked, struct cw_agent *agent)
{
	char key[KEY_MAX];
	bool is_there = agent->subject[0] != '\0';

	if (!cw_text_format(key, sizeof(key), "%s/%s", is_there ? agent->account : asked->account,
			    is_there ? agent->subject : asked->login)) {
		key[0] = '\0'; /* it fits */
	}
	int64_t wait_ms = brake_take(signin->by_login, key, cw_clock_monotonic_ms());

	if (wait_ms > 0) {
		too_many(asked->request, wait_ms);
	} else if (!password_matches(asked->password, agent->password_hash) || agent->disabled_at_ms != 0) {
		cw_http_problem(asked->request, 401, "wrong_password",
				"Wrong name or password. Agent ids and passwords are case-sensitive; an administrator of "
				"this server can set a new password.");
	} else {
		forgive(signin, asked, key);
		session_open(signin, asked->request, agent);
	}
}

static void check(struct signin *signin, const struct asked *asked)
{
	struct cw_agent agent = { .password_hash = "" };
	struct cw_error error;
	enum cw_status status = find_agent(signin, asked, &agent, &error);

	if (status == CW_INVALID) {
		cw_http_problem(asked->request, 400, "account_needed", error.text);
	} else if (status != CW_OK && status != CW_NOT_FOUND) {
		api_store_problem(asked->request, &error);
	} else {
		check_password(signin, asked, &agent);
	}
	explicit_bzero(&agent, sizeof(agent));
}

static struct asked *next(struct signin *signin, bool *ret_is_stopping)
{
	(void)pthread_mutex_lock(&signin->lock);
	while (!signin->first && !signin->is_stopping) {
		(void)pthread_cond_wait(&signin->changed, &signin->lock);
	}
	struct asked *asked = signin->first;

	if (asked) {
		signin->first = asked->next;
		signin->n_waiting--;
	}
	*ret_is_stopping = signin->is_stopping;
	(void)pthread_mutex_unlock(&signin->lock);
	return asked;
}

static void *run(void *context)
{
	struct signin *signin = context;
	bool is_stopping = false;

	for (struct asked *asked; (asked = next(signin, &is_stopping));) {
		if (is_stopping) {
			cw_http_add_header(asked->request, "Retry-After", "2");
			cw_http_problem(asked->request, 503, "too_busy", "The server is stopping; try again.");
		} else {
			check(signin, asked);
		}
		asked_destroy(asked);
	}
	return NULL;
}
