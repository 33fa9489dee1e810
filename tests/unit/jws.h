/* SPDX-License-Identifier: MIT */
#ifndef UNIT_JWS_H
#define UNIT_JWS_H

#include <stddef.h>

#include <openssl/evp.h>

/*
 * JSON Web Signatures made with OpenSSL alone (RFC 7515), so that core/token is not tested against the library it uses.
 * Header and claims are JSON written with ' for ". Strings are freed with free(); every failure here fails the test.
 */
EVP_PKEY *jws_make_rsa(unsigned bits);
EVP_PKEY *jws_make_ec(const char *curve);

char *jws_public_pem(EVP_PKEY *key);
char *jws_private_pem(EVP_PKEY *key);

/* RS256 or ES256, depending on the key's type. */
char *jws_sign(EVP_PKEY *key, const char *header, const char *claims);
char *jws_mac(const void *secret, size_t len, const char *header, const char *claims);

/* header.claims. with nothing after the last dot. */
char *jws_unsigned(const char *header, const char *claims);

#endif
