/* SPDX-License-Identifier: MIT */
#ifndef SIM_VALIDATE_H
#define SIM_VALIDATE_H

#include <jansson.h>

/*
 * What Meta refuses in the body of POST /messages, from its documents ("Send messages" and the pages of each type;
 * "Error codes"). Answers the error's code, 0 for a good one, with the details in out.
 */
#define VALIDATE_DETAILS 200
int validate_message(const json_t *body, char out[VALIDATE_DETAILS]);

#endif
