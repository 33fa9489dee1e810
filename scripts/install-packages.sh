#!/bin/sh
# Installs the Debian packages that `make run` needs and that are missing; with `test`, `package` or `bench` those of `make test` and so on too.
# A second run finds everything in place and does nothing.
set -eu

run="gcc libc6-dev make cmake ninja-build pkgconf scdoc ca-certificates libssl-dev libjansson-dev libjwt-dev
libsqlite3-dev libmicrohttpd-dev libinih-dev libcrypt-dev zlib1g-dev libcurl4-openssl-dev libpaho-mqtt-dev libmosquitto-dev mosquitto-dev
mosquitto libmimalloc-dev libxxhash-dev"
# A browser, and letters and signs for it to draw.
browser="chromium fonts-dejavu-core fonts-noto-color-emoji"
test="sqlite3 valgrind clang clang-tidy clang-format libclang-rt-dev libcmocka-dev strace procps mosquitto-clients curl openssl faketime iproute2 e2fsprogs nginx gcovr"
# What Convwire is measured against, and plots.
bench="postgresql gnuplot-nox"

wanted="$run"
# The dashboard's build. A Node.js from elsewhere serves as well; Debian 12's 18 is the oldest that does.
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
	command -v sudo >/dev/null || { echo "These packages are missing, and there is neither root nor sudo:$missing" >&2; exit 1; }
	sudo=sudo
fi
echo "Installing:$missing"
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
