#!/bin/sh
# Runs every fuzz target for SECONDS (60): run.sh BUILD_DIR [SECONDS [TARGET...]]. The build is made with CW_FUZZ (cmake
# --preset fuzz). Inputs that crash are kept in crashes/TARGET, and ctest replays them from then on.
set -eu
build=${1:?build directory}
seconds=${2:-60}
here=$(cd "$(dirname "$0")" && pwd)
shift
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- webhook apply search header signature ids filter token acl claim control command graph
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=
for name in "$@"; do
	mkdir -p "$scratch/$name" "$here/crashes/$name"
	dict=
	case $name in webhook|apply) dict=-dict=$here/webhook.dict ;; esac
	# New inputs go to the scratch folder, so that the corpus stays small. shellcheck disable=SC2086
	if "$build/bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -max_len=8192 -print_final_stats=1 $dict \
		-artifact_prefix="$here/crashes/$name/" "$scratch/$name" "$here/corpus/$name" >"$scratch/log" 2>&1; then
		printf '%s: %s inputs in %s s\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log")" "$seconds"
	else
		printf '%s: FAILED\n' "$name"
		tail -40 "$scratch/log"
		failed=1
	fi
done
[ -z "$failed" ]
