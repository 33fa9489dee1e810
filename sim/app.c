/* SPDX-License-Identifier: MIT */
/*
 * The Meta app behind the simulated numbers: the Graph API's answers about a number, and about its app's secret and
 * subscription.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sim/graph_private.h"

#define PROOF_TEXT 65

/* "Secure Graph API Calls": hex of HMAC-SHA256(app secret, access token). */
static void make_proof(const char *secret, const char *token, char out[PROOF_TEXT])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	out[0] = '\0';
	if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)token, strlen(token), bytes, &len)) {
		for (unsigned int i = 0; i < len; i++) {
			(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
		}
	}
}

/* If the request has a proof, it must be correct. */
static bool has_right_proof(struct sim *sim, struct cw_http_request *request)
{
	const char *given = cw_http_query(request, "appsecret_proof");
	const char *header = cw_http_header(request, "Authorization");
	char proof[PROOF_TEXT];

	if (!given) {
		return true;
	}
	world_lock(&sim->world);
	make_proof(json_string_value(json_object_get(sim->world.app, "secret")), header + strlen("Bearer "), proof);
	world_unlock(&sim->world);
	return strlen(given) == PROOF_TEXT - 1 && CRYPTO_memcmp(given, proof, PROOF_TEXT - 1) == 0;
}

bool graph_answer_number(struct sim *sim, struct cw_http_request *request)
{
	const char *id = cw_http_level(request, 1);

	world_lock(&sim->world);
	json_t *display = json_object_get(sim->world.numbers, id);
	json_t *callback = json_object_get(sim->world.app, "callback");
	json_t *answer = display ? json_pack("{s:s, s:O, s:s, s:s, s:{s:O*}}", "id", id, "display_phone_number",
					     display, "verified_name", "Simulated business", "quality_rating", "GREEN",
					     "webhook_configuration", "application", callback) :
				   NULL;

	world_unlock(&sim->world);
	if (!answer) {
		return false;
	}
	if (has_right_proof(sim, request)) {
		cw_http_answer_json(request, 200, answer);
	} else {
		json_decref(answer);
		cw_http_answer_json(request, 400,
				    json_pack("{s:{s:s, s:s, s:i}}", "error", "message",
					      "Invalid appsecret_proof provided in the API argument", "type",
					      "GraphMethodException", "code", 100));
	}
	return true;
}

void graph_subscribed(struct cw_http_request *request, void *context)
{
	struct sim *sim = context;

	if (!graph_may_pass(sim, request, false)) {
		return;
	}
	world_lock(&sim->world);
	bool is_subscribed = !json_is_false(json_object_get(sim->world.app, "subscribed"));

	world_unlock(&sim->world);
	cw_http_answer_json(request, 200,
			    is_subscribed ? json_pack("{s:[{s:{s:s, s:s, s:s}}]}", "data", "whatsapp_business_api_data",
						      "link", "https://www.facebook.com/games/?app_id=1", "name",
						      "simulated", "id", "1") :
					    json_pack("{s:[]}", "data"));
}
