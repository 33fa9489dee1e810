#!/bin/sh
# Installs a package in a fresh Debian root and uses it there: no compiler, no Node.js, an ordinary user. Run as root.
#   packaging/test-install.sh build-package/convwire_0.1.0_amd64.deb
# DIST (bookworm) chooses the Debian release.
set -eu

deb=$1
root=$(mktemp -d /tmp/convwire-install-XXXXXX)
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
as_convwire() { in_root setpriv --reuid convwire --regid convwire --init-groups "$@"; }
fail() { echo "FAIL: $1" >&2; exit 1; }
clean_up() {
	[ -z "${up:-}" ] || kill "$up" 2>/dev/null || true
	[ -z "${up:-}" ] || wait "$up" 2>/dev/null || true
	[ -z "${container:-}" ] || kill "$container" 2>/dev/null || true
	[ -z "${container:-}" ] || wait "$container" 2>/dev/null || true
	umount -l "$root/proc" 2>/dev/null || true
	rm -rf --one-file-system "$root"
}
trap clean_up EXIT

echo "== a fresh Debian"
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
debootstrap --variant=minbase "${DIST:-bookworm}" "$root" >"$root.log" 2>&1 || { tail -3 "$root.log"; fail debootstrap; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
chmod 755 "$root" # what mktemp makes is closed to convwire
cp -r /etc/apt/apt.conf.d "$root/etc/apt/" # how this machine reaches its mirror
cp "$deb" "$root/root/convwire.deb"

echo "== install"
in_root apt-get update -qq 2>/dev/null
in_root apt-get install -y -qq --no-install-recommends /root/convwire.deb >"$root/root/apt.log" 2>&1 || { tail -5 "$root/root/apt.log"; fail "apt"; }
for tool in node npm gcc cc make cmake; do
	! in_root sh -c "command -v $tool" >/dev/null || fail "$tool was installed with it"
done
[ "$(in_root stat -c '%U %a' /var/lib/convwire)" = "convwire 700" ] || fail "/var/lib/convwire is not convwire's alone"
in_root convwire --version

echo "== work with it"
as_convwire convwire init --dir /var/lib/convwire --account shop >/dev/null
as_convwire convwire broker-conf --dir /var/lib/convwire | grep -q '^plugin /usr/lib/.*/convwire/convwire_auth.so$' || fail "the plugin is not found"
exec 3>"$root/root/up.log"
(exec chroot "$root" setpriv --reuid convwire --regid convwire --init-groups convwire up --dir /var/lib/convwire --take-free-ports >&3 2>&1) & # no shell in between
up=$!
n=0
until grep -q "Ctrl-C stops it" "$root/root/up.log"; do
	n=$((n + 1)); [ $n -lt 100 ] || { cat "$root/root/up.log"; fail "it does not start"; }
	sleep 0.2
done
as_convwire convwire doctor --dir /var/lib/convwire || fail "doctor finds something"
page=$(sed -n 's/^ *dashboard *//p' "$root/root/up.log")
curl -fsS "$page" | grep -q '<title>' || fail "the dashboard is not served"
as_convwire convwire simulate --count 20 --dir /var/lib/convwire >/dev/null || fail "customers cannot write"
as_convwire convwire check --dir /var/lib/convwire || fail "check finds something"
as_convwire convwire backup /var/lib/convwire/backup --dir /var/lib/convwire || fail "no backup"
kill "$up"; wait "$up" || true; up=
! in_root convwire restore /var/lib/convwire/backup --dir /var/lib/convwire 2>"$root/root/refused" || fail "root restored what convwire cannot read"
grep -q "runuser -u convwire" "$root/root/refused" || fail "root is not told how to restore"
as_convwire convwire restore /var/lib/convwire/backup --dir /var/lib/convwire || fail "no restore"
as_convwire convwire check --dir /var/lib/convwire || fail "check finds something after the restore"

echo "== units"
in_root apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus >/dev/null 2>&1
in_root systemd-analyze verify --man=no /lib/systemd/system/convwired.service /lib/systemd/system/convwire-mosquitto.service
for unit in convwired convwire-mosquitto; do
	in_root systemd-analyze security --offline=true /lib/systemd/system/$unit.service 2>/dev/null | tail -1
done

echo "== systemd runs them"
command -v systemd-nspawn >/dev/null || apt-get install -y -qq --no-install-recommends systemd-container >/dev/null
umount "$root/proc"
systemd-nspawn -q -D "$root" --boot --register=no --keep-unit --private-network --console=pipe >"$root.boot" 2>&1 </dev/null &
container=$!
booted() { nsenter -t "$init" -m -u -i -n -p env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
until_it() { n=0; until "$@" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 150 ] || fail "never: $*"; sleep 0.2; done; }
is_booted() { init=$(pgrep -P "$container") && booted systemctl is-system-running; }
until_it is_booted
booted systemctl disable --now mosquitto >/dev/null 2>&1
booted systemctl enable --now convwire-mosquitto convwired 2>/dev/null
booted_convwire() { booted runuser -u convwire -- convwire "$@" --dir /var/lib/convwire; }
is_well() { booted_convwire doctor --no-message; }
until_it is_well
booted_convwire doctor | grep -q "match: true" || fail "no message gets through"
booted systemctl reload convwire-mosquitto convwired || fail "reload"
booted sh -c 'kill -9 $(pidof convwired mosquitto)'
until_it is_well
booted_convwire backup /var/lib/convwire/backup >/dev/null || fail "no backup under the unit's restrictions"
booted systemctl stop convwired convwire-mosquitto
booted systemctl poweroff >/dev/null 2>&1 || true
wait "$container" || true
container=
rm -f "$root.boot"
mount -t proc proc "$root/proc"

echo "== remove"
in_root apt-get purge -y -qq convwire >/dev/null 2>&1
[ -e "$root/var/lib/convwire/convwire.db" ] || fail "purging the package removed messages"
[ ! -e "$root/usr/bin/convwire" ] || fail "something is left"
echo "The package installs, works and uninstalls."
