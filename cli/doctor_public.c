/* SPDX-License-Identifier: MIT */
/* doctor: public_url and mqtt_public_url as WhatsApp and browsers see them, through the proxy and its certificate. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/listener.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"

#define BIG_BODY_BYTES 2900000 /* Meta sends up to 3 MB */
#define CERTIFICATE_WARN_S (14 * 86400LL)
#define TOKEN_TTL_S 300
#define NGINX_EXAMPLE "packaging/nginx.conf (/usr/share/doc/convwire/examples/nginx.conf)"

/* ---- DNS, certificate, and who answers ---- */

static void tell_unreached(struct doctor *doctor, const struct doctor_answer *answer)
{
	if (answer->is_name_wrong) {
		doctor_fail(doctor, "public_url", "%s: its name is not in DNS: %s", doctor->settings.public_url,
			    answer->problem);
		doctor_next(doctor, "point the host's A or AAAA record here, or fix public_url in %s/convwire.conf",
			    doctor->dir);
	} else if (answer->is_untrusted) {
		doctor_fail(doctor, "public_url", "%s: its certificate is not trusted, and WhatsApp will refuse it: %s",
			    doctor->settings.public_url, answer->problem);
		doctor_next(
			doctor,
			"renew it (certbot renew), and serve the full chain (fullchain.pem), not just the certificate");
	} else {
		doctor_fail(doctor, "public_url", "%s cannot be reached: %s", doctor->settings.public_url,
			    answer->problem);
		doctor_next(doctor, "is the proxy running, and its port open to the world? curl -v %s/healthz",
			    doctor->settings.public_url);
	}
}

static void check_certificate(struct doctor *doctor, const struct doctor_answer *answer)
{
	int64_t left_s = answer->expires_s - cw_clock_now_ms() / 1000;

	if (answer->expires_s == 0) {
		doctor_warn(doctor, "certificate", "%s is not https: WhatsApp sends webhooks to https only",
			    doctor->settings.public_url);
		doctor_next(doctor, "put a proxy with a certificate in front; " NGINX_EXAMPLE " is an example");
	} else if (left_s < CERTIFICATE_WARN_S) {
		doctor_warn(doctor, "certificate", "expires in %" PRId64 " days", left_s / 86400);
		doctor_next(doctor, "certbot renew, and find out why it was not renewed automatically");
	} else {
		doctor_ok(doctor, "certificate", "trusted, valid for another %" PRId64 " days", left_s / 86400);
	}
}

/* Returns whether our daemon answers there. */
static bool check_reached(struct doctor *doctor)
{
	char url[600];
	struct doctor_answer answer;
	bool is_ours = false;

	if (!cw_text_format(url, sizeof(url), "%s/api/v1/config", doctor->settings.public_url)) {
		url[0] = '\0'; /* the request says so */
	}
	doctor_fetch(doctor, &(struct doctor_request){ .url = url }, &answer);
	if (answer.status == 0) {
		tell_unreached(doctor, &answer);
	} else if (answer.status != 200 || !json_object_get(answer.json, "mqtt_url")) {
		doctor_fail(doctor, "public_url", "%s is answered by %s (%ld), not by Convwire", url,
			    answer.server[0] ? answer.server : "another program", answer.status);
		doctor_next(doctor, "set proxy_pass http://%s:%d; " NGINX_EXAMPLE " is an example",
			    doctor->settings.http_address, (int)doctor->settings.http_port);
	} else {
		is_ours = true;
		doctor_ok(doctor, "public_url", "%s reaches Convwire", doctor->settings.public_url);
		check_certificate(doctor, &answer);
	}
	doctor_answer_finish(&answer);
	return is_ours;
}

/* ---- what WhatsApp does there ---- */

/* "Webhooks", Verification Requests. */
static void check_verification(struct doctor *doctor)
{
	char path[PATH_MAX];
	char token[257];
	char url[2000];
	char challenge[24];
	struct doctor_answer answer;
	struct cw_error error;
	char query[900];

	(void)snprintf(challenge, sizeof(challenge), "%" PRId64, cw_clock_now_us() % 1000000000); /* fits */
	enum cw_status status = settings_path(doctor->dir, "keys/verify.token", path, sizeof(path), &error);

	if (status == CW_OK) {
		status = cw_file_read_line(path, token, sizeof(token), &error);
	}
	if (status == CW_OK && doctor_query(query, sizeof(query), "hub.verify_token", token) &&
	    cw_text_format(url, sizeof(url), "%s/webhook?hub.mode=subscribe&%s&hub.challenge=%s",
			   doctor->settings.public_url, query, challenge)) {
		doctor_fetch(doctor, &(struct doctor_request){ .url = url }, &answer);
		if (answer.status == 200 && answer.body.data && strcmp(answer.body.data, challenge) == 0) {
			doctor_ok(doctor, "verification",
				  "the webhook answers the challenge that Meta's dashboard sends");
		} else {
			doctor_fail(doctor, "verification",
				    "%s/webhook answers %ld to the challenge: Meta's dashboard will say that the "
				    "callback URL could not be validated",
				    doctor->settings.public_url, answer.status);
			doctor_next(doctor,
				    "restart the daemon if keys/verify.token has changed; else the proxy drops the query");
		}
		doctor_answer_finish(&answer);
	}
}

