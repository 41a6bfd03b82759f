#!/bin/sh
# Tests the traits that bring the types of the Swift server ecosystem, with the real packages.
#
#   test-traits.sh [OPTION…]   options of SwiftPM for the fetching, such as --config-path FOLDER with a mirrors.json in it
#
# SwiftPM fetches the packages. Where they cannot be had, this says so, and that nothing was tested; REQUIRED=yes makes it a failure.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
say() { printf '%s\n' "traits: $*"; }
traits=ServiceLifecycle,Logging,Metrics,Tracing
mkdir -p .build
log=.build/traits-fetching.log

# A build with traits writes what it has chosen into Package.resolved, which one without takes away again.
[ -e Package.resolved ] || trap 'rm -f Package.resolved' EXIT

if ! GIT_TERMINAL_PROMPT=0 "$swift" package "$@" --scratch-path .build/traits --traits $traits resolve >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    if [ "${REQUIRED:-no}" = yes ]; then
        say "their packages could not be fetched" >&2
        exit 1
    fi
    say "skipped, nothing was tested: their packages could not be fetched"
    exit 0
fi
sed -n 's/^Working copy of \(.*\) resolved at \(.*\)$/traits: with \1 \2/p' "$log"
"$swift" test "$@" --scratch-path .build/traits --disable-xctest --traits $traits --filter '^EcosystemTests\.'
