// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "Examples",
    dependencies: [.package(name: "swift-dvt", path: "..")],
    targets: [
        .executableTarget(
            name: "ClassifyImage", dependencies: [.product(name: "DVT", package: "swift-dvt")])
    ],
    swiftLanguageModes: [.v6]
)
