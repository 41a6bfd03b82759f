# What the trials of the packages share; read by them.

# eventually SECONDS COMMAND…: repeats it until it succeeds.
eventually() {
    deadline=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}
