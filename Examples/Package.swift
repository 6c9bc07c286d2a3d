// swift-tools-version: 6.3
import PackageDescription

let libraries = ["DVTCheckpoints", "DVTModel", "DVTOpenCL", "DVTVision", "OpenCL"]

let package = Package(
    name: "Examples",
    dependencies: [.package(name: "swift-dvt", path: "..")],
    targets: [
        .executableTarget(
            name: "ClassifyImage",
            dependencies: libraries.map { .product(name: $0, package: "swift-dvt") })
    ],
    swiftLanguageModes: [.v6]
)
