/// An option whose former name is still accepted, with a warning, until the next release.
struct RenamedOption {
    let former: String
    let current: String
    /// The commands that have the option, as typed.
    let commands: Set<String>

    /// All renamed options.
    static let all = [
        Self(
            former: "--warm-ups", current: "--warmup",
            commands: ["bench model", "bench kernels", "bench operations", "bench train"]),
        Self(
            former: "--time", current: "--time-ms",
            commands: ["bench kernels", "bench operations"]),
        Self(
            former: "--temperature", current: "--temperature-scaling", commands: ["calibrate"]),
        Self(former: "--every", current: "--every-nth", commands: ["calibrate", "evaluate"]),
        Self(
            former: "--preset", current: "--preprocessing",
            commands: ["calibrate", "classify", "embed", "evaluate", "explain"]),
    ]

    /// Replaces former names by current ones, and prints a warning for each option replaced.
    ///
    /// - Parameter arguments: the arguments of the program.
    /// - Returns: the arguments to parse.
    static func replacingFormerNames(in arguments: [String]) -> [String] {
        let command = arguments.prefix(arguments.first == "bench" ? 2 : 1).joined(separator: " ")
        let renamed = all.filter { $0.commands.contains(command) }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        var warned: Set<String> = []
        let options = arguments[..<end].map { argument in
            let name = argument.prefix { $0 != "=" }
            guard let option = renamed.first(where: { $0.former == name }) else { return argument }
            if warned.insert(option.former).inserted { option.warn() }
            return option.current + argument.dropFirst(name.count)
        }
        return options + arguments[end...]
    }

    private func warn() {
        printError(
            """
            warning: \(former) is now \(current); the former name will be removed in the next \
            release
            """)
    }
}
