/* SPDX-License-Identifier: MIT */
/* doctor: each number as WhatsApp sees it: its token, app and callback URL; and our clock against WhatsApp's. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/tokens.h"
#include "cli/doctor.h"
#include "core/clock.h"
#include "core/text.h"

#define MAX_SKEW_S 30
#define CODE_TOKEN 190     /* "Error Codes": access token has expired or was revoked */
#define CODE_PARAMETER 100 /* also for a wrong appsecret_proof */
#define QUIET_MIN 60       /* without a webhook, while the app is subscribed */

struct number {
	const json_t *row;
	const char *id, *waba_id;
	char token[TOKEN_MAX + 1];
	char name[48]; /* of the check */
};

static int code_of(const struct doctor_answer *answer)
{
	return (int)json_integer_value(json_object_get(json_object_get(answer->json, "error"), "code"));
}

static const char *message_of(const struct doctor_answer *answer)
{
	const char *message = cli_text(json_object_get(answer->json, "error"), "message");

	return message ? message : "no reason given";
}

/* ---- the clock ---- */

static void check_clock(struct doctor *doctor, const struct doctor_answer *answer)
{
	int64_t ahead_s = cw_clock_now_ms() / 1000 - answer->date_s;

	if (answer->date_s == 0) {
		return; /* no Date: nothing to compare with */
	}
	if (ahead_s > MAX_SKEW_S || ahead_s < -MAX_SKEW_S) {
		doctor_fail(doctor, "clock",
			    "this machine's is %" PRId64
			    " s %s WhatsApp's: messages get wrong times, and tokens expire too %s",
			    ahead_s > 0 ? ahead_s : -ahead_s, ahead_s > 0 ? "ahead of" : "behind",
			    ahead_s > 0 ? "early" : "late");
		doctor_next(doctor, "timedatectl set-ntp true");
	} else {
		doctor_ok(doctor, "clock", "agrees with WhatsApp's within %d s", MAX_SKEW_S);
	}
}

/* ---- one number ---- */

static void ask(const struct doctor *doctor, const struct number *number, const char *path, struct doctor_answer *answer)
{
	char url[1200];

	if (!cw_text_format(url, sizeof(url), "%s/%s", doctor->settings.graph_url, path)) {
		url[0] = '\0'; /* the request says so */
	}
	doctor_fetch(doctor, &(struct doctor_request){ .url = url, .bearer = number->token }, answer);
}

static void tell_refused(struct doctor *doctor, const struct number *number, const struct doctor_answer *answer)
{
	if (code_of(answer) == CODE_TOKEN) {
		doctor_fail(doctor, number->name, "WhatsApp refuses its access token (190): %s", message_of(answer));
		doctor_next(
			doctor,
			"create a system user's token, which does not expire, then convwire number set-token %s --dir %s",
			number->id, doctor->dir);
	} else {
		doctor_fail(doctor, number->name, "WhatsApp refuses the request (%d): %s", code_of(answer),
			    message_of(answer));
		doctor_next(doctor,
			    "give the token's system user this WhatsApp Business Account, with whatsapp_business_messaging "
			    "and whatsapp_business_management");
	}
}

/* appsecret_proof (Meta, "Secure Graph API Calls"): WhatsApp refuses it if the secret is another app's. */
static void check_app_secret(struct doctor *doctor, const struct number *number)
{
	char signature[CW_SIGNATURE_TEXT + 1];
	char path[300];
	const char *name = NULL;
	struct doctor_answer answer;
	const struct cw_hmac *secret =
		doctor->secrets ? secrets_hmac_for(doctor->secrets, cli_text(number->row, "account"), &name) : NULL;

	if (!secret || cw_signature_make(secret, number->token, strlen(number->token), signature) != CW_OK ||
	    !cw_text_format(path, sizeof(path), "%s?fields=id&appsecret_proof=%s", number->id,
			    strchr(signature, '=') + 1)) {
		return; /* reported by the secrets check */
	}
	ask(doctor, number, path, &answer);
	if (answer.status == 200) {
		doctor_ok(doctor, "app secret", "keys/apps/%s.secret is the secret of the app of number %s", name,
			  number->id);
	} else if (code_of(&answer) == CODE_PARAMETER && strstr(message_of(&answer), "appsecret_proof")) {
		doctor_fail(doctor, "app secret",
			    "keys/apps/%s.secret is not the secret of the app that issued number %s's token: every webhook of "
			    "that app is answered 401",
			    name, number->id);
		doctor_next(doctor,
			    "copy the app secret from Meta's dashboard (App settings, Basic) into %s/keys/apps/%s.secret, then "
			    "restart the daemon",
			    doctor->dir, name);
	} else {
		doctor_warn(doctor, "app secret", "cannot check whether keys/apps/%s.secret is the right one: %s", name,
			    answer.status ? message_of(&answer) : answer.problem);
	}
	doctor_answer_finish(&answer);
}

