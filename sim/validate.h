/* SPDX-License-Identifier: MIT */
#ifndef SIM_VALIDATE_H
#define SIM_VALIDATE_H

#include <jansson.h>

/*
 * Checks the body of POST /messages as Meta does, according to its documentation ("Send messages" and the page of each
 * type; "Error codes"). Returns the error code, with the details in out; 0: valid.
 */
#define VALIDATE_DETAILS 200
int validate_message(const json_t *body, char out[VALIDATE_DETAILS]);

#endif
