/* SPDX-License-Identifier: MIT */
#include "core/graph_error.h"

#include <stddef.h>

/* "API Unknown": it says nothing about the message. */
#define CODE_UNKNOWN 1

/* clang-format off */
static const struct cw_graph_error rows[] = {
	{ 0, 0, 0, CW_GRAPH_STOP, 0, "WhatsApp does not accept the number's access token. Set a new one with `convwire number set-token`." },
	{ 1, 1, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp cannot read this message." },
	{ 2, 2, 0, CW_GRAPH_RETRY, 0, "WhatsApp is down for a moment. The message is sent again automatically." },
	{ 3, 3, 0, CW_GRAPH_STOP, 0, "The access token lacks a permission. Give the system user whatsapp_business_messaging, then `convwire number resume`." },
	{ 4, 4, 0, CW_GRAPH_THROTTLE, 0, "The app makes too many calls. The message is sent when WhatsApp allows it." },
	{ 10, 10, 0, CW_GRAPH_STOP, 0, "The access token lacks a permission. Give the system user whatsapp_business_messaging, then `convwire number resume`." },
	{ 33, 33, 0, CW_GRAPH_STOP, 0, "The business number was deleted, or its phone_number_id is wrong. Check it in WhatsApp Manager, then `convwire number resume`." },
	{ 100, 100, 33, CW_GRAPH_STOP, 0, "WhatsApp does not know this phone_number_id, or the access token may not use it. Check the id, and that the token's system user has access to the WhatsApp account; then `convwire number set-token` or `convwire number resume`." },
	{ 100, 100, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp refuses a part of this message; the details name it." },
	{ 190, 190, 0, CW_GRAPH_STOP, 0, "The number's access token has expired or was revoked. Set a new one with `convwire number set-token`." },
	{ 200, 299, 0, CW_GRAPH_STOP, 0, "The access token lacks a permission. Give the system user whatsapp_business_messaging, then `convwire number resume`." },
	{ 368, 368, 0, CW_GRAPH_STOP, 0, "The business account is blocked for breaking WhatsApp's policy. See WhatsApp Manager, then `convwire number resume`." },
	{ 80007, 80007, 0, CW_GRAPH_THROTTLE, 0, "The business account has reached its rate limit. The message is sent when WhatsApp allows it." },
	{ 130429, 130429, 0, CW_GRAPH_THROTTLE, 0, "The number sends faster than WhatsApp allows. The message is sent a little later." },
	{ 130472, 130472, 0, CW_GRAPH_PERMANENT, 0, "This customer is part of an experiment by Meta and gets no marketing messages." },
	{ 130497, 130497, 0, CW_GRAPH_PERMANENT, 0, "The business may not write to customers in this country." },
	{ 131000, 131000, 0, CW_GRAPH_RETRY, 4, "Something went wrong at WhatsApp, several times. Try again later." },
	{ 131005, 131005, 0, CW_GRAPH_STOP, 0, "The access token may not send from this number. Give the system user access to it, then `convwire number resume`." },
	{ 131008, 131008, 0, CW_GRAPH_PERMANENT, 0, "A required part of this message is missing; the details name it." },
	{ 131009, 131009, 0, CW_GRAPH_PERMANENT, 0, "A part of this message has a value that WhatsApp does not accept; the details name it." },
	{ 131016, 131016, 0, CW_GRAPH_RETRY, 0, "WhatsApp is overloaded for a moment. The message is sent again automatically." },
	{ 131021, 131021, 0, CW_GRAPH_PERMANENT, 0, "The recipient is the business number itself." },
	{ 131026, 131026, 0, CW_GRAPH_PERMANENT, 0, "It cannot be delivered: the customer has no WhatsApp, an old version of it, or has not accepted its terms." },
	{ 131030, 131030, 0, CW_GRAPH_PERMANENT, 0, "This is a test number, and the recipient is not on its list in the App Dashboard." },
	{ 131031, 131031, 0, CW_GRAPH_STOP, 0, "WhatsApp has locked the business account. See WhatsApp Manager, then `convwire number resume`." },
	{ 131037, 131037, 0, CW_GRAPH_STOP, 0, "The number's display name is not approved yet. See WhatsApp Manager, then `convwire number resume`." },
	{ 131042, 131042, 0, CW_GRAPH_STOP, 0, "WhatsApp cannot charge the business. Fix the payment method in WhatsApp Manager, then `convwire number resume`." },
	{ 131044, 131044, 0, CW_GRAPH_STOP, 0, "WhatsApp cannot charge the business. Fix the payment method in WhatsApp Manager, then `convwire number resume`." },
	{ 131045, 131045, 0, CW_GRAPH_STOP, 0, "The number is not registered for the Cloud API. Register it, then `convwire number resume`." },
	{ 131047, 131047, 0, CW_GRAPH_PERMANENT, 0, "More than 24 hours have passed since the customer's last message: only a template can be sent." },
	{ 131048, 131048, 0, CW_GRAPH_STOP, 0, "Too many customers blocked or reported this number. See its quality in WhatsApp Manager, then `convwire number resume`." },
	{ 131049, 131049, 0, CW_GRAPH_PERMANENT, 0, "Meta did not deliver this marketing message, to limit how many a customer gets. Do not send it again within 24 hours." },
	{ 131050, 131050, 0, CW_GRAPH_PERMANENT, 0, "The customer has opted out of marketing messages from this business." },
	{ 131051, 131051, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp does not support this kind of message." },
	{ 131052, 131052, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp could not fetch the file." },
	{ 131053, 131053, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp does not accept this file: its contents may not match its type." },
	{ 131056, 131056, 0, CW_GRAPH_RECIPIENT, 0, "This customer got many messages in a short time. The message is sent when WhatsApp allows it." },
	{ 131057, 131057, 0, CW_GRAPH_RETRY, 0, "The business account is under maintenance for a moment. The message is sent again automatically." },
	{ 131060, 131060, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp no longer has this message." },
	{ 131062, 131062, 0, CW_GRAPH_PERMANENT, 0, "This template needs the customer's phone number, which is hidden." },
	{ 131063, 131063, 0, CW_GRAPH_PERMANENT, 0, "Marketing templates are switched off for the Cloud API on this account." },
	{ 131064, 131064, 0, CW_GRAPH_STOP, 0, "Sending is limited because templates broke WhatsApp's rules. See WhatsApp Manager, then `convwire number resume`." },
	{ 132000, 132000, 0, CW_GRAPH_PERMANENT, 0, "The template takes a different number of parameters than it was given." },
	{ 132001, 132001, 0, CW_GRAPH_PERMANENT, 0, "There is no such template in this language, or it is not approved." },
	{ 132005, 132005, 0, CW_GRAPH_PERMANENT, 0, "The template's text is too long with these parameters." },
	{ 132007, 132007, 0, CW_GRAPH_PERMANENT, 0, "The template breaks WhatsApp's policy." },
	{ 132012, 132012, 0, CW_GRAPH_PERMANENT, 0, "A parameter does not have the format that the template requires." },
	{ 132015, 132015, 0, CW_GRAPH_PERMANENT, 0, "The template is paused because of its low quality." },
	{ 132016, 132016, 0, CW_GRAPH_PERMANENT, 0, "The template is disabled because of its low quality." },
	{ 132068, 132068, 0, CW_GRAPH_PERMANENT, 0, "The flow that this message opens is blocked." },
	{ 132069, 132069, 0, CW_GRAPH_PERMANENT, 0, "The flow has sent too many messages. Try again in an hour." },
	{ 133004, 133004, 0, CW_GRAPH_RETRY, 0, "WhatsApp is down for a moment. The message is sent again automatically." },
	{ 133010, 133010, 0, CW_GRAPH_STOP, 0, "The number is not registered for the Cloud API. Register it, then `convwire number resume`." },
	{ 133016, 133016, 0, CW_GRAPH_THROTTLE, 0, "The number was registered too often. The message is sent when WhatsApp allows it." },
	{ 135000, 135000, 0, CW_GRAPH_PERMANENT, 0, "WhatsApp refuses a part of this message and does not say which." },
	{ 137000, 137000, 0, CW_GRAPH_PERMANENT, 0, "The customer's security code has changed; make sure who it is before writing." },
};
/* clang-format on */
#define N_ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

static const struct cw_graph_error *find_row(int code, int subcode)
{
	static const struct cw_graph_error other = {
		.action = CW_GRAPH_PERMANENT, .explanation = "WhatsApp refuses this message; the details say why."
	};

	for (int i = 0; i < N_ROWS; i++) {
		if (code >= rows[i].first && code <= rows[i].last &&
		    (rows[i].subcode == 0 || rows[i].subcode == subcode)) {
			return &rows[i];
		}
	}
	return &other;
}

const struct cw_graph_error *cw_graph_error_find(const struct cw_graph_said *said)
{
	static const struct cw_graph_error unknown = {
		.action = CW_GRAPH_UNKNOWN, .explanation = "WhatsApp had trouble of its own: the message may have been sent."
	};
	const struct cw_graph_error *row = find_row(said->code, said->subcode);
	bool is_vague = row->first == 0 || row->first == CODE_UNKNOWN; /* first is 0 in the row for unknown codes */
	bool is_servers = said->http_status >= 500;

	if (row->action != CW_GRAPH_PERMANENT || (!is_servers && !is_vague)) {
		return row;
	}
	if (said->is_transient) {
		return find_row(CW_GRAPH_CODE_TROUBLE, 0);
	}
	if (is_servers && is_vague) {
		return &unknown;
	}
	return row;
}

const struct cw_graph_error *cw_graph_error_at(int i)
{
	return i >= 0 && i < N_ROWS ? &rows[i] : NULL;
}

const char *cw_graph_action_text(enum cw_graph_action action)
{
	static const char *const words[CW_GRAPH_ACTION_COUNT] = { "retry", "throttle",  "recipient",
								  "stop",  "permanent", "unknown" };

	return (unsigned)action < CW_GRAPH_ACTION_COUNT ? words[action] : "";
}
