import OpenCLRuntime

/// The fastest measured engines for linear layers on a device.
///
/// The user's cache folder stores them per device and driver, with a hash of the kernels' text.
package struct LinearTuning: Equatable, Sendable {
    /// The sizes of a linear layer, with rows rounded up to a power of two: the batch of a cascade
    /// shrinks at every exit, and similar numbers of rows have the same fastest engine.
    package struct Sizes: Hashable, Sendable {
        package let rows: Int
        package let inputs: Int
        package let outputs: Int

        package init(rows: Int, inputs: Int, outputs: Int) {
            self.rows = Self.rounded(rows)
            self.inputs = inputs
            self.outputs = outputs
        }

        private static func rounded(_ rows: Int) -> Int {
            rows <= 1 ? 1 : 1 << (Int.bitWidth - (rows - 1).leadingZeroBitCount)
        }
    }

    /// The fastest engine for each measured layer.
    package private(set) var engines: [Sizes: LinearEngine] = [:]

    package init() {}

    /// The engine measured at the nearest number of rows, or nil if no layer with these inputs and
    /// outputs was measured within a factor of four: engines that are fast for a batch of 32 can be
    /// slow for one image.
    package func engine(rows: Int, inputs: Int, outputs: Int) -> LinearEngine? {
        let wanted = Sizes(rows: rows, inputs: inputs, outputs: outputs)
        if let engine = engines[wanted] { return engine }
        func distance(_ sizes: Sizes) -> Int {
            abs(sizes.rows.trailingZeroBitCount - wanted.rows.trailingZeroBitCount)
        }
        return engines.filter {
            $0.key.inputs == inputs && $0.key.outputs == outputs && distance($0.key) <= 2
        }.min { (distance($0.key), $0.key.rows) < (distance($1.key), $1.key.rows) }?.value
    }

    /// The engines of all layers with these inputs and outputs.
    package func engines(inputs: Int, outputs: Int) -> Set<LinearEngine> {
        Set(engines.filter { $0.key.inputs == inputs && $0.key.outputs == outputs }.values)
    }

    /// Sets the engine of a layer.
    package mutating func set(_ engine: LinearEngine, for sizes: Sizes) {
        engines[sizes] = engine
    }
}

extension LinearTuning {
    /// The key of the stored tuning; its number changes with the meaning of the lines.
    static func cacheKey(_ precision: Precision) -> String {
        precision == .float32 ? "linear tuning 1" : "linear tuning 1 \(precision.rawValue)"
    }

    /// One line per layer: rows, inputs, outputs and the engine.
    package var text: String {
        engines.map { "\($0.key.rows) \($0.key.inputs) \($0.key.outputs) \($0.value)" }
            .sorted().joined(separator: "\n")
    }

    /// Parses ``text``; nil if a line is malformed.
    package init?(text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let numbers = words.prefix(3).compactMap(Int.init).filter { $0 > 0 }
            guard words.count == 4, numbers.count == 3, let engine = LinearEngine(words[3]) else {
                return nil
            }
            set(engine, for: Sizes(rows: numbers[0], inputs: numbers[1], outputs: numbers[2]))
        }
    }

    /// The first line of a stored tuning: other kernels have other times.
    static func kernelLine() throws -> String {
        let files = ["linear", "linear_float", "linear_mma", "linear_packed", "linear_tile"]
        return "kernels \(try KernelLibrary.fingerprint(of: files))\n"
    }

    /// The stored tuning of a device.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - precision: the precision in which it was measured.
    /// - Returns: the tuning, empty if there is none, and the reason if it is ignored.
    package static func stored(
        for context: Context, _ precision: Precision
    ) -> (tuning: LinearTuning, problem: String?) {
        let cache = DeviceCache(context.diskCache)
        let cacheKey = cacheKey(precision)
        let remedy = "it is ignored; run `dvt tune` to create a new one"
        guard let text = cache.value(for: cacheKey, device: context.device) else {
            let path = cache.damagedFile(for: cacheKey, device: context.device)
            return (LinearTuning(), path.map { "\($0): the tuning is damaged; \(remedy)" })
        }
        guard let kernels = try? kernelLine(), text.hasPrefix(kernels),
            let tuning = LinearTuning(text: String(text.dropFirst(kernels.count)))
        else {
            return (LinearTuning(), "the device's tuning is from another version; \(remedy)")
        }
        return (tuning, nil)
    }

    /// Stores the tuning of a device and replaces the previous one.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - precision: the precision in which it was measured.
    /// - Returns: whether it was stored.
    package func store(for context: Context, _ precision: Precision) -> Bool {
        guard let kernels = try? Self.kernelLine() else { return false }
        return DeviceCache(context.diskCache).store(
            kernels + text, for: Self.cacheKey(precision), device: context.device)
    }
}
