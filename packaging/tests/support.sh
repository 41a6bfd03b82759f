# What the trials of the packages share; read by them. Each has a say and a fail of its own, with its name.
export DEBIAN_FRONTEND=noninteractive

# eventually SECONDS COMMAND…: repeats it until it succeeds.
eventually() {
    deadline=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# quietly COMMAND…: shows its output only when it fails.
quietly() { "$@" >/tmp/quietly.log 2>&1 </dev/null || { cat /tmp/quietly.log >&2; fail "failed: $*"; }; }

# install PACKAGE…: of Debian, or files.
install() { quietly apt-get install -q -y --no-install-recommends "$@"; }

# since TIME: how long ago that was, where TIME is what now has printed.
now() { date +%s.%N; }
since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f s", to - from }'; }