/* Where WhatsApp sends this number's webhooks: the number's own URL, else the account's, else the app's. */
static void check_callback(struct doctor *doctor, const struct number *number, const json_t *row)
{
	static const char *const levels[] = { "phone_number", "whatsapp_business_account", "application" };
	const json_t *configured = json_object_get(row, "webhook_configuration");
	const char *url = NULL;
	char ours[600];

	for (size_t i = 0; !url && i < sizeof(levels) / sizeof(levels[0]); i++) {
		url = cli_text(configured, levels[i]);
	}
	if (!url || doctor->settings.public_url[0] == '\0' ||
	    !cw_text_format(ours, sizeof(ours), "%s/webhook", doctor->settings.public_url)) {
		return;
	}
	if (strcmp(url, ours) != 0) {
		doctor_fail(doctor, number->name, "WhatsApp sends its webhooks to %s, not to %s", url, ours);
		doctor_next(doctor, "set the Callback URL in Meta's dashboard (WhatsApp, Configuration) to %s", ours);
	}
}

static void check_subscribed(struct doctor *doctor, const struct number *number)
{
	char path[200];
	struct doctor_answer answer;

	if (!number->waba_id || !cw_text_format(path, sizeof(path), "%s/subscribed_apps", number->waba_id)) {
		return; /* learned from the first webhook */
	}
	ask(doctor, number, path, &answer);
	if (answer.status == 200 && json_array_size(json_object_get(answer.json, "data")) == 0) {
		doctor_fail(doctor, "app",
			    "no app is subscribed to WhatsApp Business Account %s: WhatsApp sends no webhooks",
			    number->waba_id);
		doctor_next(doctor, "curl -X POST -H \"Authorization: Bearer $TOKEN\" %s/%s/subscribed_apps",
			    doctor->settings.graph_url, number->waba_id);
	} else if (answer.status == 200) {
		doctor_ok(doctor, "app", "subscribed to WhatsApp Business Account %s", number->waba_id);
	} else {
		doctor_warn(doctor, "app", "cannot check whether it is subscribed: %s",
			    answer.status ? message_of(&answer) : answer.problem);
	}
	doctor_answer_finish(&answer);
}

static void check_graph(struct doctor *doctor, const struct number *number, bool is_first)
{
	char path[300];
	struct doctor_answer answer;

	if (!cw_text_format(path, sizeof(path),
			    "%s?fields=id,display_phone_number,verified_name,quality_rating,webhook_configuration",
			    number->id)) {
		return; /* it fits: an id has 32 digits */
	}
	ask(doctor, number, path, &answer);
	if (answer.status && is_first) {
		check_clock(doctor, &answer);
	}
	if (answer.status == 0) {
		doctor_fail(doctor, number->name, "the Graph API at %s cannot be reached: %s",
			    doctor->settings.graph_url, answer.problem);
		doctor_next(doctor, "curl -sv %s; a firewall or DNS blocks it, or graph_url is wrong",
			    doctor->settings.graph_url);
	} else if (answer.status != 200) {
		tell_refused(doctor, number, &answer);
	} else {
		const char *quality = cli_text(answer.json, "quality_rating");

		doctor_ok(doctor, number->name, "WhatsApp knows it as %s; quality %s",
			  cli_text(answer.json, "display_phone_number") ? cli_text(answer.json, "display_phone_number") :
									  "?",
			  quality ? quality : "unknown");
		check_callback(doctor, number, answer.json);
		check_app_secret(doctor, number);
		check_subscribed(doctor, number);
	}
	doctor_answer_finish(&answer);
}

