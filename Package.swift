// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "swift-dvt",
    products: [
        .library(name: "DVT", targets: ["DVT"]),
        .library(name: "OpenCLRuntime", targets: ["OpenCLRuntime"]),
        .library(name: "DVTCore", targets: ["DVTCore"]),
        .library(name: "DVTModel", targets: ["DVTModel"]),
        .library(name: "DVTReference", targets: ["DVTReference"]),
        .library(name: "DVTOpenCL", targets: ["DVTOpenCL"]),
        .library(name: "DVTCheckpoints", targets: ["DVTCheckpoints"]),
        .library(name: "DVTVision", targets: ["DVTVision"]),
        .library(name: "DVTEvaluation", targets: ["DVTEvaluation"]),
        .library(name: "DVTTraining", targets: ["DVTTraining"]),
        .library(name: "DVTSupport", targets: ["DVTSupport"]),
        .executable(name: "dvt", targets: ["dvt"]),
    ],
    traits: [
        // Off by default: Yams needs all of Foundation, see docs/dependencies.md.
        .trait(name: "YAML", description: "Reads training recipes in YAML by Yams."),
        // Off by default: the libraries are heavy, see docs/dependencies.md.
        .trait(
            name: "MoreImageFormats",
            description: "Reads TIFF images by libtiff, HEIC by libheif and AVIF by libavif."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Without traits it depends only on FoundationEssentials, not on all of Foundation.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries from apt, located by pkg-config.
        .systemLibrary(
            name: "COpenCL", pkgConfig: "OpenCL", providers: [.apt(["ocl-icd-opencl-dev"])]),
        .systemLibrary(
            name: "CCLBlast", pkgConfig: "clblast", providers: [.apt(["libclblast-dev"])]),
        .systemLibrary(
            name: "CTurboJPEG", pkgConfig: "libturbojpeg",
            providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
        // giflib has no file for pkg-config; its header and library are in the default folders.
        .systemLibrary(name: "CGIF", providers: [.apt(["libgif-dev"])]),
        .systemLibrary(
            name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
        .systemLibrary(name: "CHEIF", pkgConfig: "libheif", providers: [.apt(["libheif-dev"])]),
        .systemLibrary(name: "CAVIF", pkgConfig: "libavif", providers: [.apt(["libavif-dev"])]),

        // OpenCL C sources, embedded in the binary by C23 `#embed`.
        .target(
            name: "KernelSources", path: "Kernels", exclude: ["cl", "faulty"],
            sources: ["kernels.c"], publicHeadersPath: "include"),

        // The default trained model, embedded the same way.
        .target(
            name: "ShippedModels", path: "Models", exclude: ["dvt-cifar10"],
            sources: ["models.c"], publicHeadersPath: "include"),

        // `dvt --version` reports the git commit passed by make. `Context.gitInformation` may be
        // outdated: SwiftPM caches the evaluated manifest by its text and the environment.
        .target(
            name: "CBuildInformation",
            cSettings: [
                .define("DVT_COMMIT", to: "\"\(Context.environment["DVT_COMMIT"] ?? "")\"")
            ]),

        .target(name: "DVTSupport", swiftSettings: strict),
        .target(
            name: "OpenCLRuntime", dependencies: ["COpenCL", "DVTSupport"], swiftSettings: strict),
        .target(name: "DVTCore", dependencies: ["DVTSupport"], swiftSettings: strict),
        .target(
            name: "DVTAutodiff", dependencies: ["DVTCore", "DVTSupport"], swiftSettings: strict),
        .target(
            name: "DVTOperations", dependencies: ["DVTAutodiff", "DVTCore"],
            swiftSettings: strict),
        .target(
            name: "DVTReference", dependencies: ["DVTAutodiff", "DVTCore"],
            swiftSettings: strict),
        .target(
            name: "DVTOpenCL",
            dependencies: [
                "CCLBlast", "COpenCL", "DVTAutodiff", "DVTCore", "DVTSupport", "KernelSources",
                "OpenCLRuntime",
            ],
            swiftSettings: strict),
        .target(
            name: "DVTModel", dependencies: ["DVTCore", "DVTSupport"], swiftSettings: strict),
        // The code generated from checkpoint.proto is committed, so builds do not need protoc.
        .target(
            name: "DVTCheckpoints",
            dependencies: [
                "CZlib", "DVTCore", "DVTSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["MindSpore/checkpoint.proto"], swiftSettings: strict),
        // libpng reports errors with longjmp, and libtiff has functions with variable arguments;
        // only C can handle them.
        .target(
            name: "CImageCodecs",
            dependencies: [
                "CPNG", .target(name: "CTIFF", condition: .when(traits: ["MoreImageFormats"])),
            ],
            cSettings: [.define("MORE_IMAGE_FORMATS", .when(traits: ["MoreImageFormats"]))]),
        .target(
            name: "DVTVision",
            dependencies: [
                "CGIF", "CImageCodecs", "CTurboJPEG", "CWebP", "DVTCore", "DVTModel", "DVTSupport",
                .target(name: "CAVIF", condition: .when(traits: ["MoreImageFormats"])),
                .target(name: "CHEIF", condition: .when(traits: ["MoreImageFormats"])),
            ],
            swiftSettings: strict),
        // The code generated from onnx.proto is committed, like that of DVTCheckpoints.
        .target(
            name: "DVTExport",
            dependencies: [
                "DVTCheckpoints", "DVTCore", "DVTModel", "DVTSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["ONNX/onnx.proto"], swiftSettings: strict),
        .target(
            name: "DVTEvaluation",
            dependencies: ["DVTCheckpoints", "DVTCore", "DVTModel", "DVTSupport"],
            swiftSettings: strict),
        .target(
            name: "DVTTraining",
            dependencies: [
                "DVTAutodiff", "DVTCheckpoints", "DVTCore", "DVTModel", "DVTSupport", "DVTVision",
                .product(name: "Yams", package: "Yams", condition: .when(traits: ["YAML"])),
            ],
            swiftSettings: strict),
        // Parity checks and benchmarks, for developers of this package.
        .target(
            name: "DVTParity",
            dependencies: [
                "DVTAutodiff", "DVTCore", "DVTEvaluation", "DVTModel", "DVTOperations",
                "DVTSupport", "DVTTraining",
            ],
            swiftSettings: strict),
        // One import for users: it re-exports the libraries that run a cascade.
        .target(
            name: "DVT",
            dependencies: [
                "DVTCheckpoints", "DVTCore", "DVTModel", "DVTOpenCL", "DVTReference", "DVTSupport",
                "DVTVision", "OpenCLRuntime", "ShippedModels",
            ],
            swiftSettings: strict),
        .target(name: "DVTOutput", dependencies: ["DVTCore", "DVTSupport"], swiftSettings: strict),
        // Runs one kernel file for `make check-kernels`.
        .executableTarget(
            name: "run-kernel", dependencies: ["OpenCLRuntime"], path: "Tests/RunKernel",
            swiftSettings: strict),
        .executableTarget(
            name: "dvt",
            dependencies: [
                "DVTAutodiff", "DVTCheckpoints", "DVTCore", "DVTEvaluation", "DVTExport",
                "DVTModel", "DVTOpenCL", "DVTOperations", "DVTOutput", "DVTParity",
                "DVTReference", "DVTSupport", "DVTTraining", "DVTVision", "OpenCLRuntime",
                "CCLBlast", "CBuildInformation", "ShippedModels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // Tests.
        .target(name: "CallCounter", dependencies: ["COpenCL"], path: "Tests/CallCounter"),
        .target(
            name: "DVTTestSupport",
            dependencies: ["DVTCore", "DVTModel", "DVTOpenCL", "OpenCLRuntime"],
            path: "Tests/DVTTestSupport", swiftSettings: strict),
        .testTarget(
            name: "OpenCLRuntimeTests",
            dependencies: ["CallCounter", "CCLBlast", "COpenCL", "DVTSupport", "OpenCLRuntime"],
            swiftSettings: strict),
        .testTarget(
            name: "DVTCoreTests", dependencies: ["DVTCore", "DVTSupport"], swiftSettings: strict),
        .testTarget(
            name: "DVTReferenceTests",
            dependencies: [
                "DVTAutodiff", "DVTCore", "DVTOperations", "DVTReference", "DVTTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DVTOpenCLTests",
            dependencies: [
                "CallCounter", "DVTCore", "DVTEvaluation", "DVTModel", "DVTOpenCL", "DVTOperations",
                "DVTParity", "DVTReference", "DVTSupport", "DVTTestSupport", "OpenCLRuntime",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DVTModelTests",
            dependencies: [
                "DVTCore", "DVTEvaluation", "DVTModel", "DVTOpenCL", "DVTParity", "DVTReference",
                "DVTTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DVTCheckpointsTests",
            dependencies: [
                "DVTCheckpoints", "DVTCore", "DVTSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "DVTVisionTests",
            dependencies: ["DVTCore", "DVTModel", "DVTSupport", "DVTVision"],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "DVTEvaluationTests",
            dependencies: [
                "DVTCheckpoints", "DVTCore", "DVTEvaluation", "DVTExport", "DVTModel", "DVTOpenCL",
                "DVTOperations", "DVTParity", "DVTReference", "DVTSupport", "DVTTestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "DVTTrainingTests",
            dependencies: [
                "DVTAutodiff", "DVTCheckpoints", "DVTCore", "DVTModel", "DVTOpenCL", "DVTReference",
                "DVTSupport", "DVTTestSupport", "DVTTraining", "DVTVision",
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "DVTOutputTests", dependencies: ["DVTCore", "DVTOutput", "DVTSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "DVTUmbrellaTests", dependencies: ["DVT", "DVTTestSupport"],
            swiftSettings: strict),
        // Runs the program, which SwiftPM builds in the same folder.
        .testTarget(
            name: "dvtTests",
            dependencies: [
                "dvt", "DVTCheckpoints", "DVTCore", "DVTModel", "DVTOpenCL", "DVTSupport",
                "DVTVision", "OpenCLRuntime",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
