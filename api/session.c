/* SPDX-License-Identifier: MIT */
/* Cookies that hold sessions, and the access tokens they give. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/evp.h>

#include "api/api.h"
#include "api/signin_private.h"
#include "core/clock.h"
#include "core/text.h"

#define COOKIE "convwire_session"
#define COOKIE_PATH "/api/v1/session"
#define SECRET_BYTES 32
#define SECRET_TEXT (2 * SECRET_BYTES + 1)
#define COOKIE_MAX 256
#define SESSION_S (30 * 24 * 60 * 60LL)
#define HOUR_MS (60 * 60 * 1000LL)

/* ---- cookies ---- */

static bool is_secure(struct cw_http_request *request, const struct signin *signin)
{
	const char *proto = cw_http_header(request, "X-Forwarded-Proto");

	return signin->options.is_secure || (proto && strcasecmp(proto, "https") == 0);
}

/* "" takes it back. */
static void set_cookie(struct cw_http_request *request, const struct signin *signin, const char *secret)
{
	char cookie[COOKIE_MAX];

	if (cw_text_format(cookie, sizeof(cookie),
			   COOKIE "=%s; Path=" COOKIE_PATH "; Max-Age=%lld; HttpOnly; SameSite=Strict%s", secret,
			   secret[0] ? SESSION_S : 0LL, is_secure(request, signin) ? "; Secure" : "")) {
		cw_http_add_header(request, "Set-Cookie", cookie);
	}
}

static bool digest(const char *secret, unsigned char out[CW_SECRET_SHA256_BYTES])
{
	return EVP_Digest(secret, strlen(secret), out, NULL, EVP_sha256(), NULL) == 1;
}

/* ---- tokens ---- */

/* A token of the second in which older ones were revoked would be refused with them. */
static void wait_out_revocation(const struct signin *signin, const struct cw_token *token)
{
	struct cw_token issued = *token;
	int64_t now_ms = cw_clock_now_ms();

	issued.issued_at_s = now_ms / 1000;
	if (cw_revocations_hit(signin->revocations, &issued, now_ms / 1000)) {
		const struct timespec rest = { .tv_nsec = (1000 - now_ms % 1000) * 1000000L };

		(void)nanosleep(&rest, NULL); /* cut short: the page asks again */
	}
}

static void fill_token(const struct signin *signin, const struct cw_agent *agent, struct cw_token *token)
{
	*token = (struct cw_token){ .expires_at_s = (cw_clock_now_ms() + signin->options.token_ms) / 1000 };
	memcpy(token->account, agent->account, sizeof(token->account));
	memcpy(token->subject, agent->subject, sizeof(token->subject));
	memcpy(token->role, agent->role, sizeof(token->role));
}

/* For <img> and <video>, which send no Authorization: as long as the token is good. "" takes it back. */
static void set_media_cookie(struct cw_http_request *request, const struct signin *signin, const char *token)
{
	char cookie[CW_TOKEN_MAX_BYTES + COOKIE_MAX];

	if (cw_text_format(cookie, sizeof(cookie),
			   API_MEDIA_COOKIE "=%s; Path=" API_MEDIA_PATH "; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
			   token, token[0] ? (long long)(signin->options.token_ms / 1000) : 0LL,
			   is_secure(request, signin) ? "; Secure" : "")) {
		cw_http_add_header(request, "Set-Cookie", cookie);
	}
	explicit_bzero(cookie, sizeof(cookie));
}

static void answer_token(const struct signin *signin, struct cw_http_request *request, const struct cw_agent *agent,
			 const struct cw_token *token)
{
	char *text = signin->options.mint(signin->options.context, token);

	if (!text) {
		cw_http_problem(request, 500, "internal", "No token can be signed; the server's log says why.");
		return;
	}
	set_media_cookie(request, signin, text);
	cw_http_answer_json(request, 200,
			    json_pack("{s:s, s:I, s:s, s:{s:s, s:s, s:s}}", "token", text, "expires_at",
				      (json_int_t)token->expires_at_s * 1000, "account", agent->account, "agent",
				      "subject", agent->subject, "name", agent->name, "role", agent->role));
	explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- beginning ---- */

void session_open(struct signin *signin, struct cw_http_request *request, const struct cw_agent *agent)
{
	unsigned char bytes[SECRET_BYTES];
	char secret[SECRET_TEXT];
	struct cw_token token;
	struct cw_store_op op = { .type = CW_STORE_SESSION_BEGIN,
				  .session = { .agent = agent, .expires_at_ms = cw_clock_now_ms() + SESSION_S * 1000 } };

	if (cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		cw_http_problem(request, 500, "internal", "The system gives no random numbers.");
		return;
	}
	cw_text_hex(bytes, sizeof(bytes), secret);
	if (!digest(secret, op.session.secret_sha256)) {
		cw_http_problem(request, 500, "internal", "The server is out of memory.");
		return;
	}
	enum cw_status status = cw_store_run(signin->store, &op);

	if (status == CW_OK) {
		fill_token(signin, agent, &token);
		wait_out_revocation(signin, &token);
		set_cookie(request, signin, secret);
		answer_token(signin, request, agent, &token);
	} else if (status == CW_DENIED || status == CW_NOT_FOUND) {
		cw_http_problem(request, 401, "wrong_password",
				"The password was changed a moment ago: sign in with the new one.");
	} else {
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "store_unavailable", op.error.text);
	}
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(bytes, sizeof(bytes));
}

