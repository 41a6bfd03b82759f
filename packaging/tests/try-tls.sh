#!/bin/sh
# Installs the Debian package in a bare root and schedules over TLS. Run by scripts/test-packages.sh, for a package that has TLS.
#
#   try-tls.sh PACKAGE
set -eu
package=$1
# shellcheck source=packaging/tests/support.sh
. "$(dirname "$0")/support.sh"
cd /tmp
say() { printf '%s\n' "tls: $*"; }
fail() { printf '%s\n' "tls: $*" >&2; exit 1; }

quietly apt-get update -q
install "$package" redis-server openssl
quietly openssl req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.crt -days 2 -subj /CN=authority
quietly openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
echo 'subjectAltName=DNS:localhost' >names
quietly openssl x509 -req -in server.csr -CA authority.crt -CAkey authority.key -out server.crt -days 2 -extfile names
redis-server --port 0 --tls-port 6390 --tls-cert-file server.crt --tls-key-file server.key --tls-ca-cert-file authority.crt \
    --tls-auth-clients no --save '' --daemonize yes >/dev/null
cli() { redis-cli --tls --cacert authority.crt -h localhost -p 6390 "$@"; }
eventually 60 cli ping || fail "redis-server does not answer"

plain=rediss://localhost:6390/0
! rqrcron info -u $plain >info.log 2>&1 || fail "a certificate of an unknown authority was trusted"
grep -q 'cannot be trusted' info.log || { cat info.log >&2; fail "it does not say that the certificate cannot be trusted"; }
export RQ_REDIS_URL="$plain?ssl_ca_certs=$PWD/authority.crt"
rqrcron run 2>run.log &
scheduler=$!
rqrcron register hello --func builtins.print --queue demo --interval 1 >/dev/null
has_queued() { [ "$(cli llen rq:queue:demo)" -gt 1 ]; }
eventually 60 has_queued || { cat run.log >&2; fail "no job was queued"; }
kill -TERM "$scheduler"
wait "$scheduler" || { cat run.log >&2; fail "the scheduler ended with status $?"; }
[ "$(cli exists rq:cron_jobs:lock)" = 0 ] || fail "it has left its lock"
cli shutdown nosave || true
say "scheduled over TLS, and an unknown authority refused"
