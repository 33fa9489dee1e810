# SPDX-License-Identifier: MIT
# Shared by the lint scripts. Each is run as `sh NAME.sh ROOT ...`, prints each fault on a separate line, and exits 1 if
# there is any.
set -u
cd "$1" || exit 2
faults=$(mktemp) || exit 2
trap 'rm -f "$faults"' EXIT

# fault TEXT: records a broken rule.
fault() {
	echo "$*" >>"$faults"
}

# faults_of TEXT: reads `grep -n` lines; each one breaks the rule TEXT.
faults_of() {
	awk -v rule="$1" '{ print rule ": " $0 }' >>"$faults"
}

finish() {
	cat "$faults"
	test ! -s "$faults"
}

# The product's directories that contain C; missing ones are skipped.
rooms() {
	for room in core store mqtt http ingest bridge api daemon auth-plugin cli sim; do
		test -d "$room" && echo "$room"
	done
}

sources() {
	find $(rooms) -name '*.[ch]' | sort
}
