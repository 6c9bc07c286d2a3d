import ArgumentParser
import DVTOpenCL
import DVTSupport
import OpenCLRuntime

/// Tries AVX512-BF16 on a device; other commands run it as a process of its own.
struct TryBFloat16: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try-bfloat16",
        abstract: "Try AVX512-BF16 on a device; the exit code is 0 if it works.",
        discussion: """
            Examples:
              dvt try-bfloat16 0
            """,
        shouldDisplay: false)

    @Argument(help: "The device's index in `dvt devices`.")
    var device: Int

    func run() throws {
        let device = try DeviceSelector.index(device).device()
        let error = try BFloat16Dot.trialError(on: Context(device: device))
        printError("relative error: \(error), limit \(BFloat16Dot.tolerance)")
        guard error <= BFloat16Dot.tolerance else { throw ExitCode.failure }
    }
}
