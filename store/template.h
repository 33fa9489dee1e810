/* SPDX-License-Identifier: MIT */
#ifndef STORE_TEMPLATE_H
#define STORE_TEMPLATE_H

#include "store/tx.h"

/*
 * A webhook about a template of a WABA: its status, category or quality is stored at once. A template that was approved
 * or changed is fetched by the bridge. value is the change's. Writer's thread.
 */
void template_note(struct tx *tx, int64_t account, const char *waba_id, const char *field, const json_t *value);

#endif
