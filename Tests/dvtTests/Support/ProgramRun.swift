import Foundation
import Testing

/// The exit code and output of a program.
struct ProgramOutput {
    /// The exit code, or the signal's number plus 128 if a signal ended the program.
    let code: Int32
    let output: String
    let errors: String

    /// The lines of standard output, without empty ones.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
    /// The lines of standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
}

/// One run of a program.
///
/// Its outputs go to files, not pipes: a program started concurrently by another test could inherit
/// the write end of a pipe, so the reader would never see the end of the output.
final class ProgramRun {
    private let process = Process()
    private let folder: TemporaryFolder
    private let ended = AsyncStream.makeStream(of: Void.self)

    /// Prepares a run of dvt, or of a shell script.
    ///
    /// - Parameters:
    ///   - arguments: the arguments.
    ///   - input: the program's standard input.
    ///   - environment: additional environment variables.
    ///   - shell: a script to run instead, in which `$DVT` is the program.
    /// - Throws: a test's error if there is no program, or the file system's.
    init(
        _ arguments: [String], input: String = "", environment: [String: String] = [:],
        shell: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        let program = try #require(Program.path)
        process.executableURL = URL(fileURLWithPath: shell == nil ? program : "/bin/bash")
        process.arguments = shell.map { ["-c", $0, "bash"] + arguments } ?? arguments
        process.environment = Program.environment.merging(environment) { $1 }
            .merging(["DVT": program]) { $1 }
        let inputFile = try folder.file("input", input)
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputFile))
        process.standardOutput = try writer("output")
        process.standardError = try writer("errors")
    }

    /// Starts the program.
    func start() throws -> Self {
        process.terminationHandler = { [continuation = ended.continuation] _ in
            continuation.finish()
        }
        try process.run()
        return self
    }

    /// Waits for the program to end.
    func end() async throws -> ProgramOutput {
        await withTaskCancellationHandler {
            for await _ in ended.stream {}
        } onCancel: { [identifier = process.processIdentifier] in
            kill(identifier, SIGKILL)
        }
        // The stream also ends if the test is canceled.
        process.waitUntilExit()
        let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
        return ProgramOutput(
            code: process.terminationStatus + signal, output: try text("output"), errors: errors)
    }

    /// Sends a signal: SIGINT, like Ctrl-C, or another.
    func interrupt(by signal: Int32 = SIGINT) {
        kill(process.processIdentifier, signal)
    }

    /// The text of standard error so far.
    var errors: String { (try? text("errors")) ?? "" }

    var isRunning: Bool { process.isRunning }

    private func writer(_ name: String) throws -> FileHandle {
        try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file(name, "")))
    }

    private func text(_ name: String) throws -> String {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Runs dvt to its end, once a core is free and, if needed, the kernels are built.
///
/// - Parameters:
///   - arguments: the arguments.
///   - input: the program's standard input.
///   - environment: additional environment variables.
///   - needsKernels: whether it runs a model or operations on an OpenCL device.
/// - Returns: its exit code and output.
/// - Throws: the error of starting it.
func dvt(
    _ arguments: String..., input: String = "", environment: [String: String] = [:],
    needsKernels: Bool = true
) async throws -> ProgramOutput {
    try await dvt(
        arguments, input: input, environment: environment, needsKernels: needsKernels)
}

/// Runs dvt with a list of arguments.
func dvt(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    needsKernels: Bool = true
) async throws -> ProgramOutput {
    if needsKernels {
        try await Program.warmUp()
    }
    return try await run(ProgramRun(arguments, input: input, environment: environment))
}

/// Runs a script of bash, in which `$DVT` is the program.
func shell(_ script: String, _ arguments: String...) async throws -> ProgramOutput {
    try await shell(script, arguments)
}

/// Runs a script of bash with a list of arguments, `$1` and so on.
func shell(_ script: String, _ arguments: [String]) async throws -> ProgramOutput {
    try await Program.warmUp()
    return try await run(ProgramRun(arguments, shell: script))
}

private func run(_ run: sending ProgramRun) async throws -> ProgramOutput {
    await Program.slots.take()
    let result: Result<ProgramOutput, any Error>
    do {
        result = .success(try await run.start().end())
    } catch {
        result = .failure(error)
    }
    await Program.slots.give()
    return try result.get()
}

/// Classifies with the toy model and untrained weights; the images take all exits.
func classify(_ arguments: String..., input: String = "") async throws -> ProgramOutput {
    try await classify(arguments, input: input)
}

/// Classifies with a list of arguments.
func classify(_ arguments: [String], input: String = "") async throws -> ProgramOutput {
    try await dvt(
        ["classify", "--model", "tiny-deit", "--weights", "synthetic:50"] + arguments, input: input)
}
