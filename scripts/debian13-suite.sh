#!/bin/sh
# What scripts/test-debian13.sh runs inside its Debian 13 root.
#
#   debian13-suite.sh                 installs what is missing, builds, and tests on each server
#   debian13-suite.sh COMMAND [ARG…]  installs what is missing and runs a command
set -eu
cd /src

say() { printf '%s\n' "debian13: $*"; }

# What the toolchain, the package and its tests need there. `make deps` would install redis-server alone.
packages='gcc g++ make git binutils pkgconf libc6-dev libstdc++-14-dev zlib1g-dev libcurl4t64 libxml2 libsqlite3-0 libncurses6
    libedit2 libz3-4 tzdata python3 python3-venv libhiredis-dev libssl-dev libev-dev libmd-dev redis-server valkey-server
    openssl procps'
# shellcheck disable=SC2086 # a list of names
installed=$(dpkg-query --show --showformat '${db:Status-Status}\n' $packages 2>/dev/null | grep -cx installed || true)
# shellcheck disable=SC2086 # a list of names
set_of() { echo $#; }
if [ "$installed" -lt "$(set_of $packages)" ]; then
    say "installing what is missing"
    apt-get update -q -q </dev/null
    log=/var/log/debian13-packages.log
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages </dev/null >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        exit 1
    }
fi

if [ $# -gt 0 ]; then
    exec "$@"
fi

say "hiredis $(dpkg-query --show --showformat '${Version}' libhiredis-dev), $(redis-server --version | cut -d ' ' -f 1-3),\
 $(valkey-server --version | cut -d ' ' -f 1-3)"
scripts/install-deps.sh test
# The tests of TLS are what this root is for: not auto, which would pass without.
FLAGS=$(scripts/trait-options.sh TLS=yes HTTP=yes)
export FLAGS
# shellcheck disable=SC2086 # a list of options
swift build --build-tests $FLAGS
say "every test, on redis-server"
failed=''
TEST_LOGS=.build/test-logs-redis REDIS_SERVER=redis-server scripts/run-tests.sh || failed="$failed redis-server"
# Again on the other server what talks to one; simulated schedules do not, but the model of Redis is held against it.
targets=$(grep -l -r -E 'withRedis|withSentinels|withCluster|RedisServer' Tests/*Tests | cut -d / -f 2 | sort -u)
say "on valkey-server:" $targets
# shellcheck disable=SC2086 # a list of names
TEST_LOGS=.build/test-logs-valkey REDIS_SERVER=valkey-server REDISCRON_SCHEDULES=${REDISCRON_SCHEDULES:-1000} \
    scripts/run-tests.sh $targets || failed="$failed valkey-server"
if [ -n "$failed" ]; then
    say "failed on:$failed; the logs are in .build/debian13/src/.build/test-logs-*" >&2
    exit 1
fi
say "passed on both servers"
