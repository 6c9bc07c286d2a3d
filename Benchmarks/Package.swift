// swift-tools-version: 6.3
import PackageDescription

// A separate package, so that building `dvt` does not fetch the benchmarks' dependencies.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "swift-dvt", path: ".."),
        // The traits would interpose malloc, retain and release, which slows down the timed code.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CPNGWriter", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        // The plugin requires its targets in a folder `Benchmarks` of the package.
        .executableTarget(
            name: "HostBenchmarks",
            dependencies: [
                "CPNGWriter",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "DVTCheckpoints", package: "swift-dvt"),
                .product(name: "DVTCore", package: "swift-dvt"),
                .product(name: "DVTEvaluation", package: "swift-dvt"),
                .product(name: "DVTModel", package: "swift-dvt"),
                .product(name: "DVTReference", package: "swift-dvt"),
                .product(name: "DVTSupport", package: "swift-dvt"),
                .product(name: "DVTTraining", package: "swift-dvt"),
                .product(name: "DVTVision", package: "swift-dvt"),
            ],
            path: "Benchmarks/HostBenchmarks",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6]
)
