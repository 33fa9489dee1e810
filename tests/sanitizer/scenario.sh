#!/bin/sh
# scenario.sh PRESET PLAIN_BUILD: the scenarios on the programs of build-PRESET. Fails on a failed scenario, and on
# any report that a sanitizer wrote, whatever the program's exit code was.
set -u
preset=$1
plain=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
reports=$(mktemp -d)
trap 'rm -rf "$reports" "$reports.log"' EXIT

export CONVWIRE_BUILD="$root/build-$preset" CONVWIRE_PLUGIN="$plain/lib/convwire_auth.so"
export ASAN_OPTIONS="log_path=$reports/asan" UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
export TSAN_OPTIONS="log_path=$reports/tsan:suppressions=$root/tests/sanitizer/tsan.supp"

# Two at a time: most of it is waiting. What waits is given longer.
export CONVWIRE_DEADLINE_MS=60000

# ThreadSanitizer is for the daemon's threads: the scenarios that load them. AddressSanitizer takes those in which the
# daemon and the command line do something of their own: not the client library's, and those of the plugin alone run in broker.sh.
scenarios="$root/tests/scenario"
case $preset in
tsan) files=$(ls "$scenarios"/01-*.test.mjs "$scenarios"/02-c*.test.mjs "$scenarios"/03-[mo]*.test.mjs "$scenarios"/07-se*.test.mjs \
	"$scenarios"/07-sign-in.test.mjs "$scenarios"/08-broker-*.test.mjs) ;;
*) files=$(ls "$scenarios"/0*.test.mjs | grep -v '/06-client-') ;;
esac
# What failed is said first: the rest may be cut off by who shows it.
# shellcheck disable=SC2086
node --test --test-reporter=tap --test-concurrency=2 $files >"$reports.log" 2>&1
code=$?
[ "$code" -eq 0 ] || sed -n '/^not ok/,/^  \.\.\./p' "$reports.log"
for report in "$reports"/*; do
	[ -e "$report" ] || continue
	echo "--- $report"
	cat "$report"
	code=1
done
cat "$reports.log"
exit $code
