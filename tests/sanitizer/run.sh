#!/bin/sh
# run.sh TOOL BUILD FILE: runs one file of scenarios under a tool. Fails if a scenario fails or the tool reports a fault,
# whatever the exit code; leaks of mosquitto itself are not faults. Needs build-asan or build-tsan, which ctest builds.
# BUILD is the plain build, for what is not instrumented.
#   asan, tsan            the daemon, the command line and the simulator of build-TOOL, with the plain plugin
#   asan-broker           the instrumented plugin in the broker
#   valgrind-broker       the plain plugin in a broker that valgrind runs
set -u
tool=$1
plain=$2
file=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

export CONVWIRE_BUILD="$plain" CONVWIRE_DEADLINE_MS=60000 # instrumented programs are slower
export ASAN_OPTIONS="log_path=$reports/asan" UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
export TSAN_OPTIONS="log_path=$reports/tsan:suppressions=$root/tests/sanitizer/tsan.supp"

case $tool in
asan | tsan)
	export CONVWIRE_BUILD="$root/build-$tool" CONVWIRE_PLUGIN="$plain/lib/convwire_auth.so"
	;;
asan-broker)
	# mosquitto is not instrumented, so the library must be loaded before the plugin. mosquitto's own leaks must not
	# fail the test; the plugin's leaks are found below.
	CONVWIRE_BROKER_PRELOAD=$(gcc -print-file-name=libasan.so)
	export CONVWIRE_BROKER_PRELOAD CONVWIRE_PLUGIN="$root/build-asan/lib/convwire_auth.so"
	export ASAN_OPTIONS="log_path=$reports/asan:abort_on_error=1:exitcode=0:detect_leaks=1"
	;;
valgrind-broker)
	# valgrind sees what AddressSanitizer does not: memory that mosquitto uses after the plugin called into it, and
	# uninitialised bytes.
	export CONVWIRE_BROKER_WRAPPER="valgrind --quiet --error-exitcode=99 --keep-debuginfo=yes --log-file=$reports/valgrind.%p"
	;;
*)
	echo "run.sh: no such tool: $tool" >&2
	exit 2
	;;
esac

# A report with only leaks from mosquitto's own functions is not a fault. The plugin is already unloaded then, so its
# frames have no name.
is_fault() {
	grep -q 'ERROR: LeakSanitizer' "$1" || return 0
	[ "$tool" = asan-broker ] || return 0
	grep -E '^    #[1-9]' "$1" | grep -qvE '/usr/sbin/mosquitto|libsanitizer|sysdeps|libc-start|libc\.so'
}

node --test --test-reporter=spec "$file"
code=$?
for report in "$reports"/*; do
	if [ -s "$report" ] && is_fault "$report"; then
		echo "--- $report"
		cat "$report"
		code=1
	fi
done
exit $code
