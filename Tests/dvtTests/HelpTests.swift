import Testing

/// Help, version and completion scripts.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct HelpTests {
    @Test(arguments: [
        [], ["bench"], ["bench", "model"], ["bench", "kernels"], ["bench", "peak"], ["calibrate"],
        ["classify"], ["evaluate"], ["synthesize"], ["tune"],
        ["convert"], ["devices"], ["embed"], ["explain"], ["info"], ["parity"], ["preprocess"],
        ["train"],
        ["bench", "train"],
    ])
    func everyHelpHasExamples(command: [String]) async throws {
        let run = try await dvt(command + ["--help"], needsKernels: false)
        #expect(run.code == 0)
        #expect(run.errors.isEmpty)
        let examples = try #require(run.output.firstRange(of: "Examples:\n"))
        let name = (["dvt"] + command).joined(separator: " ")
        #expect(run.output[examples.upperBound...].hasPrefix("  \(name)"))
        // No line except the usage is wider than a terminal of 80 columns.
        let long = run.lines.filter { $0.count > 80 && !$0.hasPrefix("USAGE: ") }
        #expect(long.isEmpty)
    }

    @Test func examplesAreNotWrapped() async throws {
        let run = try await dvt("classify", "--help", needsKernels: false)
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "Examples:"))
        let examples = lines[(begin + 1)...].prefix { !$0.isEmpty }
        #expect(examples.allSatisfy { $0.hasPrefix("  ") })
    }

    @Test func versionHasThreeLines() async throws {
        let run = try await dvt("--version", needsKernels: false)
        #expect(run.code == 0)
        try #require(run.lines.count == 3)
        let first = /dvt \d+\.\d+\.\d+ \(commit [0-9a-z-]+\)/
        #expect(run.lines[0].wholeMatch(of: first) != nil)
        #expect(run.lines[1].wholeMatch(of: /CLBlast \d+\.\d+\.\d+/) != nil)
        #expect(run.lines[2].hasPrefix("OpenCL ICD "))
    }

    @Test(arguments: [("bash", "complete "), ("zsh", "#compdef dvt"), ("fish", "complete -c")])
    func completionIsGenerated(shell: String, sign: String) async throws {
        let run = try await dvt("--generate-completion-script", shell, needsKernels: false)
        #expect(run.code == 0)
        #expect(run.output.contains(sign))
        for word in ["classify", "devices", "parity", "dvt-deit-small", "threshold"] {
            #expect(run.output.contains(word))
        }
    }
}
