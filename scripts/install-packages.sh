#!/bin/sh
# Installs the missing Debian packages that `make run` needs; with `test`, `package` or `bench`, also those for `make
# test` and so on. A second run finds them installed and does nothing.
set -eu

run="gcc libc6-dev make cmake ninja-build pkgconf scdoc ca-certificates libssl-dev libjansson-dev libjwt-dev
libsqlite3-dev libmicrohttpd-dev libcrypt-dev zlib1g-dev libcurl4-openssl-dev libpaho-mqtt-dev libmosquitto-dev mosquitto-dev
mosquitto libmimalloc-dev libxxhash-dev libunistring-dev"
# A browser, and fonts for it.
browser="chromium fonts-dejavu-core fonts-noto-color-emoji"
test="sqlite3 valgrind clang clang-tidy clang-format libclang-rt-dev libcmocka-dev strace procps mosquitto-clients curl openssl faketime iproute2 e2fsprogs nginx gcovr"
# The database Convwire is compared with, and a plotter.
bench="postgresql gnuplot-nox"

wanted="$run"
# For building the dashboard. A Node.js from elsewhere works, too; the oldest version that works is Debian 12's, 18.
command -v node >/dev/null || wanted="$wanted nodejs"
command -v npm >/dev/null || wanted="$wanted npm"
case ${1:-run} in
test) wanted="$wanted $test $browser" ;;
bench) wanted="$wanted $test $browser $bench" ;;
package) wanted="$wanted dpkg-dev file" ;;
esac

missing=""
for package in $wanted; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "Install these packages as root (there is no sudo):$missing" >&2; exit 1; }
	sudo=sudo
fi
echo "Installing:$missing"
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
