#!/bin/sh
# SPDX-License-Identifier: MIT
# One name, five places: each core module has its header, its unit test and its line in
# ARCHITECTURE.md; each header is guarded by its path.
. "$(dirname "$0")/lib.sh"

# Parts of a module that nobody else includes are tested with it.
test_of() {
	case $1 in
	token_keys) echo token ;;
	access_file) echo access ;;
	webhook_message) echo webhook ;;
	*) echo "$1" ;;
	esac
}
# The two halves of a module share what they have between them.
header_of() {
	case $1 in
	access_file) echo access_rules ;;
	*) echo "$1" ;;
	esac
}
for file in core/*.c; do
	name=$(basename "$file" .c)
	test -f "core/$(header_of "$name").h" || fault "core/$name.c has no core/$(header_of "$name").h"
	test -f "tests/unit/test_$(test_of "$name").c" || fault "core/$name.c has no tests/unit/test_$(test_of "$name").c"
	grep -qw "$name" ARCHITECTURE.md || fault "core/$name is not in ARCHITECTURE.md"
done
for file in $(sources | grep '\.h$'); do
	guard=$(echo "$file" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$file" || fault "$file: the guard is $guard"
done
finish
