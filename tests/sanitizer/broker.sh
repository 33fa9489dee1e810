#!/bin/sh
# broker.sh asan|valgrind PLAIN_BUILD: the plugin's scenarios with the broker itself under the tool. Fails on a failed
# scenario, and on any report that the tool wrote, whatever the broker's exit code was.
set -u
tool=$1
plain=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
export CONVWIRE_BUILD="$plain"

case $tool in
asan)
	# mosquitto is not instrumented, so its library must be there before the plugin is. Leaks are looked for when the
	# broker has ended; its own frames are found by their tables only.
	CONVWIRE_BROKER_PRELOAD=$(gcc -print-file-name=libasan.so)
	export CONVWIRE_BROKER_PRELOAD CONVWIRE_PLUGIN="$root/build-asan/lib/convwire_auth.so"
	export ASAN_OPTIONS="log_path=$reports/asan:detect_leaks=1:fast_unwind_on_malloc=0"
	export LSAN_OPTIONS="print_suppressions=0:suppressions=$root/tests/sanitizer/lsan.supp"
	export UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
	files=$(ls "$root"/tests/scenario/10-*.test.mjs)
	;;
valgrind)
	command -v valgrind >/dev/null || { echo "valgrind is not installed: apt-get install valgrind"; exit 1; }
	# It sees what AddressSanitizer does not: bytes that nobody has written, in mosquitto's memory and in ours.
	CONVWIRE_BROKER_WRAPPER="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite"
	CONVWIRE_BROKER_WRAPPER="$CONVWIRE_BROKER_WRAPPER --show-leak-kinds=definite --keep-debuginfo=yes --log-file=$reports/valgrind.%p"
	export CONVWIRE_BROKER_WRAPPER CONVWIRE_DEADLINE_MS=60000
	# Thirty times slower: without the scenarios whose tokens live for seconds.
	files=$(for name in takeover sessions client-ids jsonwebtoken acl-file assigned admin foreign; do
		echo "$root/tests/scenario/10-plugin-$name.test.mjs"
	done)
	;;
*)
	echo "broker.sh: no such tool: $tool" >&2
	exit 2
	;;
esac
# shellcheck disable=SC2086
node --test --test-concurrency=1 $files
code=$?
for report in "$reports"/*; do
	[ -s "$report" ] || continue
	echo "--- $report"
	cat "$report"
	code=1
done
exit $code
