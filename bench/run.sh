#!/bin/sh
# Runs the measuring scripts that are named, or all; what each prints is kept in build/figures/NAME.md beside the plots.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ingest rooms jitter restart idle size replies dashboard check fanout storm expiry
mkdir -p build/figures
for name in "$@"; do
	printf '\n## %s\n\n' "$name"
	node "bench/$name.mjs" >"build/figures/$name.md"
	cat "build/figures/$name.md"
done
