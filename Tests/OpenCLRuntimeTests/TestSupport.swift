import DVTSupport
import Glibc
import Testing

@testable import OpenCLRuntime

/// The device that tests run on: `DVT_DEVICE`, as in the program, or the first one.
enum TestDevice {
    static let shared: Device? = try? DeviceSelector(
        EnvironmentVariables.process["DVT_DEVICE"]
    ).device()

    static var isAvailable: Bool {
        shared != nil
    }

    /// Whether threads may use the device concurrently: true for all devices except Oclgrind's.
    static var takesThreads: Bool {
        shared?.platform.name != "Oclgrind"
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with a reason, on machines without OpenCL.
    static var needsDevice: Self {
        .enabled(if: TestDevice.isAvailable, "no OpenCL device on this machine")
    }

    /// Skips the test, with a reason, if threads would crash the simulator.
    static var needsThreads: Self {
        .enabled(if: TestDevice.takesThreads, "Oclgrind takes no threads")
    }
}

/// A context for one test, without a cache unless the test provides one.
func makeContext(_ diskCache: DiskCache = .off(reason: "test")) throws -> Context {
    try Context(device: try #require(TestDevice.shared), diskCache: diskCache)
}

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/opencl-tests-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        remove(path)
    }

    /// The disk cache in this folder.
    var cache: DiskCache {
        .folder("\(path)/dvt")
    }

    /// Writes a file, creating its parent folders.
    func write(_ name: String, _ text: String = "") throws {
        let path = "\(path)/\(name)"
        try makeFolder(parentFolder(of: path), permissions: 0o700, withParents: true)
        try writeBytes(Array(text.utf8), to: path)
    }

    /// The paths of the files in a subfolder.
    func files(_ folder: String) -> [String] {
        FileTree(root: path).names(in: "/\(folder)").map { "\(path)/\(folder)/\($0)" }
    }
}

func writeBytes(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
}

private func remove(_ path: String) {
    for name in FileTree().names(in: path) {
        remove("\(path)/\(name)")
    }
    _ = Glibc.remove(path)
}
