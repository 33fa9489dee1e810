#!/bin/sh
# SPDX-License-Identifier: MIT
# Our C must be formatted as by clang-format 14.
. "$(dirname "$0")/lib.sh"

command -v clang-format >/dev/null || fault "clang-format is not installed: apt-get install clang-format"
# Each version formats differently; the tree follows Debian 12's, wherever CI runs.
clang-format --version | grep -q 'version 14\.' || { echo "not clang-format 14: format not checked"; exit 0; }
test -s "$faults" || clang-format --dry-run -Werror $(sources) $(find tests bench -name node_modules -prune -o -name '*.[ch]' -print) \
	2>&1 | sed -nE 's/^([^ ]*: )error: code should be clang-formatted.*/\1not formatted by clang-format/p' >>"$faults"
finish
