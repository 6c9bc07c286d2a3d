import Foundation
import Testing

/// The help of every command, and former names of options.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct CommandLineTests {
    /// A command in the output of `--experimental-dump-help`.
    private struct Command: Decodable {
        let commandName: String
        let subcommands: [Self]?

        /// The words of this command and of all its subcommands.
        func paths(below parent: [String] = []) -> [[String]] {
            let path = parent + [commandName]
            return [path] + (subcommands ?? []).flatMap { $0.paths(below: path) }
        }
    }

    private struct Dump: Decodable {
        let command: Command
    }

    @Test func helpFitsEightyColumns() async throws {
        let dump = try await dvt("--experimental-dump-help", needsKernels: false)
        let root = try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command
        let commands = root.paths().filter { $0.last != "help" }
        #expect(commands.count >= 18)
        for command in commands {
            let help = try await dvt(command.dropFirst() + ["--help"], needsKernels: false)
            let long = help.lines.filter { $0.count > 80 }
            #expect(long.isEmpty, "\(command): \(long)")
        }
    }

    /// An example that the help wraps has a line without indentation.
    @Test func examplesAreNotWrapped() async throws {
        let pages = try await dvt("--experimental-dump-help", needsKernels: false)
        let root = try JSONDecoder().decode(Dump.self, from: Data(pages.output.utf8)).command
        for command in root.paths() where command.last != "help" {
            let help = try await dvt(command.dropFirst() + ["--help"], needsKernels: false)
            let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
            let begin = try #require(lines.firstIndex(of: "Examples:"), "\(command)")
            let examples = lines[(begin + 1)...].prefix { !$0.isEmpty }
            #expect(examples.allSatisfy { $0.hasPrefix("  ") }, "\(command)")
        }
    }

    @Test(arguments: [
        ("bench model --warm-ups 1", "--warm-ups", "--warmup"),
        ("bench kernels --warm-ups=1", "--warm-ups", "--warmup"),
        ("bench operations --time 1", "--time", "--time-ms"),
        ("bench train --warm-ups 1", "--warm-ups", "--warmup"),
        ("calibrate x --temperature", "--temperature", "--temperature-scaling"),
        ("calibrate x --every 2", "--every", "--every-nth"),
        ("evaluate x --every=2", "--every", "--every-nth"),
        ("classify x --preset timm", "--preset", "--preprocessing"),
        ("embed x --preset timm", "--preset", "--preprocessing"),
        ("explain x --preset timm", "--preset", "--preprocessing"),
    ])
    func formerNamesWarn(command: String, former: String, current: String) async throws {
        let arguments = command.split(separator: " ").map(String.init)
        let run = try await dvt(arguments + ["--model", "nonesuch"], needsKernels: false)
        #expect(run.code == 1 && run.errorLines.count == 2, "\(run.errors)")
        #expect(run.errorLines.first?.hasPrefix("warning: \(former) is now \(current); ") == true)
        #expect(run.errorLines.last?.contains("nonesuch") == true)
    }

    @Test func formerNamesAreArgumentsAfterATerminator() async throws {
        let run = try await dvt(
            "classify", "--model", "nonesuch", "--", "--preset", needsKernels: false)
        #expect(run.errorLines.count == 1 && !run.errors.contains("warning"), "\(run.errors)")
    }
}
