/* SPDX-License-Identifier: MIT */
#ifndef CORE_PHONE_H
#define CORE_PHONE_H

#include "core/status.h"

/*
 * Phone numbers as people type them and as WhatsApp writes them. What Meta sent is never rewritten:
 * these functions only make lookup keys. No state, any thread.
 */
#define CW_PHONE_MAX 32

/*
 * `+92 345 678-9012`, `0092345…`, `(92) 345…` → digits. CW_INVALID: it contains anything but digits, spaces
 * and `+ - ( ) .`, or has fewer than 5 or more than 20 digits.
 */
CW_MUST_CHECK enum cw_status cw_phone_digits(const char *text, char out[CW_PHONE_MAX + 1]);

/*
 * The same key for both spellings of a mobile number: Brazil with the ninth digit, Mexico without the 1,
 * Argentina without the 9. CW_NOT_FOUND for landlines and all other countries, which have only one
 * spelling. A key finds candidates; only a single candidate counts as a match.
 */
CW_MUST_CHECK enum cw_status cw_phone_match_key(const char *digits, char out[CW_PHONE_MAX + 1]);

#endif
