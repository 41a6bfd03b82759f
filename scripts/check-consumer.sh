#!/bin/sh
# Builds a package that depends on this one by path, as an app does: what this package asks of its own builds must not
# reach into those of others. A compiler that warns of something new would break an app then.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
folder=.build/consumer
unset REDISCRON_STRICT

# No setting may make warnings errors, nor be one that SwiftPM refuses in dependencies.
if "$swift" package dump-package | grep -q -E 'treatAllWarnings|treatWarning|unsafeFlags'; then
    printf '%s\n' "consumer: Package.swift makes warnings errors, or has unsafe flags, where a package depends on it" >&2
    exit 1
fi

mkdir -p "$folder/Sources/consumer"
cat >"$folder/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "consumer",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-rediscron", path: "../..")],
    targets: [
        .executableTarget(name: "consumer", dependencies: [.product(name: "RedisCron", package: "swift-rediscron")])
    ])
END
cat >"$folder/Sources/consumer/main.swift" <<END
import RedisCron

let options = RedisCronScheduler.Options()
print("a lock lasts \(options.lockTTL)")
END
# The traits that FLAGS may name are this package's, not the consumer's.
flags=$(printf '%s' "${FLAGS:-}" | sed 's/--traits TLS//')
# shellcheck disable=SC2086 # a list of options
"$swift" build --package-path "$folder" $flags
