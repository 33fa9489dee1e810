# SPDX-License-Identifier: MIT
# What the lint scripts share. Each is run as `sh NAME.sh ROOT ...`, says every fault on a line of its own,
# and exits 1 when there was one.
set -u
cd "$1" || exit 2
faults=$(mktemp) || exit 2
trap 'rm -f "$faults"' EXIT

# fault TEXT: a broken rule.
fault() {
	echo "$*" >>"$faults"
}

# Reads `grep -n` lines; each is a fault of the rule TEXT.
faults_of() {
	awk -v rule="$1" '{ print rule ": " $0 }' >>"$faults"
}

finish() {
	cat "$faults"
	test ! -s "$faults"
}

# The rooms of the product that hold C; those that are not built yet are passed over.
rooms() {
	for room in core store mqtt http ingest bridge api daemon auth-plugin cli sim; do
		test -d "$room" && echo "$room"
	done
}

sources() {
	find $(rooms) -name '*.[ch]' | sort
}
