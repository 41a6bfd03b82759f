// swift-tools-version: 6.2

import PackageDescription

// An app that depends on the package by path: warnings are not errors in it, and the names of other libraries are still
// its own to use.
let package = Package(
    name: "consumer",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-rediscron", path: "../../..")],
    targets: [
        // Written by scripts/check-consumer.sh from neighbours.txt.
        .target(name: "Neighbours"),
        .executableTarget(
            name: "consumer",
            dependencies: ["Neighbours"]
                + ["RedisCron", "RedisCronFoundation", "RedisCronTesting", "RedisCronWeb"].map {
                    .product(name: $0, package: "swift-rediscron")
                }),
    ]
)
