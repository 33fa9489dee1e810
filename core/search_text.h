/* SPDX-License-Identifier: MIT */
#ifndef CORE_SEARCH_TEXT_H
#define CORE_SEARCH_TEXT_H

/*
 * A message's visible text for the full-text index: bodies, captions, names and titles, for any kind. body is the JSON
 * text of a struct cw_message. The caller frees the result. NULL: out of memory or invalid JSON; "": no text.
 * No state, any thread.
 */
char *cw_search_text(const char *body);

#endif
