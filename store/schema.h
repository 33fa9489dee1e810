/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* The migrations as text, in order; the build makes the .c from the files. */
extern const char cw_store_schema_sql[];
extern const char cw_store_schema_2_sql[];
extern const char cw_store_schema_3_sql[];
extern const char cw_store_schema_4_sql[];
extern const char cw_store_schema_5_sql[];
extern const char cw_store_schema_6_sql[];
extern const char cw_store_schema_7_sql[];
extern const char cw_store_schema_8_sql[];
extern const char cw_store_schema_9_sql[];

#endif
