#!/bin/sh
# own_network.sh COMMAND...: runs COMMAND in its own network namespace, where all ports are free and nobody else can
# take one.
set -eu
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="--user --map-root-user"
# shellcheck disable=SC2086
exec unshare $as_root --net -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
