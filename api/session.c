/* SPDX-License-Identifier: MIT */
/* Session cookies, and the access tokens issued for them. */
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

/* ---- cookies ---- */

static bool is_secure(struct cw_http_request *request, const struct signin *signin)
{
	const char *proto = cw_http_header(request, "X-Forwarded-Proto");

	return signin->options.is_secure || (proto && strcasecmp(proto, "https") == 0);
}

/* An empty secret deletes the cookie. */
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

static struct cw_token token_of(const struct signin *signin, const struct cw_agent *agent, int64_t issued_ms)
{
	struct cw_token token = { .issued_at_s = issued_ms / 1000,
				  .expires_at_s = (issued_ms + signin->options.token_ms) / 1000 };

	memcpy(token.account, agent->account, sizeof(token.account));
	memcpy(token.subject, agent->subject, sizeof(token.subject));
	memcpy(token.role, agent->role, sizeof(token.role));
	return token;
}

/* For <img> and <video>, which send no Authorization header; valid as long as the token. An empty token deletes it. */
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

/* issued_ms is when the store performed the session's last operation. */
static void answer_token(const struct signin *signin, struct cw_http_request *request, const struct cw_agent *agent,
			 int64_t issued_ms)
{
	struct cw_token token = token_of(signin, agent, issued_ms);
	char *text = signin->options.mint(signin->options.context, &token, issued_ms);

	if (!text) {
		cw_http_problem(request, 500, "internal", "The server cannot sign a token; its log says why.");
		return;
	}
	set_media_cookie(request, signin, text);
	cw_http_answer_json(request, 200,
			    json_pack("{s:s, s:I, s:s, s:{s:s, s:s, s:s}}", "token", text, "expires_at",
				      (json_int_t)token.expires_at_s * 1000, "account", agent->account, "agent",
				      "subject", agent->subject, "name", agent->name, "role", agent->role));
	explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- signing in ---- */

/*
 * A token issued in the same second as a revocation would be refused too. Waits for the next second and uses the
 * session, if it still exists, for a later token.
 */
static enum cw_status wait_out_revocation(const struct signin *signin, struct cw_store_op *op, struct cw_agent *agent)
{
	const struct cw_token token = token_of(signin, agent, op->session.at_ms);

	if (!cw_revocations_hit(signin->revocations, &token, token.issued_at_s)) {
		return CW_OK;
	}
	const struct timespec rest = { .tv_nsec = (999 - op->session.at_ms % 1000) * 1000000L + 1000000L - 1 };

	(void)nanosleep(&rest, NULL); /* if cut short, the page asks again */
	op->type = CW_STORE_SESSION_USE;
	op->session.ret_agent = agent;
	return cw_store_run(signin->store, op);
}

void session_open(struct signin *signin, struct cw_http_request *request, struct cw_agent *agent)
{
	unsigned char bytes[SECRET_BYTES];
	char secret[SECRET_TEXT];
	struct cw_store_op op = { .type = CW_STORE_SESSION_BEGIN,
				  .session = { .agent = agent, .expires_at_ms = cw_clock_now_ms() + SESSION_S * 1000 } };

	if (cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		cw_http_problem(request, 500, "internal", "The server cannot get random numbers from the system.");
		return;
	}
	cw_text_hex(bytes, sizeof(bytes), secret);
	if (!digest(secret, op.session.secret_sha256)) {
		cw_http_problem(request, 500, "internal", "The server is out of memory.");
		return;
	}
	enum cw_status status = cw_store_run(signin->store, &op);

	if (status == CW_OK) {
		status = wait_out_revocation(signin, &op, agent);
	}
	if (status == CW_OK) {
		set_cookie(request, signin, secret);
		answer_token(signin, request, agent, op.session.at_ms);
	} else if (status == CW_DENIED || status == CW_NOT_FOUND) {
		cw_http_problem(request, 401, "wrong_password",
				"The agent was just changed: sign in with the current password.");
	} else {
		api_store_problem(request, &op.error);
	}
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(bytes, sizeof(bytes));
}

/* ---- refreshing and signing out ---- */

/* A request for a session, while the store works on it. */
struct visit {
	struct signin *signin;
	struct cw_http_request *request;
	struct cw_agent agent;
	struct cw_store_op op;
};

/* A visit for the session in the request's cookie. NULL: no cookie, or out of memory. */
static struct visit *visit_create(struct cw_http_request *request, struct signin *signin, enum cw_store_op_type type,
				  void (*on_done)(struct cw_store_op *op))
{
	const char *secret = cw_http_cookie(request, COOKIE);
	struct visit *visit = secret ? calloc(1, sizeof(*visit)) : NULL;

	if (!visit) {
		return NULL;
	}
	visit->signin = signin;
	visit->request = request;
	visit->op = (struct cw_store_op){ .type = type,
					  .on_done = on_done,
					  .context = visit,
					  .session = { .ret_agent = &visit->agent,
						       .expires_at_ms = cw_clock_now_ms() + SESSION_S * 1000 } };
	if (!digest(secret, visit->op.session.secret_sha256)) {
		free(visit);
		return NULL;
	}
	return visit;
}

/* Takes ownership of visit. */
static void visit_submit(struct visit *visit)
{
	struct cw_http_request *request = visit->request;

	cw_http_defer(request); /* before the writer can see it */
	if (cw_store_submit(visit->signin->store, &visit->op) != CW_OK) {
		free(visit);
		cw_http_add_header(request, "Retry-After", "2");
		cw_http_problem(request, 503, "store_unavailable", "The server cannot write now; try again.");
	}
}

/* Runs on the writer's thread. */
static void on_used(struct cw_store_op *op)
{
	struct visit *visit = op->context;
	struct cw_http_request *request = visit->request;

	if (op->status == CW_OK) {
		if (op->session.is_prolonged) {
			set_cookie(request, visit->signin, cw_http_cookie(request, COOKIE));
		}
		answer_token(visit->signin, request, &visit->agent, op->session.at_ms);
	} else if (op->status == CW_NOT_FOUND) {
		set_cookie(request, visit->signin, "");
		cw_http_problem(request, 401, "no_session", "The session has ended: sign in again.");
	} else {
		api_store_problem(request, &op->error);
	}
	explicit_bzero(&visit->agent, sizeof(visit->agent));
	free(visit);
}

void signin_refresh(struct cw_http_request *request, void *signin)
{
	struct visit *visit = visit_create(request, signin, CW_STORE_SESSION_USE, on_used);

	if (visit) {
		visit_submit(visit);
	} else {
		cw_http_problem(request, 401, "no_session", "Nobody is signed in here.");
	}
}

/* Called only once the session's row is gone: a browser whose sign-out failed needs its cookies to try again. */
static void answer_signed_out(struct cw_http_request *request, const struct signin *signin)
{
	set_cookie(request, signin, "");
	set_media_cookie(request, signin, "");
	cw_http_answer(request, 204, "text/plain", "");
}

/* Runs on the writer's thread. */
static void on_ended(struct cw_store_op *op)
{
	struct visit *visit = op->context;

	if (op->status == CW_OK || op->status == CW_NOT_FOUND) {
		answer_signed_out(visit->request, visit->signin);
	} else {
		api_store_problem(visit->request, &op->error);
	}
	free(visit);
}

void signin_end(struct cw_http_request *request, void *signin)
{
	struct visit *visit = visit_create(request, signin, CW_STORE_SESSION_END, on_ended);

	if (visit) {
		visit_submit(visit);
	} else {
		answer_signed_out(request, signin);
	}
}
