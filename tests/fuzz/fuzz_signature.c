/* SPDX-License-Identifier: MIT */
/* Any text as X-Hub-Signature-256: accepted only in Meta's format, and only if it is the right signature. */
#include <strings.h>

#include "core/signature.h"
#include "core/text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cw_hmac *secret;
	unsigned char claimed[CW_HMAC_BYTES];
	char hex[2 * CW_HMAC_BYTES + 1];
	char made[CW_SIGNATURE_TEXT + 1];
	char *text = fuzz_text(data, size);

	secret = secret ? secret : cw_hmac_create("secret", 6);
	if (cw_signature_parse(text, claimed) == CW_OK) {
		FUZZ_CHECK(strlen(text) == CW_SIGNATURE_TEXT);
		cw_text_hex(claimed, sizeof(claimed), hex);
		FUZZ_CHECK(strcasecmp(text + 7, hex) == 0);
		FUZZ_CHECK(cw_signature_matches(secret, "body", 4, claimed) ==
			   (cw_signature_make(secret, "body", 4, made) == CW_OK && strcasecmp(made, text) == 0));
	}
	/* The input as a body: our own signature of it must be accepted. */
	FUZZ_CHECK(cw_signature_make(secret, data, size, made) == CW_OK);
	FUZZ_CHECK(cw_signature_parse(made, claimed) == CW_OK && cw_signature_matches(secret, data, size, claimed));
	claimed[size % CW_HMAC_BYTES] ^= 1;
	FUZZ_CHECK(!cw_signature_matches(secret, data, size, claimed));
	FUZZ_CHECK(cw_signature_same_text(text, text));
	free(text);
	return 0;
}
