#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy with .clang-tidy must find nothing. tidy.sh ROOT BUILD; BUILD contains compile_commands.json.
. "$(dirname "$0")/lib.sh"

command -v clang-tidy >/dev/null || fault "clang-tidy is not installed: apt-get install clang-tidy"
# Each version finds different things; the tree follows Debian 12's, wherever CI runs.
clang-tidy --version | grep -q 'version 14\.' || { echo "not clang-tidy 14: the tree is not checked here"; exit 0; }
# If .clang-tidy could not be read, nothing would be checked.
clang-tidy --list-checks core/buf.c 2>/dev/null | grep -q readability-function-size || fault ".clang-tidy is not in force"
test -f "$2/compile_commands.json" || fault "$2/compile_commands.json is not there: configure first"
# One file per run: with several, 14's valist check remembers the first one's functions.
test -s "$faults" || sources | grep '\.c$' | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$2" 2>/dev/null |
	grep -E '(warning|error): ' | sort -u >>"$faults"
finish
