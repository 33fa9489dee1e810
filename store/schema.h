/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* schema.sql as text; the build makes the .c from the file. */
extern const char cw_store_schema_sql[];

#endif
