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
# One file per run: with several, 14's valist check remembers the first one's functions. A file that passed is checked again
# only if it, a header of ours that it includes, or .clang-tidy has changed.
check_one='
	file=$1 build=$2
	stamp=$build/tidy/$(echo "$file" | tr / _)
	key=$(cc -MM -MG -I. -I"$build" "$file" | sed "s/^[^:]*://" | tr -d "\\\\" | xargs cat .clang-tidy 2>/dev/null | sha256sum)
	[ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && exit 0
	found=$(clang-tidy --quiet -p "$build" "$file" 2>/dev/null | grep -E "(warning|error): ")
	if [ -n "$found" ]; then echo "$found"; else echo "$key" >"$stamp"; fi'
mkdir -p "$2/tidy"
test -s "$faults" || sources | grep '\.c$' | xargs -P "$(nproc)" -I FILE sh -c "$check_one" sh FILE "$2" | sort -u >>"$faults"
finish
