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
	# mosquitto is not instrumented, so the library must be there before the plugin is. It has leaks of its own, which
	# shall not fail it; the plugin's are found below.
	CONVWIRE_BROKER_PRELOAD=$(gcc -print-file-name=libasan.so)
	export CONVWIRE_BROKER_PRELOAD CONVWIRE_PLUGIN="$root/build-asan/lib/convwire_auth.so"
	export ASAN_OPTIONS="log_path=$reports/asan:abort_on_error=1:exitcode=0:detect_leaks=1"
	export UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
	files=$(ls "$root"/tests/scenario/10-*.test.mjs)
	;;
valgrind)
	command -v valgrind >/dev/null || { echo "valgrind is not installed: apt-get install valgrind"; exit 1; }
	# It sees what AddressSanitizer does not: mosquitto's own use of memory after a plugin has called back into it, and
	# bytes that nobody has written.
	export CONVWIRE_BROKER_WRAPPER="valgrind --quiet --error-exitcode=99 --keep-debuginfo=yes --log-file=$reports/valgrind.%p"
	export CONVWIRE_DEADLINE_MS=60000
	# Thirty times slower: those in which the broker calls back, and what it calls lives on; without tokens that live for seconds.
	files=$(for name in takeover sessions assigned revocation; do
		echo "$root/tests/scenario/10-plugin-$name.test.mjs"
	done)
	;;
*)
	echo "broker.sh: no such tool: $tool" >&2
	exit 2
	;;
esac

# A report of nothing but leaks that mosquitto's own functions made is none. The plugin is unloaded by then: its frames
# have no name.
is_fault() {
	grep -q 'ERROR: LeakSanitizer' "$1" || return 0
	grep -E '^    #[1-9]' "$1" | grep -qvE '/usr/sbin/mosquitto|libsanitizer|sysdeps|libc-start|libc\.so'
}

# shellcheck disable=SC2086
node --test --test-concurrency=1 $files
code=$?
for report in "$reports"/*; do
	if [ ! -s "$report" ] || ! is_fault "$report"; then
		continue
	fi
	echo "--- $report"
	cat "$report"
	code=1
done
exit $code
