/* SPDX-License-Identifier: MIT */
#ifndef CORE_PHONE_H
#define CORE_PHONE_H

#include <stdbool.h>

#include "core/status.h"

/* Phone numbers as people type them and as WhatsApp writes them. No state, any thread. */
#define CW_PHONE_MAX 32

/*
 * `+92 345 678-9012`, `0092345…`, `(92) 345…`, `+92 (0)345…` → the digits after the prefix + or 00: what WhatsApp calls
 * a wa_id. Digits of all scripts count; spaces, dashes, dots, parentheses and invisible characters do not (in Unicode:
 * categories Zs, Pd and Cf). A trunk 0 in parentheses, which is only dialled at home, is left out, except in Italy,
 * where it belongs to the number (E.164 numbers of country code 39).
 * CW_INVALID with a sentence: it contains anything else, has fewer than 5 or more than 20 digits, or begins with 0,
 * which no country code does (ITU-T E.164, "List of assigned country codes"). NULL is invalid.
 */
CW_MUST_CHECK enum cw_status cw_phone_digits(const char *text, char out[CW_PHONE_MAX + 1], struct cw_error *reterr);

/*
 * The digits of what may be part of a number, e.g. its last ones, as cw_phone_digits reads them but of any length and
 * with leading zeros. false: it has no digit, more than CW_PHONE_MAX, or anything else.
 */
bool cw_phone_part(const char *text, char out[CW_PHONE_MAX + 1]);

/*
 * The same key for both spellings of a mobile number: Brazil with the ninth digit, Mexico without the 1,
 * Argentina without the 9. CW_NOT_FOUND for landlines and all other countries, which have only one
 * spelling. A key finds candidates; only a single candidate counts as a match.
 */
CW_MUST_CHECK enum cw_status cw_phone_match_key(const char *digits, char out[CW_PHONE_MAX + 1]);

#endif
