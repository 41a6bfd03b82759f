// swift-tools-version: 6.2

import PackageDescription

// A package of its own: it brings the packages that the scheduler does without. In a service of yours the scheduler comes by
// its URL, as in docs/server-app.md.
let package = Package(
    name: "example-service",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-rediscron", path: "../../..", traits: ["ServiceLifecycle", "Logging", "Metrics"]),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.11.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/swift-server/swift-prometheus.git", from: "2.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "App",
            dependencies: [
                .product(name: "RedisCron", package: "swift-rediscron"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Prometheus", package: "swift-prometheus"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ])
    ])
