#!/bin/sh
# Tries what the container examples start, in a bare root in place of an image. Run by scripts/test-packages.sh.
#
#   try-containers.sh PACKAGE FUNCTIONS   FUNCTIONS is what container-commands.py prints
set -eu
package=$1 functions=$2
examples=$(cd "$(dirname "$0")/../../docs/examples" && pwd)
# shellcheck source=packaging/tests/support.sh
. "$(dirname "$0")/support.sh"
cd /tmp
say() { printf '%s\n' "containers: $*"; }
fail() { tail -n 8 ./*.log >&2; printf '%s\n' "containers: $*" >&2; exit 1; }
# shellcheck disable=SC1090 # made for this run
. "$functions"

# --- The image ----------------------------------------------------------------------------------------------

mkdir /packages
cp "$package" /packages
{ install_image; } >image.log 2>&1 || fail "the image cannot be made"
rqrcron --version >/dev/null || fail "the image has no rqrcron"
[ ! -e /packages ] || fail "the image keeps the package"

# --- Compose ------------------------------------------------------------------------------------------------

# What the other images have.
{ apt-get update -q && apt-get install -q -y --no-install-recommends redis-server curl prometheus; } >others.log 2>&1 </dev/null ||
    fail "the other programs cannot be installed"
{ python3 -m venv rq && rq/bin/pip install --quiet --disable-pip-version-check rq; } >rq.log 2>&1 || fail "no RQ"
PATH=$PATH:/tmp/rq/bin
printf '127.0.0.1 localhost redis scheduler\n' >/etc/hosts
mkdir -p /run/secrets /run/rqrcron
od -An -tx1 -N32 /dev/urandom | tr -d ' \n' >/run/secrets/token
cp /run/secrets/token /run/rqrcron/token
chown 65534:65534 /run/secrets/token
# root's, readable for the group of the container's user, as fsGroup makes it.
chown 0:65534 /run/rqrcron/token
chmod 400 /run/secrets/token
chmod 440 /run/rqrcron/token
cp "$examples/first-look.cron" /samples.cron
sed 's/8600/8601/' "$functions" >other-port
(redis) >redis.log 2>&1 &
eventually 30 redis-cli ping || fail "redis does not answer"
(scheduler) >scheduler.log 2>&1 &
scheduler=$!
# One network here: the page of compose has a port of its own there.
(. ./other-port && page) >page.log 2>&1 &
page=$!
(worker) >worker.log 2>&1 &
worker=$!
authorization="Authorization: Bearer $(cat /run/secrets/token)"
ask() { curl --fail --silent --header "$authorization" "$@"; }
eventually 60 ask http://scheduler:8600/readyz || fail "the scheduler does not get ready"
eventually 60 ask http://127.0.0.1:8601/ || fail "the page does not answer"
! curl --fail --silent http://127.0.0.1:8601/ >/dev/null || fail "the page is open to everybody"
has_run() { rqrcron runs hello -u redis://redis:6379/0 | grep -q finished; }
eventually 60 has_run || fail "the worker runs nothing"

mkdir -p /etc/prometheus
cp "$examples/container/prometheus.yml" "$examples/../monitoring/alerts.yml" /etc/prometheus
promtool check config /etc/prometheus/prometheus.yml >promtool.log 2>&1 || fail "promtool finds fault"
prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/tmp/metrics >prometheus.log 2>&1 &
prometheus=$!
is_scraped() { curl --silent 'http://localhost:9090/api/v1/query?query=up' | grep -q '"job":"rqrcron"[^]]*,"1"\]'; }
eventually 60 is_scraped || fail "Prometheus gets no metrics"
kill "$prometheus" "$worker" "$page" "$scheduler"
wait "$scheduler" || fail "the scheduler ended with status $?"
say "compose: a job was run, the page asks for its token, Prometheus gets its metrics"

# --- Kubernetes ---------------------------------------------------------------------------------------------

(kubernetes) >kubernetes.log 2>&1 &
kubernetes=$!
eventually 60 readinessProbe 127.0.0.1 || fail "the readiness probe of the manifest fails"
livenessProbe 127.0.0.1 >/dev/null || fail "the liveness probe of the manifest fails"
kill "$kubernetes"
wait "$kubernetes" || fail "the scheduler ended with status $?"
say "kubernetes: both probes succeed"
