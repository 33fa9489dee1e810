#!/bin/sh
# Measures which lines the unit tests and the scenarios cover, with an instrumented build. A killed process writes no
# counts, so lines that only a kill test reaches are missing here.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-coverage
cd "$root"
cmake --preset coverage >/dev/null
cmake --build --preset coverage
find "$build" -name '*.gcda' -delete

ctest --test-dir "$build" -L unit -LE lint --output-on-failure -j2 | tail -3
# mosquitto loads this build's plugin, which writes its counts when mosquitto ends.
CONVWIRE_BUILD=$build CONVWIRE_DEADLINE_MS=60000 node --test --test-concurrency=2 tests/scenario/*.test.mjs >"$build/scenarios.log" 2>&1 ||
	{ grep -E '^not ok|^# (pass|fail)' "$build/scenarios.log"
	echo "some scenarios failed in this build; the coverage only includes what ran" >&2; }

mkdir -p "$build/report"
gcovr --root "$root" --object-directory "$build" --exclude 'tests/' --exclude 'bench/' --exclude 'build' --exclude-unreachable-branches \
	--html-details "$build/report/index.html" --json-summary "$build/report/summary.json" --sort-uncovered --txt "$build/report/table.txt"
tail -4 "$build/report/table.txt"
echo "build-coverage/report/index.html shows each line."
