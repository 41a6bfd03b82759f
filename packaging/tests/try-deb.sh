#!/bin/sh
# Installs, runs, upgrades and purges the Debian package in a bare root. Run by scripts/test-packages.sh.
#
#   try-deb.sh PACKAGE
set -eu
package=$1
here=$(dirname "$0")
# shellcheck source=packaging/tests/support.sh
. "$(dirname "$0")/support.sh"
cd /tmp
say() { printf '%s\n' "deb: $*"; }
fail() { printf '%s\n' "deb: $*" >&2; exit 1; }
# Every file of this root but caches, logs and what dpkg and apt note down.
files() { find / -xdev \( -path /proc -o -path /tmp -o -path /var/cache -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | sort; }

# --- What it depends on, and what looks at it, is there before, so that all else is its own -----------------

quietly apt-get update -q
install systemd redis-server strace man-db
# shellcheck disable=SC2046 # a list of names
install $(dpkg-deb --field "$package" Depends | tr ',' '\n' | sed 's/ *(.*//; s/|.*//')
files >before

# An older version, whose default file was another one.
dpkg-deb --raw-extract "$package" old
sed -i 's/^Version: .*/Version: 0.0.1/' old/DEBIAN/control
echo '# An older text.' >>old/etc/default/rqrcron
dpkg-deb --root-owner-group --build old old.deb >/dev/null

# --- Install and run ----------------------------------------------------------------------------------------

install ./old.deb
man -w rqrcron >/dev/null || fail "no manual page"
[ "$(stat -c %a /etc/default/rqrcron)" = 600 ] || fail "/etc/default/rqrcron can be read by everybody"
# It waits for whoever has named the Redis.
! systemctl --root=/ is-enabled --quiet rqrcron.service || fail "the unit is enabled by the installation"
unit=$(dpkg -L rqrcron | grep '/rqrcron.service$')
systemd-analyze verify --man=no "$unit" || fail "systemd finds fault in the unit"
quietly systemd-analyze security --offline=true --threshold=30 rqrcron.service
say "exposure: $(sed -n 's/.*exposure level for rqrcron.service: //p' quietly.log | cut -d ' ' -f 1), where 10 is the worst"

redis-server --port 6379 --save '' --daemonize yes >/dev/null
# What the unit starts, with its environment, as a user with no rights; strace notes the system calls.
set -a
. /etc/default/rqrcron
set +a
command=$(sed -n 's/^ExecStart=//p' "$unit" | sed "s|\\\$RQRCRON_OPTIONS|${RQRCRON_OPTIONS:-}|")
# shellcheck disable=SC2086 # a command and its arguments
setpriv --reuid 65534 --regid 65534 --clear-groups strace -f -qq -o /tmp/calls.log $command 2>run.log &
tracer=$!
is_ready() { python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8600/readyz")'; }
eventually 60 is_ready || { cat run.log >&2; fail "what the unit starts does not get ready"; }
rqrcron register hello --func builtins.print --queue demo --interval 1 >/dev/null
has_queued() { [ "$(redis-cli llen rq:queue:demo)" -gt 1 ]; }
eventually 60 has_queued || { cat run.log >&2; fail "no job was queued"; }
# strace itself would not hand the signal on.
kill -TERM "$(cat "/proc/$tracer/task/$tracer/children")"
wait "$tracer" || { cat run.log >&2; fail "the scheduler ended with status $?"; }
"$here/unit-calls.py" "$unit" /tmp/calls.log || fail "the unit forbids what the scheduler does"

# --- Upgrade, and purge -------------------------------------------------------------------------------------

echo 'RQ_REDIS_URL=redis://changed:6379/0' >>/etc/default/rqrcron
install -o Dpkg::Options::=--force-confold "$package"
[ "$(dpkg-query -W -f '${Version}' rqrcron)" = "$(dpkg-deb --field "$package" Version)" ] || fail "it was not upgraded"
grep -q 'redis://changed' /etc/default/rqrcron || fail "the upgrade has overwritten /etc/default/rqrcron"
[ "$(stat -c %a /etc/default/rqrcron)" = 600 ] || fail "the upgrade has opened /etc/default/rqrcron"
systemctl --root=/ enable --quiet rqrcron.service 2>/dev/null
quietly apt-get remove -q -y rqrcron
[ -e /etc/default/rqrcron ] || fail "remove has taken the settings away; only purge may"
quietly apt-get purge -q -y rqrcron
redis-cli shutdown nosave || true
files >after
diff before after >left || { cat left >&2; fail "purge leaves something"; }
say "installed, run, upgraded with its settings kept, purged without a trace"
