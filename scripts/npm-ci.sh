#!/bin/sh
# Runs npm ci in each named folder, unless its lock file has not changed since the last install.
set -eu
for folder in "$@"; do
	stamp="$folder/node_modules/.installed"
	if ! cmp -s "$folder/package-lock.json" "$stamp"; then
		(cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
		cp "$folder/package-lock.json" "$stamp"
	fi
done
