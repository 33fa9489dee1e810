#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-format 14 changes nothing in our C.
. "$(dirname "$0")/lib.sh"

command -v clang-format >/dev/null || fault "clang-format is not installed: apt-get install clang-format"
# Each version lays out differently; the tree is held to Debian 12's, wherever CI runs.
clang-format --version | grep -q 'version 14\.' || { echo "not clang-format 14: the layout is not judged here"; exit 0; }
test -s "$faults" || clang-format --dry-run -Werror $(sources) $(find tests bench -name node_modules -prune -o -name '*.[ch]' -print) \
	2>&1 | sed -nE 's/^([^ ]*: )error: code should be clang-formatted.*/\1not as clang-format writes it/p' >>"$faults"
finish
