/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the Graph API's answer: accepted only with a wamid, an error only with a code, anything else ambiguous.
 */
#include "bridge/graph.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct graph_call call = { .result = CURLE_OK, .n_given = 1 };
	struct graph_answer answer;

	cw_buf_init(&call.answer, GRAPH_MAX_ANSWER);
	FUZZ_CHECK(cw_buf_append(&call.answer, data, size) == CW_OK || size > GRAPH_MAX_ANSWER);
	graph_judge(&call, &answer);
	switch (answer.verdict) {
	case GRAPH_ACCEPTED:
		FUZZ_CHECK(answer.wamid && answer.wamid[0] && strlen(answer.wamid) <= CW_WAMID_MAX);
		break;
	case GRAPH_ERROR:
		FUZZ_CHECK(!answer.wamid && answer.json);
		break;
	case GRAPH_AMBIGUOUS:
		FUZZ_CHECK(!answer.wamid && answer.title);
		break;
	case GRAPH_UNREACHED:
		FUZZ_CHECK(false); /* unreachable: there is an answer */
	}
	graph_answer_finish(&answer);
	/* Without an answer, the verdict depends only on what was sent. */
	call.result = CURLE_RECV_ERROR;
	call.n_given = size % 2;
	graph_judge(&call, &answer);
	FUZZ_CHECK(answer.verdict == (size % 2 ? GRAPH_AMBIGUOUS : GRAPH_UNREACHED));
	graph_answer_finish(&answer);
	cw_buf_finish(&call.answer);
	return 0;
}
