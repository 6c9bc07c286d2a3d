import ArgumentParser
import DVTParity
import DVTSupport

/// A kernel of the user's own.
struct KernelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Time a kernel of this file instead of an operation.", valueName: "file.cl"),
        completion: .file(extensions: ["cl"]))
    var kernel: String?

    @Option(
        help: ArgumentHelp("The kernel's name; needed if the file has several.", valueName: "name"))
    var kernelName: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Work-items along an axis; repeated for a second and third axis.", valueName: "sizes"))
    var global: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Work-items of a group along an axis, as --global.",
            discussion: """
                Default: the size the kernel requires, otherwise up to 64 along the first axis.
                """, valueName: "sizes"))
    var local: [String] = []

    @Option(help: ArgumentHelp("Define a macro; may be repeated.", valueName: "name[=value]"))
    var define: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Options of the device compiler.", valueName: "options"))
    var buildOptions: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "An argument of the kernel; one per parameter, in order.",
            discussion: """
                buffer:TYPE:COUNT, a buffer of random values: floating-point numbers from -1 to \
                1, integers from 0 to 127; local:BYTES, local memory; or TYPE:VALUE, such as \
                int:42. Types: \(ScalarType.allCases.map(\.rawValue).joined(separator: ", ")). \
                COUNT, BYTES and integers may be formulas, such as 'buffer:float:4*{global}'; \
                names: {global}, {local}, {global_y} and so on.
                """, valueName: "argument"))
    var arg: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Floating-point operations of a launch; may be a formula.", valueName: "count"))
    var work: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Bytes that a launch reads and writes; may be a formula.", valueName: "count"))
    var bytes: String?

    /// The given options but `--kernel`.
    var given: [String] {
        [
            ("--kernel-name", kernelName != nil), ("--global", !global.isEmpty),
            ("--local", !local.isEmpty), ("--define", !define.isEmpty),
            ("--build-options", buildOptions != nil), ("--arg", !arg.isEmpty),
            ("--work", work != nil), ("--bytes", bytes != nil),
        ].filter(\.1).map(\.0)
    }

    func validate() throws {
        guard kernel != nil else {
            if let option = given.first {
                throw ValidationError("\(option) requires --kernel.")
            }
            return
        }
        guard (1...3).contains(global.count) else {
            throw ValidationError("--kernel requires --global, once per axis, at most 3 times.")
        }
        guard local.isEmpty || local.count == global.count else {
            throw ValidationError("--local is given once for every --global, or never.")
        }
        for text in define where !Self.isMacro(text) {
            throw ValidationError(
                "--define: \(quoted(text)) is not NAME or NAME=VALUE without spaces.")
        }
    }

    private static func isMacro(_ text: String) -> Bool {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0]
        let isName =
            name.first.map { $0 == "_" || $0.isLetter } ?? false
            && name.allSatisfy { $0.isASCII && ($0 == "_" || $0.isLetter || $0.isNumber) }
        return isName && text.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 }
    }

    /// The options of the device compiler.
    var compilerOptions: String {
        let macros = define.map { "-D \($0)" }
        // The declarations of the parameters are checked.
        return (["-cl-kernel-arg-info"] + macros + [buildOptions].compactMap { $0 })
            .joined(separator: " ")
    }

    /// The combinations of the work-items along each axis and of a group.
    ///
    /// - Returns: the global and local sizes; the last axis of a group varies fastest.
    /// - Throws: ``SweepError``.
    func launches() throws -> [(global: [Int], local: [Int]?)] {
        let range = 1...Int(Int32.max)
        let lists =
            try global.map { try SizeList($0, option: "--global", in: range).values }
            + local.map { try SizeList($0, option: "--local", in: range).values }
        var combinations: [[Int]] = [[]]
        for list in lists {
            guard combinations.count * list.count <= SizeList.limit else {
                throw SweepError.tooManyCombinations(what: "--global and --local")
            }
            combinations = combinations.flatMap { sizes in list.map { sizes + [$0] } }
        }
        return combinations.map { sizes in
            (
                Array(sizes.prefix(global.count)),
                local.isEmpty ? nil : Array(sizes.dropFirst(global.count))
            )
        }
    }
}
