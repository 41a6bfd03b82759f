#!/bin/sh
# Gives each parser to libFuzzer, under AddressSanitizer.
#
#   fuzz.sh [SECONDS [PARSER ...]]    for all together; all parsers for 600 s by default
#
# Inputs that are worth keeping gather in .build/fuzz/corpus/PARSER and are where the next run begins. An input that ends
# the process is kept in .build/fuzz/findings, and the command fails.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-600}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(sed -n 's/^    case \([a-z]*\)$/\1/p' Tests/RobustnessTests/Parsers/FuzzedParser.swift)
seconds=$((seconds / $#))
[ "$seconds" -gt 0 ] || seconds=1
swift=${SWIFT:-swift}
folder=.build/fuzz

# In a folder of its own: every module is compiled anew, to report which of its edges an input reaches.
export REDISCRON_FUZZ=1
build() {
    # shellcheck disable=SC2086 # a list of options
    "$swift" build ${FLAGS:-} --scratch-path "$folder" --product rediscron-fuzz -c release \
        --sanitize address -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,trace-cmp,pc-table \
        -Xswiftc -enable-testing "$@"
}
build
binary=$(build --show-bin-path)/rediscron-fuzz

mkdir -p "$folder/findings"
# hiredis asks at once for as much memory as a length in the input says, and takes no for an answer.
export ASAN_OPTIONS="allocator_may_return_null=1 max_allocation_size_mb=1024 ${ASAN_OPTIONS:-}"
# Swift's own report of a crash needs signals that the sanitizer takes.
export SWIFT_BACKTRACE=enable=no
failed=''
for parser; do
    corpus=$folder/corpus/$parser
    mkdir -p "$corpus"
    number=0
    while IFS= read -r line; do
        number=$((number + 1))
        # shellcheck disable=SC2059 # the escapes of the seeds are those of printf
        printf -- "$(printf '%s' "$line" | sed 's/%/%%/g')" >"$corpus/seed-$number"
    done <"Tests/RobustnessTests/Seeds/$parser.txt"
    printf '%s\n' "== $parser"
    REDISCRON_FUZZ_PARSER=$parser "$binary" "$corpus" -max_total_time="$seconds" -max_len=4096 -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=1048576 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="$folder/findings/$parser-" ||
        failed="$failed $parser"
done
if [ -n "$failed" ]; then
    printf '%s\n' "FAILED:$failed; the inputs are in $folder/findings" >&2
    exit 1
fi
printf '%s\n' "No finding in $# parsers, $seconds s each."