/* ---- going on ---- */

static void on_used(struct cw_store_op *op)
{
	free(op);
}

/* At most hourly; one that is missed is made up for by the next. */
static void prolong(struct signin *signin, const unsigned char sha256[CW_SECRET_SHA256_BYTES])
{
	struct cw_store_op *op = calloc(1, sizeof(*op));

	if (!op) {
		return;
	}
	*op = (struct cw_store_op){ .type = CW_STORE_SESSION_USE,
				    .on_done = on_used,
				    .session.expires_at_ms = cw_clock_now_ms() + SESSION_S * 1000 };
	memcpy(op->session.secret_sha256, sha256, CW_SECRET_SHA256_BYTES);
	if (cw_store_submit(signin->store, op) != CW_OK) {
		free(op);
	}
}

void signin_refresh(struct cw_http_request *request, void *context)
{
	struct signin *signin = context;
	const char *secret = cw_http_cookie(request, COOKIE);
	unsigned char sha256[CW_SECRET_SHA256_BYTES];
	struct cw_reader *reader = NULL;
	struct cw_agent agent;
	struct cw_token token;
	struct cw_error error;
	int64_t used_at_ms = 0;
	int64_t now_ms = cw_clock_now_ms();

	if (!secret || !digest(secret, sha256)) {
		cw_http_problem(request, 401, "no_session", "Nobody is signed in here.");
		return;
	}
	enum cw_status status = cw_reader_acquire(signin->store, &reader, &error);

	if (status == CW_OK) {
		status = cw_store_session(reader, sha256, now_ms, &agent, &used_at_ms, &error);
	}
	cw_reader_release(reader);
	if (status == CW_NOT_FOUND) {
		set_cookie(request, signin, "");
		cw_http_problem(request, 401, "no_session", "The session is over: sign in again.");
	} else if (status != CW_OK) {
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "store_unavailable", error.text);
	} else {
		if (now_ms - used_at_ms > HOUR_MS) {
			prolong(signin, sha256);
			set_cookie(request, signin, secret);
		}
		fill_token(signin, &agent, &token);
		answer_token(signin, request, &agent, &token);
	}
}

/* ---- ending ---- */

struct ending {
	struct cw_http_request *request;
	struct cw_store_op op;
};

/* The writer's thread. */
static void on_ended(struct cw_store_op *op)
{
	struct ending *ending = op->context;

	if (op->status == CW_OK || op->status == CW_NOT_FOUND) {
		cw_http_answer(ending->request, 204, "text/plain", "");
	} else {
		cw_http_add_header(ending->request, "Retry-After", "2");
		cw_http_problem(ending->request, 503, "store_unavailable", op->error.text);
	}
	free(ending);
}

void signin_end(struct cw_http_request *request, void *context)
{
	struct signin *signin = context;
	const char *secret = cw_http_cookie(request, COOKIE);
	struct ending *ending = calloc(1, sizeof(*ending));

	if (!ending) {
		return; /* without an answer MHD closes the connection */
	}
	ending->request = request;
	ending->op = (struct cw_store_op){ .type = CW_STORE_SESSION_END, .on_done = on_ended, .context = ending };
	set_cookie(request, signin, "");
	set_media_cookie(request, signin, "");
	if (!secret || !digest(secret, ending->op.session.secret_sha256)) {
		free(ending);
		cw_http_answer(request, 204, "text/plain", "");
		return;
	}
	cw_http_defer(request); /* before the writer can know it */
	if (cw_store_submit(signin->store, &ending->op) != CW_OK) {
		free(ending);
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "store_unavailable", "The server cannot write now; try again.");
	}
}
