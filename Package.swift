// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target is held to the same rules: imports are internal unless said otherwise, existentials are spelled out.
///
/// Where make builds, warnings are errors. Not in a package that depends on this one: a newer compiler may warn of more.
let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["REDISCRON_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])

extension Target.Dependency {
    /// A product of another package that is used, and fetched, where a trait is on.
    static func traited(_ product: String, of package: String, trait: String) -> Target.Dependency {
        .product(name: product, package: package, condition: .when(traits: [trait]))
    }
}

/// What the traits named after them bring along.
let ecosystem: [Target.Dependency] = [
    .traited("ServiceLifecycle", of: "swift-service-lifecycle", trait: "ServiceLifecycle"),
    .traited("Logging", of: "swift-log", trait: "Logging"),
    .traited("Metrics", of: "swift-metrics", trait: "Metrics"),
    .traited("Tracing", of: "swift-distributed-tracing", trait: "Tracing"),
]

let package = Package(
    name: "swift-rediscron",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "RedisCron", targets: ["RedisCron"]),
        .library(name: "RedisCronFoundation", targets: ["RedisCronFoundation"]),
        .library(name: "RedisCronTesting", targets: ["RedisCronTesting"]),
        .library(name: "RedisCronWeb", targets: ["RedisCronWeb"]),
        .executable(name: "rqrcron", targets: ["rqrcron"]),
    ],
    traits: [
        .trait(
            name: "TLS",
            description: "rediss:// URLs. Needs hiredis 1.x with its TLS library, and OpenSSL's headers."),
        .trait(name: "HTTP", description: "The page of rqrcron, --http. Needs libmicrohttpd."),
        .trait(
            name: "ServiceLifecycle",
            description: "Scheduler and page are services of swift-service-lifecycle, and end on graceful shutdown."),
        .trait(name: "Logging", description: "Log lines go to a Logger of swift-log, with metadata."),
        .trait(name: "Metrics", description: "Counts and times go to swift-metrics."),
        .trait(name: "Tracing", description: "A span of swift-distributed-tracing for each batch."),
    ],
    // Each stands under one trait, in targets and test targets alike. So nothing is fetched where that trait is off.
    dependencies: [
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.11.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.3.0"),
    ],
    targets: [
        // C libraries of the system. hiredis' own pkg-config file makes SwiftPM warn and libev has none,
        // so the module maps name what to link.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CMessageDigest", providers: [.apt(["libmd-dev"]), .brew(["libmd"])]),

        // What processors can do and Swift has no name for.
        .target(name: "CIntrinsics"),

        // The C of the product: getopt_long, prctl and signal handlers for the tool, and a libev loop on its own thread with
        // hiredis' contexts on it.
        .target(name: "CProcess"),
        .target(
            name: "CRedisLink",
            cSettings: [.define("REDIS_LINK_TLS", .when(traits: ["TLS"]))],
            linkerSettings: [.linkedLibrary("ev"), .linkedLibrary("hiredis")]
                + ["hiredis_ssl", "ssl", "crypto"].map { .linkedLibrary($0, .when(traits: ["TLS"])) }),

        // libmicrohttpd, for the program alone; without the trait it starts nothing.
        .target(
            name: "CHTTPListener",
            cSettings: [.define("HTTP_LISTENER", .when(traits: ["HTTP"]))],
            linkerSettings: [.linkedLibrary("microhttpd", .when(traits: ["HTTP"]))]),

        // Pure modules: no I/O, no clock.
        .target(name: "Cron", swiftSettings: strict),
        .target(name: "RQWire", dependencies: ["CZlib", "CMessageDigest", "CIntrinsics"], swiftSettings: strict),

        // hiredis' callbacks turned into `await`.
        .target(name: "RedisBridge", dependencies: ["CRedisLink", "CHiredis"], swiftSettings: strict),

        // posix_spawn: how the tool, the benchmarks and the tests start programs.
        .target(name: "ProcessSpawn", swiftSettings: strict),

        // Files of definitions: JSON and the crontab-like text.
        .target(name: "CronFiles", dependencies: ["RQWire", "Cron"], swiftSettings: strict),

        // The product.
        .target(
            name: "RedisCron",
            dependencies: ["RedisBridge", "RQWire", "Cron", "CronFiles", "CIntrinsics"] + ecosystem,
            resources: [.embedInCode("Store/Scripts")],
            swiftSettings: strict),
        // Dates and localized errors: apart, so that the library and the program do without Foundation.
        .target(
            name: "RedisCronFoundation",
            dependencies: ["RedisCron", "RQWire"],
            swiftSettings: strict),
        // A scheduler without Redis: the store in memory and a clock that stands still.
        .target(
            name: "RedisCronTesting",
            dependencies: ["RedisCron", "RedisBridge", "RQWire", "Cron", "CronFiles"],
            swiftSettings: strict),
        // The page, the API and the metrics, as answers to requests: whose sockets they come from is the program's or an app's
        // business.
        .target(
            name: "RedisCronWeb",
            dependencies: ["RedisCron", "RedisBridge", "RQWire", "Cron", "CronFiles", "CMessageDigest"]
                + [.traited("ServiceLifecycle", of: "swift-service-lifecycle", trait: "ServiceLifecycle")],
            resources: [.embedInCode("Assets"), .embedInCode("OpenAPI")],
            swiftSettings: strict),
        .executableTarget(
            name: "rqrcron",
            dependencies: [
                "RedisCron", "RedisCronWeb", "RedisBridge", "RQWire", "Cron", "CronFiles", "CHTTPListener", "CProcess",
                "ProcessSpawn",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "rediscron-benchmarks",
            dependencies: [
                "RedisCron", "RedisBridge", "RQWire", "Cron", "CHiredis", "CPlainPipeline", "ProcessSpawn",
            ],
            path: "Benchmarks/RedisCronBenchmarks",
            swiftSettings: strict),
        // The plain C client that the product is measured against, and a count of heap allocations.
        .target(
            name: "CPlainPipeline",
            path: "Benchmarks/CPlainPipeline",
            linkerSettings: [.linkedLibrary("hiredis")]),
        .executableTarget(
            name: "CronBenchmark",
            dependencies: ["Cron", "ProcessSpawn"],
            path: "Benchmarks/CronBenchmark",
            swiftSettings: strict),

        // The code of the getting-started article and the app of docs/server-app.md: compiled, so that they stay true.
        .executableTarget(
            name: "getting-started",
            dependencies: ["RedisCron"],
            path: "docs/examples/GettingStarted",
            swiftSettings: strict),
        .executableTarget(
            name: "example-server-app",
            dependencies: ["RedisCron", "RedisCronWeb"],
            path: "docs/examples/ServerApp",
            swiftSettings: strict),

        // Tests.
        // Shares no code with the package but for how programs are started, so that no test checks a part with itself.
        .target(
            name: "TestSupport",
            dependencies: ["ProcessSpawn"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        // Deals faults to real processes and holds what came of it against the promises; knows none of the package either.
        .target(
            name: "Chaos",
            dependencies: ["TestSupport", "CMessageDigest"],
            path: "Tests/Chaos",
            swiftSettings: strict),
        .executableTarget(
            name: "rediscron-chaos",
            dependencies: ["Chaos", "TestSupport"],
            path: "Tests/ChaosTool",
            swiftSettings: strict),
        .testTarget(
            name: "TestSupportTests",
            dependencies: ["TestSupport", "ProcessSpawn"],
            swiftSettings: strict),
        .testTarget(name: "CronTests", dependencies: ["Cron", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "RQWireTests", dependencies: ["RQWire", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "RedisBridgeTests",
            dependencies: ["RedisBridge", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "RedisCronTests",
            dependencies: [
                "RedisCron", "RedisCronFoundation", "RedisCronTesting", "RedisBridge", "RQWire", "Cron", "CronFiles",
                "TestSupport",
            ],
            swiftSettings: strict),
        // Runs the built rediscron-benchmarks; linked in, its count of allocations would be that of all tests.
        .testTarget(name: "CountingTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "RedisCronWebTests",
            dependencies: [
                "RedisCronWeb", "RedisCron", "RedisCronTesting", "RedisBridge", "RQWire", "Cron", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["RedisCron", "RedisCronTesting", "RedisBridge", "RQWire", "Cron", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["rqrcron", "RedisCron", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ExampleTests",
            dependencies: ["example-server-app", "RedisCronTesting", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ChaosTests",
            dependencies: ["Chaos", "TestSupport", "rqrcron"],
            swiftSettings: strict),
        .testTarget(
            name: "RobustnessTests",
            dependencies: [
                "RedisCron", "RedisCronWeb", "RedisBridge", "RQWire", "Cron", "CronFiles", "CHiredis", "CRedisLink",
                "TestSupport",
            ],
            exclude: ["CLibFuzzer", "LibFuzzer", "Seeds"],
            swiftSettings: strict),
        // Empty without the traits. Not in a folder of its own name: make test, which needs no network, has them all off.
        .testTarget(
            name: "EcosystemTests",
            dependencies: ["RedisCron", "RedisCronWeb", "RQWire", "RedisBridge", "TestSupport"] + ecosystem + [
                .traited("MetricsTestKit", of: "swift-metrics", trait: "Metrics"),
                .traited("InMemoryTracing", of: "swift-distributed-tracing", trait: "Tracing"),
            ],
            path: "Tests/Ecosystem",
            swiftSettings: strict),
        .testTarget(
            name: "InteropTests",
            dependencies: ["rqrcron", "RedisCron", "RedisBridge", "RQWire", "Cron", "TestSupport"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz`: the parsers of RobustnessTests with libFuzzer around them, in place of the tests. Apart from the rest because
// its flags are for the compiler of this one executable, and no package may depend on a package that has such flags.
if Context.environment["REDISCRON_FUZZ"] != nil {
    package.targets.removeAll { $0.name == "RobustnessTests" }
    package.targets.append(.systemLibrary(name: "CLibFuzzer", path: "Tests/RobustnessTests/CLibFuzzer"))
    package.targets.append(
        .executableTarget(
            name: "rediscron-fuzz",
            dependencies: [
                "RedisCron", "RedisCronWeb", "RedisBridge", "RQWire", "Cron", "CronFiles", "CHiredis", "CRedisLink",
                "CLibFuzzer",
            ],
            path: "Tests/RobustnessTests",
            exclude: ["CLibFuzzer", "Definitions", "Mutation", "Scheduler", "Seeds"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