static void check_number(struct doctor *doctor, const json_t *row, bool is_first)
{
	char dir[PATH_MAX];
	struct cw_error ignored;
	struct number number = { .row = row, .id = cli_text(row, "phone_number_id"), .waba_id = cli_text(row, "waba_id") };
	bool has_token = settings_path(doctor->dir, "keys/numbers", dir, sizeof(dir), &ignored) == CW_OK &&
			 tokens_read(dir, number.id, number.token);

	(void)snprintf(number.name, sizeof(number.name), "number %s", /* to tell several apart */
		       strlen(number.id) > 4 ? number.id + strlen(number.id) - 4 : number.id);
	if (cli_text(row, "paused")) {
		doctor_fail(doctor, number.name, "is paused, nothing is sent: %s", cli_text(row, "paused"));
		doctor_next(doctor, "fix the cause, then convwire number resume %s --dir %s", number.id, doctor->dir);
	}
	if (has_token) {
		check_graph(doctor, &number, is_first);
	} else if (json_is_true(json_object_get(row, "simulated"))) {
		doctor_ok(doctor, number.name, "is simulated: not checked with WhatsApp");
	} else {
		doctor_fail(doctor, number.name, "has no access token: nothing can be sent");
		doctor_next(doctor, "convwire number set-token %s --dir %s", number.id, doctor->dir);
	}
}

/* ---- the webhooks received so far ---- */

static bool has_real_number(const struct doctor *doctor)
{
	size_t index;
	json_t *row;

	json_array_foreach(doctor->numbers, index, row)
	{
		if (!json_is_true(json_object_get(row, "simulated"))) {
			return true;
		}
	}
	return false;
}

static void check_webhooks(struct doctor *doctor)
{
	int64_t newest_s = json_integer_value(json_object_get(doctor->metrics, "last_webhook_timestamp_seconds"));
	int64_t refused = json_integer_value(json_object_get(doctor->metrics, "signatures_refused_total"));
	int64_t minutes = (cw_clock_now_ms() / 1000 - newest_s) / 60;

	if (!doctor->metrics || !has_real_number(doctor)) {
		return;
	}
	if (newest_s == 0 && refused > 0) {
		doctor_fail(doctor, "webhooks",
			    "%" PRId64
			    " came since the daemon started, all with a signature that no secret here produces",
			    refused);
		doctor_next(
			doctor,
			"compare keys/apps/*.secret with the App secret in Meta's dashboard; restart the daemon after a change");
	} else if (newest_s == 0) {
		doctor_warn(doctor, "webhooks", "none came since the daemon started");
		doctor_next(doctor,
			    "write to the number from a phone; in Meta's dashboard, subscribe the field messages");
	} else if (minutes > QUIET_MIN) {
		doctor_warn(doctor, "webhooks", "the last one came %" PRId64 " minutes ago", minutes);
		doctor_next(doctor, "write to the number from a phone, then run doctor again");
	} else {
		doctor_ok(doctor, "webhooks", "the last one came %" PRId64 " minutes ago", minutes);
	}
}

void doctor_check_numbers(struct doctor *doctor)
{
	struct cw_error error;
	json_t *arguments = json_object();
	json_t *answer = NULL;
	bool is_first = true;
	size_t index;
	json_t *row;
	enum cw_status status = cli_control(doctor->dir, "number.list", arguments, &answer, &error);

	json_decref(arguments);
	if (status == CW_OK) {
		status = cli_choose_account(doctor->dir, doctor->options->account, NULL, doctor->account, &error);
	}
	if (status != CW_OK) {
		doctor_fail(doctor, "numbers", "%s", error.text);
		doctor_next(doctor, "convwire account list --dir %s", doctor->dir);
		json_decref(answer);
		return;
	}
	doctor->numbers = json_array();
	json_array_foreach(json_object_get(answer, "numbers"), index, row)
	{
		if (strcmp(cli_text(row, "account"), doctor->account) == 0) {
			(void)json_array_append(doctor->numbers, row);
			check_number(doctor, row, is_first);
			is_first = false;
		}
	}
	json_decref(answer);
	if (json_array_size(doctor->numbers) == 0) {
		doctor_fail(doctor, "numbers", "account %s has none: webhooks are kept until one is added",
			    doctor->account);
		doctor_next(doctor, "convwire number add PHONE_NUMBER_ID --account %s --dir %s", doctor->account,
			    doctor->dir);
	}
	check_webhooks(doctor);
}
