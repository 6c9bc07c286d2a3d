import DVTOutput
import DVTParity
import DVTSupport
import OpenCLRuntime

/// The work-items of a launch of the user's kernel.
struct LaunchSizes {
    let global: [Int]
    let local: [Int]

    private static let itemLimit = 0x1p40
    private static let axes = ["x", "y", "z"]
    /// The keys of the sizes in records.
    static let keys = ["global", "local"].flatMap { name in axes.map { "\(name)_\($0)" } }

    /// The names that expressions may use: `global` and `local` are those along the first axis.
    ///
    /// - Parameter dimensions: the number of axes.
    /// - Returns: the names.
    static func names(dimensions: Int) -> [String] {
        ["global", "local"].flatMap { name in
            [name] + axes.prefix(dimensions).map { "\(name)_\($0)" }
        }
    }

    /// The value of each name.
    var values: [String: Int] {
        var values = ["global": global[0], "local": local[0]]
        for (axis, (global, local)) in zip(Self.axes, zip(global, local)) {
            values["global_\(axis)"] = global
            values["local_\(axis)"] = local
        }
        return values
    }

    /// The sizes in records, by key.
    var record: [String: OutputValue] {
        values.filter { Self.keys.contains($0.key) }.mapValues(OutputValue.int)
    }

    /// Sizes in which every work-group is whole: the user's kernel may not check its indices.
    ///
    /// - Parameters:
    ///   - global: the work-items along each axis.
    ///   - local: those of a work-group; nil for the kernel's required size, otherwise up to 64
    ///     along the first axis.
    ///   - kernel: the kernel.
    /// - Throws: ``UserKernelError`` if `global` is not a multiple of `local`.
    init(global: [Int], local: [Int]?, of kernel: Kernel) throws {
        let items = global.reduce(1) { $0 * Double($1) }
        guard items <= Self.itemLimit else {
            throw UserKernelError(
                "--global \(global.map(String.init).joined(separator: " x ")) exceeds 2^40 work-items"
            )
        }
        self.global = global
        self.local = local ?? Self.standardLocal(global, kernel)
        for (global, local) in zip(self.global, self.local) where global % local != 0 {
            throw UserKernelError(
                """
                --global \(global) is not a multiple of \(local) work-items per group; change \
                \(kernel.requiredWorkGroupSize == nil ? "--local or --global" : "--global")
                """)
        }
    }

    private static func standardLocal(_ global: [Int], _ kernel: Kernel) -> [Int] {
        if let required = kernel.requiredWorkGroupSize {
            return Array(required.prefix(global.count))
        }
        let most = min(64, kernel.maxWorkGroupSize)
        let first = (0...6).map { 1 << $0 }.last { $0 <= most && global[0] % $0 == 0 } ?? 1
        return [first] + global.dropFirst().map { _ in 1 }
    }
}

/// A problem with the user's kernel or its options.
struct UserKernelError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
