/* SPDX-License-Identifier: MIT */
#ifndef CORE_SEARCH_TEXT_H
#define CORE_SEARCH_TEXT_H

/*
 * What people see of a message, as one text for a full-text index: bodies, captions, names, titles, whatever the kind.
 * body is a struct cw_message's JSON text. The caller frees it; NULL without memory or for what is no JSON, "" when there
 * is nothing to find it by. No state, any thread.
 */
char *cw_search_text(const char *body);

#endif