/* A webhook without changes, about as long as Meta's longest: it is verified, but stores nothing. */
static char *make_big_body(void)
{
	static const char head[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[],\"convwire_doctor\":\"";
	char *body = malloc(BIG_BODY_BYTES + 1);

	if (body) {
		memset(body, 'x', BIG_BODY_BYTES);
		memcpy(body, head, sizeof(head) - 1);
		memcpy(body + BIG_BODY_BYTES - 2, "\"}", 3);
	}
	return body;
}

static void tell_big(struct doctor *doctor, const struct doctor_answer *answer)
{
	if (answer->status == 200) {
		doctor_ok(doctor, "big webhook", "2.9 MB, signed, arrives intact");
	} else if (answer->status == 413) {
		doctor_fail(doctor, "big webhook", "2.9 MB is refused (413) by %s: WhatsApp's large webhooks are lost",
			    answer->server[0] ? answer->server : "the proxy");
		doctor_next(doctor,
			    "set client_max_body_size 4m; in nginx (other proxies: at least 4 MB), then reload it");
	} else if (answer->status == 401) {
		doctor_fail(doctor, "big webhook",
			    "2.9 MB arrives changed or truncated: the signature no longer matches (401)");
		doctor_next(doctor,
			    "let the proxy pass bodies unchanged: no size limit below 4 MB, no filter, no re-encoding");
	} else {
		doctor_fail(doctor, "big webhook", "2.9 MB does not get through: %s%ld%s%s",
			    answer->status ? "" : "no answer, ", answer->status, answer->problem[0] ? ", " : "",
			    answer->problem);
		doctor_next(doctor, "raise the proxy's limits: 4 MB bodies, 60 s to read them");
	}
}

static void check_big_body(struct doctor *doctor)
{
	char signature[CW_SIGNATURE_TEXT + 1];
	char url[600];
	const char *name = NULL;
	struct doctor_answer answer;
	const struct cw_hmac *secret = doctor->secrets ? secrets_hmac_for(doctor->secrets, doctor->account, &name) : NULL;
	char *body = make_big_body();

	if (secret && body && cw_signature_make(secret, body, BIG_BODY_BYTES, signature) == CW_OK &&
	    cw_text_format(url, sizeof(url), "%s/webhook", doctor->settings.public_url)) {
		doctor_fetch(doctor,
			     &(struct doctor_request){
				     .url = url, .signature = signature, .body = body, .body_len = BIG_BODY_BYTES },
			     &answer);
		tell_big(doctor, &answer);
		doctor_answer_finish(&answer);
	}
	free(body);
}

/* ---- what browsers do ---- */

/* The WebSocket URL that pages are given. */
static void check_websocket(struct doctor *doctor)
{
	char *token = NULL;
	struct listener *listener = NULL;
	struct cw_error error;
	const char *url = doctor->settings.mqtt_public_url;

	if (url[0] == '\0') {
		doctor_fail(doctor, "websocket",
			    "mqtt_public_url is empty: pages at %s would be sent to ws port %d without TLS, which "
			    "browsers refuse",
			    doctor->settings.public_url, (int)doctor->settings.ws_port);
		doctor_next(doctor,
			    "set mqtt_public_url = wss://HOST/mqtt in %s/convwire.conf, with that path in the proxy",
			    doctor->dir);
		return;
	}
	enum cw_status status = cli_mint(doctor->dir, doctor->account, "convwire-doctor", doctor->options->role,
					 TOKEN_TTL_S, &token, &error);

	if (status == CW_OK) {
		const struct listener_options options = {
			.uri = url, .token = token, .client_id = "", .ca_file = doctor->options->ca_file
		};

		status = listener_open(&options, &listener, &error);
	}
	if (status == CW_OK) {
		doctor_ok(doctor, "websocket", "%s: MQTT over WebSocket connects", url);
	} else {
		doctor_fail(doctor, "websocket", "%s: %s: pages load, but get no live updates", url, error.text);
		doctor_next(doctor,
			    "the proxy must pass Upgrade and Connection to ws port %d; " NGINX_EXAMPLE " shows how",
			    (int)doctor->settings.ws_port);
	}
	listener_close(listener);
	free(token);
}

void doctor_check_public(struct doctor *doctor)
{
	if (doctor->settings.public_url[0] == '\0') {
		doctor_warn(doctor, "public_url", "is not set: not checked from outside");
		doctor_next(doctor, "set public_url = https://HOST in %s/convwire.conf, once a proxy serves it",
			    doctor->dir);
		return;
	}
	if (!check_reached(doctor)) {
		return;
	}
	check_verification(doctor);
	check_big_body(doctor);
	check_websocket(doctor);
}
