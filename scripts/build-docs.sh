#!/bin/sh
# Builds the API reference with the toolchain's docc into .build/documentation, a folder that any web server can serve.
# A symbol that an article names and that does not exist fails the build.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
graphs=.build/symbol-graphs
output=.build/documentation

docc=$(command -v docc || xcrun --find docc 2>/dev/null) || {
    printf '%s\n' "docs: there is no docc in the PATH; it is part of the Swift toolchain" >&2
    exit 1
}
rm -rf "$graphs" "$output"
# shellcheck disable=SC2086 # a list of options
"$swift" build ${FLAGS:-}
SWIFT="$swift" scripts/public-api.py --graphs "$graphs"
"$docc" convert Sources/RedisCron/RedisCron.docc --additional-symbol-graph-dir "$graphs" --output-path "$output" \
    --fallback-display-name RedisCron --fallback-bundle-identifier swift-rediscron.RedisCron \
    --transform-for-static-hosting --warnings-as-errors
printf '%s\n' "docs: $output (for a look: python3 -m http.server -d $output, then /documentation/rediscron)"
