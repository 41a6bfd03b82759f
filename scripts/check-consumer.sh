#!/bin/sh
# Builds and runs a package that depends on this one by path, as an app does. What this package asks of its own builds must not
# reach into those of others: a compiler that warns of something new would break an app then. And a name that NIO, Vapor
# and the like export too could not be used in an app that imports both.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
folder=.build/consumer/package
unset REDISCRON_STRICT

# No setting may make warnings errors, nor be one that SwiftPM refuses in dependencies.
if "$swift" package dump-package | grep -q -E 'treatAllWarnings|treatWarning|unsafeFlags'; then
    printf '%s\n' "consumer: Package.swift makes warnings errors, or has unsafe flags, where a package depends on it" >&2
    exit 1
fi

rm -rf "$folder"
mkdir -p "$folder"
cp -R Tests/Consumer/Package.swift Tests/Consumer/Sources "$folder"
mkdir -p "$folder/Sources/Neighbours"
names=$(sed -n 's/^[a-zA-Z-]*: //p' Tests/Consumer/neighbours.txt | tr ' ' '\n' | sort -u)
[ "$(printf '%s\n' "$names" | wc -l)" -gt 500 ] || { echo "consumer: no names in neighbours.txt" >&2; exit 1; }
printf '%s\n' "$names" | sed 's/.*/public enum & {}/' >"$folder/Sources/Neighbours/Names.swift"
{
    printf 'import Neighbours\nimport RedisCron\nimport RedisCronWeb\n\n'
    printf '%s\n' "$names" | sed 's/.*/private typealias Their& = &/'
} >"$folder/Sources/consumer/Unambiguous.swift"

# The traits that FLAGS may name are this package's, not the consumer's.
flags=$(printf '%s' "${FLAGS:-}" | sed 's/--traits [A-Z,]*//')
# shellcheck disable=SC2086 # a list of options
"$swift" run --package-path "$folder" --scratch-path .build/consumer/build $flags consumer
