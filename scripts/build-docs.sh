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
# shellcheck disable=SC2086 # a list of options
made=$("$swift" package ${FLAGS:-} dump-symbol-graph --minimum-access-level public --skip-synthesized-members |
    sed -n 's/^Files written to //p')
rm -rf "$graphs" "$output"
mkdir -p "$graphs"
# What an app sees by importing RedisCron.
for module in RedisCron CronFiles RedisBridge RQWire Cron; do
    cp "$made/$module.symbols.json" "$graphs/"
done
# What RedisCron adds to types of other modules.
cp "$made"/RedisCron@*.symbols.json "$graphs/"
"$docc" convert docs/RedisCron.docc --additional-symbol-graph-dir "$graphs" --output-path "$output" \
    --fallback-display-name RedisCron --fallback-bundle-identifier swift-rediscron.RedisCron \
    --transform-for-static-hosting --warnings-as-errors
printf '%s\n' "docs: $output (for a look: python3 -m http.server -d $output, then /documentation/rediscron)"
