#!/bin/sh
# npm ci in each folder named, unless its lock file is the one that was installed last.
set -eu
for folder in "$@"; do
	stamp="$folder/node_modules/.installed"
	if ! cmp -s "$folder/package-lock.json" "$stamp"; then
		(cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
		cp "$folder/package-lock.json" "$stamp"
	fi
done
