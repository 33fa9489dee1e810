#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-format 14 changes nothing in our C.
. "$(dirname "$0")/lib.sh"

command -v clang-format >/dev/null || fault "clang-format is not installed: apt-get install clang-format"
test -s "$faults" || clang-format --dry-run -Werror $(sources) $(find tests bench -name node_modules -prune -o -name '*.[ch]' -print) \
	2>&1 | sed -nE 's/^([^ ]*: )error: code should be clang-formatted.*/\1not as clang-format writes it/p' >>"$faults"
finish
