#!/bin/sh
# Runs every test, one test target after another, and shows what matters: failures, and one closing line per target.
# The full log of each run stays in .build/test-logs, or where TEST_LOGS says.
#
#   run-tests.sh                            what `swift build --build-tests` has built
#   run-tests.sh --sanitize thread|address  builds with that sanitizer in a folder of its own first
#   run-tests.sh TARGET…                    some of the targets
#
# One after another, because Swift Testing starts all tests of a run at once: pure computation in one target would
# take the two threads of a small machine away from tests that wait for Redis with a bound.
#
# Drawn cases are the same in each run, so that a failure is of the change and not of the draw. Other ones are drawn with
# another REDISCRON_SEED, and by the targets that go on for longer: simulate, differential, fuzz, chaos.
#
# Fails when a test fails, when a sanitizer reports anything in any process, when a target runs fewer tests than its
# sources declare, and when all together are fewer than the floor in Tests/FLOOR: tests that silently stopped running
# are a failure too.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
logs=${TEST_LOGS:-.build/test-logs}
options=${FLAGS:-}

if [ "${1:-}" = --sanitize ]; then
    options="$options --sanitize $2 --scratch-path .build/sanitize-$2"
    logs=.build/test-logs-$2
    # Reports go to files, so that none is lost that a program started by a test makes: many of those are killed, and
    # nobody reads what others write.
    reports=$PWD/$logs/report
    rm -f "$reports".*
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66 log_path=$reports ${TSAN_OPTIONS:-}"
    # Apple's has no leak detection.
    leaks=1
    [ "$(uname)" != Darwin ] || leaks=0
    export ASAN_OPTIONS="detect_leaks=$leaks log_path=$reports ${ASAN_OPTIONS:-}"
    # LeakSanitizer's own exception for a buffer of the C library is no report; there is none of ours.
    export LSAN_OPTIONS="print_suppressions=0 ${LSAN_OPTIONS:-}"
    [ "$2$leaks" != address1 ] || SWIFT="$swift" scripts/check-leak-detection.sh
    # Under a sanitizer a simulated schedule takes ten times as long.
    export REDISCRON_SCHEDULES="${REDISCRON_SCHEDULES:-3000}"
    # shellcheck disable=SC2086 # a list of options
    "$swift" build --build-tests $options
    shift 2
fi
# Some targets: then the floor for all of them says nothing.
floor=0
if [ $# -eq 0 ]; then
    floor=$(cat Tests/FLOOR)
    for folder in Tests/*Tests; do
        set -- "$@" "${folder#Tests/}"
    done
fi

export REDISCRON_SEED="${REDISCRON_SEED:-2026}"
printf '%s\n' "drawing from seed $REDISCRON_SEED"

# Runs the tests that match a filter; the other arguments are options of `swift test`.
run_tests() {
    filter=$1
    shift
    # shellcheck disable=SC2086 # a list of options
    "$swift" test --skip-build --disable-xctest $options --filter "$filter" "$@" </dev/null
}

mkdir -p "$logs"
total=0 failed=''
for target; do
    folder=Tests/$target
    declared=$(scripts/check-sources.py --count "$folder")
    [ "$declared" -gt 0 ] || continue
    log=$logs/$target.log
    # A target with more tests than a small machine bears at once names some of them, which have a run of their own.
    apart=$(cat "$folder.apart" 2>/dev/null || true)
    status=0
    run_tests "^$target\\." ${apart:+--skip "$apart"} >"$log" 2>&1 || status=$?
    [ -z "$apart" ] || run_tests "^$target\\..*($apart)" >>"$log" 2>&1 || status=$?

    closing=$(grep -E 'Test run with [0-9]+ tests? ' "$log" || true)
    ran=$(printf '%s\n' "$closing" | sed -n 's/.*Test run with \([0-9]*\) test.*/\1/p' | awk '{ sum += $1 } END { print sum }')
    closing=$(printf '%s' "$closing" | paste -s -d ',' -)
    total=$((total + ${ran:-0}))
    if [ "$status" -ne 0 ]; then
        failed="$failed $target"
        # All but the lines that say that something began or passed.
        grep -vE '^(◇|✔|\[[0-9]+/[0-9]+\]|Build)' "$log" | head -n 400 || true
        printf '%s\n' "$target failed (exit status $status); its full log is $log"
    elif [ "${ran:-0}" -lt "$declared" ]; then
        failed="$failed $target"
        printf '%s\n' "$target ran ${ran:-0} tests but declares $declared"
    fi
    printf '%-18s %s\n' "$target" "${closing:-no test run}"
    # With what they lack, where the test says so.
    grep -E '^➜ Test .*skipped' "$log" | sed 's/^/                   /' || true
done

if [ -n "${reports:-}" ]; then
    for report in "$reports".*; do
        [ -e "$report" ] || continue
        failed="$failed sanitizer"
        head -n 60 "$report"
        printf '%s\n' "the full report is $report"
    done
fi

if [ -n "$failed" ]; then
    printf '%s\n' "FAILED:$failed" >&2
    exit 1
fi
if [ "$total" -lt "$floor" ]; then
    printf '%s\n' "FAILED: $total tests ran, fewer than the $floor of Tests/FLOOR" >&2
    exit 1
fi
if [ "$floor" -gt 0 ]; then
    printf '%s\n' "All $total tests passed (at least $floor expected)."
else
    printf '%s\n' "$total tests passed."
fi
