/* SPDX-License-Identifier: MIT */
/*
 * HTTP request headers: ranges must stay inside the file, and nothing invalid may be accepted as an address or an
 * origin.
 */
#include <netinet/in.h>

#include "core/text.h"
#include "fuzz.h"
#include "http/http.h"
#include "http/origin.h"
#include "http/peer.h"
#include "http/range.h"

static void check_range(const char *range, const char *if_range, size_t file_len)
{
	static const char etag[] = "\"0123456789abcdef\"";
	const int64_t len = (int64_t)file_len;
	struct range part = { .offset = -1, .len = -1 };

	if (range_judge(range, if_range, etag, len, &part) == RANGE_PART) {
		FUZZ_CHECK(part.offset >= 0 && part.len > 0 && part.offset <= len - part.len);
		FUZZ_CHECK(strcmp(if_range, etag) == 0);
	}
	(void)range_is_cached(range, etag);
}

static void check_origin(const char *origin, const char *host)
{
	struct cw_error error;

	FUZZ_CHECK(origin_judge(origin, "chat.example.com", "", host) != ORIGIN_OWN ||
		   strcasestr(origin, "chat.example.com"));
	if (origin_check_list(host, &error) == CW_OK && origin_judge(origin, NULL, "", host) == ORIGIN_LISTED) {
		FUZZ_CHECK(origin_is_valid(origin));
	}
}

static void check_peer(const char *forwarded)
{
	const struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	char address[CW_HTTP_ADDRESS_MAX];

	if (peer_address((const struct sockaddr *)&local, forwarded, address)) {
		FUZZ_CHECK(cw_text_is_made_of(address, strlen(address), CW_HTTP_ADDRESS_MAX, "0123456789abcdef:."));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *second = fuzz_cut(text);

	check_range(text, second, size);
	check_origin(text, second);
	check_peer(text);
	free(text);
	return 0;
}
