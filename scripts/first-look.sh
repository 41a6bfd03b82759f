#!/bin/sh
# What `make run` starts: the scheduler with a Redis of its own, the page, sample definitions, and workers for them, all of
# which end with the scheduler.
#
#   first-look.sh PROGRAM [OPTION…]   PROGRAM is rqrcron; the options go to its run command
#
# Everything is kept in .build/first-look between two runs.
set -eu
cd "$(dirname "$0")/.."
program=$1
shift
folder=.build/first-look
mkdir -p "$folder"
rm -f "$folder/url"

workers=''
scheduler=''
stop_workers() {
    # The first signal lets a worker finish its job; the second does not.
    for worker in $workers; do kill -TERM "$worker" 2>/dev/null || true; done
    sleep 0.2
    for worker in $workers; do kill -TERM "$worker" 2>/dev/null || true; done
}
# A terminal sends the signal to all of them.
trap '[ -z "$scheduler" ] || kill -TERM "$scheduler" 2>/dev/null || true' INT TERM HUP

"$program" run --embedded "$folder" --apply docs/examples/first-look.cron "$@" >"$folder/url" &
scheduler=$!
while [ ! -s "$folder/url" ] && kill -0 "$scheduler" 2>/dev/null; do sleep 0.1; done
if [ -s "$folder/url" ]; then
    # As soon as the samples are there.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        if "$program" pause paused --note 'to be looked at' -u "$(cat "$folder/url")" 2>/dev/null; then break; fi
        sleep 0.3
    done
fi
if [ -s "$folder/url" ] && [ -x .venv/bin/rq ]; then
    # The samples overlap: one worker would have them wait for each other.
    for _ in 1 2 3; do
        .venv/bin/rq worker --quiet -u "$(cat "$folder/url")" demo >>"$folder/workers.log" 2>&1 &
        workers="$workers $!"
    done
    printf '%s\n' "three workers of RQ run the samples; what they print is in $folder/workers.log"
fi

status=0
# A signal ends the first wait, and not the scheduler.
wait "$scheduler" || status=$?
while kill -0 "$scheduler" 2>/dev/null; do
    status=0
    wait "$scheduler" || status=$?
done
stop_workers
exit "$status"
