#!/bin/sh
# Runs the named benchmark scripts, or all; the output of each goes to build/figures/NAME.md, next to the plots.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ingest rooms jitter restart idle size small replies dashboard check fanout storm expiry
if [ ! -x build/bin/load ] || [ ! -d bench/node_modules ]; then
	echo "bench/run.sh: run \`make bench-build\` first; it builds and installs what is measured here" >&2
	exit 1
fi
mkdir -p build/figures
for name in "$@"; do
	printf '\n## %s\n\n' "$name"
	node "bench/$name.mjs" >"build/figures/$name.md"
	cat "build/figures/$name.md"
done
