#!/bin/sh
# Installs the wheel in a bare root by pip alone and sees a worker of RQ run a first job. Run by scripts/test-packages.sh.
#
#   try-wheel.sh WHEEL
set -eu
wheel=$1
# shellcheck source=packaging/tests/support.sh
. "$(dirname "$0")/support.sh"
cd /tmp
say() { printf '%s\n' "wheel: $*"; }
fail() { printf '%s\n' "wheel: $*" >&2; exit 1; }

# --- Nothing is here that the program could lean on ---------------------------------------------------------

for program in cc gcc swift redis-server valkey-server; do
    ! command -v $program >/dev/null || fail "this root is not bare: it has $program"
done
for library in libhiredis libev libmicrohttpd; do
    ! ls /usr/lib/*/$library.so* >/dev/null 2>&1 || fail "this root is not bare: it has $library"
done

# --- From nothing to a first job ----------------------------------------------------------------------------

begin=$(now)
python3 -m venv first
first/bin/pip install --quiet --disable-pip-version-check "$wheel[embedded]" rq
say "installed in $(since "$begin")"
PATH=/tmp/first/bin:$PATH
rqrcron run --embedded /tmp/data --http 127.0.0.1:8600 >url 2>log &
scheduler=$!
eventually 30 test -s url || { cat log >&2; fail "the embedded server did not start"; }
RQ_REDIS_URL=$(cat url)
export RQ_REDIS_URL
rqrcron register hello --func builtins.print --queue demo --interval 60 --args '["hello from a bare root"]'
PYTHONUNBUFFERED=1 rq worker --quiet demo >worker.log 2>&1 &
worker=$!
eventually 60 grep -q 'hello from a bare root' worker.log || { cat log worker.log >&2; fail "no worker ran the job"; }
say "the first job ran $(since "$begin") after the first command"
is_recorded() { rqrcron runs hello | grep -q finished; }
eventually 30 is_recorded || { rqrcron runs hello >&2; fail "the run is not recorded as finished"; }
python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8600/readyz").read().decode())' | grep -q . ||
    fail "the page does not answer"
kill -TERM "$worker"
kill -TERM "$scheduler"
wait "$scheduler" || fail "the scheduler ended with status $?"
! grep -l -x -E 'valkey-server|redis-server' /proc/[0-9]*/comm || fail "the embedded server is still there"

# --- The rest of what is inside -----------------------------------------------------------------------------

version=$(rqrcron --version)
[ "$(swift-rqrcron --version)" = "$version" ] || fail "swift-rqrcron is something else"
[ "$(first/bin/python -m swift_rediscron --version)" = "$version" ] || fail "python -m swift_rediscron is something else"
# All but its date.
rqrcron man | sed 1d >page
sed 1d first/share/man/man1/rqrcron.1 | cmp - page || fail "the manual page differs from rqrcron man"
for shell in bash zsh fish; do rqrcron completion $shell | grep -q rqrcron || fail "no completion for $shell"; done
licences=$(ls first/lib/python3*/site-packages/swift_rediscron-*.dist-info/licenses/licenses)
for library in first/lib/python3*/site-packages/swift_rediscron.libs/*; do
    name=$(basename "$library" | sed 's/-.*//')
    printf '%s\n' "$licences" | grep -q "^$name" || fail "no licence of $name is inside"
done
first/bin/pip uninstall --quiet --yes swift-rediscron
left=$(find first -name '*rqrcron*' -o -name '*swift_rediscron*')
[ -z "$left" ] || fail "pip left: $left"

# --- Beside rq-rediscron, whose command has the same name ---------------------------------------------------

# Whose command it is that pip has put there.
whose() { if grep -q swift_rediscron "$1/bin/rqrcron"; then echo ours; else echo theirs; fi; }
python3 -m venv before
before/bin/pip install --quiet --disable-pip-version-check "$wheel"
before/bin/pip install --quiet --disable-pip-version-check rq-rediscron
python3 -m venv after
after/bin/pip install --quiet --disable-pip-version-check rq-rediscron
after/bin/pip install --quiet --disable-pip-version-check "$wheel"
[ "$(whose before)" = theirs ] || fail "rq-rediscron, installed later, should have the name rqrcron"
[ "$(whose after)" = ours ] || fail "installed later, this should have the name rqrcron"
for order in before after; do
    [ "$($order/bin/swift-rqrcron --version)" = "$version" ] || fail "swift-rqrcron is gone, installed $order rq-rediscron"
done
after/bin/pip uninstall --quiet --yes rq-rediscron
[ ! -e after/bin/rqrcron ] || fail "the docs say that pip takes the name away with either package"
[ "$(after/bin/swift-rqrcron --version)" = "$version" ] || fail "swift-rqrcron is gone with rq-rediscron"
say "beside rq-rediscron: the later one has the name rqrcron, swift-rqrcron is always ours"
