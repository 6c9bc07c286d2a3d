import Foundation
import OpenCLRuntime
import Testing

/// The built program and the environment of its runs.
enum Program {
    /// The program, which SwiftPM builds beside the tests.
    static let path: String? = {
        let files = FileManager.default
        let executable = try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The tests run in their own program, or in a helper that receives their path.
        let places = [executable].compactMap { $0 } + CommandLine.arguments
        return places.lazy
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path + "/dvt" }
            .first { files.isExecutableFile(atPath: $0) }
    }()

    /// Whether the program would find a device.
    static let hasDevice: Bool = {
        let selector = DeviceSelector(ProcessInfo.processInfo.environment["DVT_DEVICE"])
        return (try? selector.device()) != nil
    }()

    /// Whether there is a GPU.
    static let hasGPU = (try? DeviceSelector("gpu").device()) != nil

    /// The program's caches in this test run, separate from the user's.
    static let caches: TemporaryFolder? = {
        // Globals are never released, so the folder would not be removed.
        atexit {
            guard let path = Program.caches?.path else { return }
            try? FileManager.default.removeItem(atPath: path)
        }
        return try? TemporaryFolder()
    }()

    /// The environment of every run.
    static let environment: [String: String] = {
        var environment = ProcessInfo.processInfo.environment
        environment["POCL_CACHE_DIR"] = poclCache(environment)
        environment["XDG_CACHE_HOME"] = caches?.path
        for name in ["DVT_CACHE", "DVT_BUILD_OPTIONS"] {
            environment[name] = nil
        }
        return environment
    }()

    /// Where PoCL stores the kernels of this process.
    ///
    /// All runs share it: PoCL's compiler takes most of the time of all tests.
    private static func poclCache(_ environment: [String: String]) -> String? {
        if let folder = environment["POCL_CACHE_DIR"] { return folder }
        let base = environment["XDG_CACHE_HOME"] ?? environment["HOME"].map { "\($0)/.cache" }
        return base.map { "\($0)/pocl/kcache" }
    }

    /// Limits concurrent programs to the number of cores.
    static let slots = Slots(count: max(1, ProcessInfo.processInfo.activeProcessorCount))

    /// Fills the cache; concurrent runs would otherwise all build the same kernels.
    private static let firstRun = Task {
        guard hasDevice, path != nil else { return }
        let arguments = ["classify", "--model", "tiny-deit", "--weights", "synthetic:1"]
        let images = [Fixtures.photos]
        _ = try await dvt(arguments + images, needsKernels: false)
    }

    /// Waits until the cache is filled.
    static func warmUp() async throws {
        try await firstRun.value
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips the test, with a reason, on machines without OpenCL.
    static var needsDevice: Self {
        .enabled(if: Program.hasDevice, "no OpenCL device on this machine")
    }

    /// Skips the test, with a reason, if the program was not built.
    static var needsProgram: Self {
        .enabled(if: Program.path != nil, "no program dvt beside the tests")
    }
}

/// A semaphore for tasks.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
