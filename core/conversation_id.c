/* SPDX-License-Identifier: MIT */
#include "core/conversation_id.h"

#include <limits.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/signature.h"
#include "core/text.h"

#define TAG_DIGITS 4
#define TAG_HASH_BYTES 4

bool cw_account_is_valid(const char *account)
{
	return account && cw_text_is_made_of(account, strlen(account), CW_ACCOUNT_MAX, CW_TEXT_ID);
}

bool cw_phone_number_id_is_valid(const char *phone_number_id)
{
	return phone_number_id &&
	       cw_text_is_made_of(phone_number_id, strlen(phone_number_id), CW_PHONE_NUMBER_ID_MAX, CW_TEXT_DIGITS);
}

bool cw_subject_is_valid(const char *subject)
{
	return subject && cw_text_is_made_of(subject, strlen(subject), CW_SUBJECT_MAX, CW_TEXT_ID);
}

bool cw_user_id_is_valid(const char *user_id)
{
	size_t len = user_id ? strlen(user_id) : 0;

	return len > 3 && user_id[0] >= 'A' && user_id[0] <= 'Z' && user_id[1] >= 'A' && user_id[1] <= 'Z' &&
	       user_id[2] == '.' && cw_text_is_made_of(user_id, len, CW_CUSTOMER_MAX, CW_TEXT_ID ".");
}

enum cw_status cw_conversation_customer(const char *identity, char out[CW_CUSTOMER_MAX + 1])
{
	size_t len = identity ? strlen(identity) : 0;

	if (!identity || !cw_text_is_made_of(identity, len, CW_CUSTOMER_MAX, CW_TEXT_ID ".")) {
		return CW_INVALID;
	}
	for (size_t i = 0; i <= len; i++) {
		out[i] = (char)(identity[i] == '.' ? '-' : identity[i]);
	}
	return CW_OK;
}

enum cw_status cw_conversation_id_make(const char *account, const char *phone_number_id, const char *customer,
				       char out[CW_CONVERSATION_ID_MAX + 1])
{
	if (!cw_account_is_valid(account) || !cw_phone_number_id_is_valid(phone_number_id) || !customer ||
	    !cw_text_is_made_of(customer, strlen(customer), CW_CUSTOMER_MAX, CW_TEXT_ID)) {
		return CW_INVALID;
	}
	return cw_text_format(out, CW_CONVERSATION_ID_MAX + 1, "%s_%s_%s", account, phone_number_id, customer) ?
		       CW_OK :
		       CW_INVALID;
}

static bool copy_part(const char *from, size_t len, size_t max, const char *allowed, char *out)
{
	if (!cw_text_is_made_of(from, len, max, allowed)) {
		return false;
	}
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

enum cw_status cw_conversation_id_parse(const char *text, struct cw_conversation_id *ret_id)
{
	struct cw_conversation_id id;
	const char *first = text ? strchr(text, '_') : NULL;
	const char *second = first ? strchr(first + 1, '_') : NULL;

	if (!second) {
		return CW_INVALID;
	}
	if (!copy_part(text, (size_t)(first - text), CW_ACCOUNT_MAX, CW_TEXT_ID, id.account) ||
	    !copy_part(first + 1, (size_t)(second - first - 1), CW_PHONE_NUMBER_ID_MAX, CW_TEXT_DIGITS,
		       id.phone_number_id) ||
	    !copy_part(second + 1, strlen(second + 1), CW_CUSTOMER_MAX, CW_TEXT_ID, id.customer)) {
		return CW_INVALID;
	}
	*ret_id = id;
	return CW_OK;
}

/* The opaque type hides that a tag key is an ordinary HMAC key. */
struct cw_tag_key *cw_tag_key_create(const void *key, size_t key_len)
{
	return (struct cw_tag_key *)cw_hmac_create(key, key_len);
}

enum cw_status cw_tag_key_load(const char *keys_dir, struct cw_tag_key **ret_key, struct cw_error *reterr)
{
	char path[PATH_MAX];
	char key[129];

	if (!cw_text_format(path, sizeof(path), "%s/shared/tag.key", keys_dir)) {
		return cw_error_set(reterr, CW_INVALID, "%s: path too long", keys_dir);
	}
	enum cw_status status = cw_file_read_line(path, key, sizeof(key), reterr);

	if (status == CW_OK) {
		*ret_key = cw_tag_key_create(key, strlen(key));
		status = *ret_key ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	return status;
}

void cw_tag_key_destroy(struct cw_tag_key *key)
{
	cw_hmac_destroy((struct cw_hmac *)key);
}

void cw_tag_make(const struct cw_tag_key *key, const char *conversation_id, char out[CW_TAG_MAX + 1])
{
	unsigned char digest[CW_HMAC_BYTES];
	char hex[2 * TAG_HASH_BYTES + 1];
	struct cw_conversation_id id;

	bool is_id = cw_conversation_id_parse(conversation_id, &id) == CW_OK;

	if (!is_id ||
	    cw_hmac_compute((const struct cw_hmac *)key, conversation_id, strlen(conversation_id), digest) != CW_OK) {
		if (is_id) {
			cw_memory_note_out(); /* the hash fails for no other reason */
		}
		memcpy(out, "…#invalid", sizeof("…#invalid"));
		return;
	}
	size_t len = strlen(id.customer);
	const char *tail = id.customer + (len > TAG_DIGITS ? len - TAG_DIGITS : 0);

	cw_text_hex(digest, TAG_HASH_BYTES, hex);
	if (!cw_text_format(out, CW_TAG_MAX + 1, "…%s#%s", tail, hex)) {
		out[0] = '\0'; /* cannot happen: 3 + 4 + 1 + 8 bytes fit */
	}
}
