// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "app",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://git.example.com/swift-rediscron.git", from: "0.2.0")],
    targets: [
        .executableTarget(name: "app", dependencies: [.product(name: "RedisCron", package: "swift-rediscron")])
    ])
