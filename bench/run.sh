#!/bin/sh
# Runs the measuring scripts that are named, or all; what each prints is kept in build/figures/NAME.md beside the plots.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- ingest rooms jitter restart idle size small replies dashboard check fanout storm expiry
if [ ! -x build/bin/load ] || [ ! -d bench/node_modules ]; then
	echo "bench/run.sh: first \`make bench-build\`, which builds what is measured, and installs what it is compared with" >&2
	exit 1
fi
mkdir -p build/figures
for name in "$@"; do
	printf '\n## %s\n\n' "$name"
	node "bench/$name.mjs" >"build/figures/$name.md"
	cat "build/figures/$name.md"
done
