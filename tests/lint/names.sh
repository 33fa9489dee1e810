#!/bin/sh
# SPDX-License-Identifier: MIT
# Each core module must have its header, its unit test and its mention in ARCHITECTURE.md, all under the same name; each
# header's guard must be made from its path.
. "$(dirname "$0")/lib.sh"

# Parts of a module that nothing else includes are tested with the module.
test_of() {
	case $1 in
	token_keys) echo token ;;
	access_file) echo access ;;
	webhook_items | webhook_message | webhook_party) echo webhook ;;
	*) echo "$1" ;;
	esac
}
# The two halves of a module share one private header.
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
	grep -q "^#ifndef $guard\$" "$file" || fault "$file: the guard must be $guard"
done
finish
