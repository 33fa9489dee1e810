/* SPDX-License-Identifier: MIT */
#ifndef CORE_PHONE_H
#define CORE_PHONE_H

#include "core/status.h"

/*
 * Phone numbers as people type them and as WhatsApp writes them. What Meta sent is never rewritten:
 * these functions only make keys to look things up by. No state, any thread.
 */
#define CW_PHONE_MAX 32

/*
 * `+92 345 678-9012`, `0092345…`, `(92) 345…` → digits. CW_INVALID when anything but digits, spaces and
 * `+ - ( ) .` is in it, or there are fewer than 5 or more than 20 digits.
 */
CW_MUST_CHECK enum cw_status cw_phone_digits(const char *text, char out[CW_PHONE_MAX + 1]);

/*
 * The key under which two spellings of one mobile number meet: Brazil with its ninth digit, Mexico
 * without the 1, Argentina without the 9. Landlines and every other country: CW_NOT_FOUND, they have
 * only one spelling. A key finds candidates; only exactly one candidate decides.
 */
CW_MUST_CHECK enum cw_status cw_phone_match_key(const char *digits, char out[CW_PHONE_MAX + 1]);

#endif
