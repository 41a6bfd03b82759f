// swift-tools-version: 6.2

import PackageDescription

// A package of its own: it brings Hummingbird, which the scheduler does without. In an app of yours the scheduler comes by
// its URL, as in docs/server-app.md.
let package = Package(
    name: "example-hummingbird",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-rediscron", path: "../../..", traits: ["ServiceLifecycle", "Logging"]),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.26.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.11.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "App",
            dependencies: [
                .product(name: "RedisCron", package: "swift-rediscron"),
                .product(name: "RedisCronWeb", package: "swift-rediscron"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ])
    ])
