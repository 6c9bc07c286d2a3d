import OpenCLRuntime

/// The engines that were fastest for linear maps of some sizes on a device.
///
/// They are kept in the user's cache folder, per device and driver.
package struct LinearTuning: Equatable, Sendable {
    /// The sizes of a linear map, its rows rounded up to a power of two: a cascade's batch shrinks
    /// at every exit, and neighboring row counts want the same.
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

    /// The engine of each map that was measured.
    package private(set) var engines: [Sizes: LinearEngine] = [:]

    package init() {}

    /// The engine for a map: the one measured at the nearest number of rows, or nil where none of
    /// its inputs and outputs was at a quarter to four times its rows: what suits a batch of 32 was
    /// seen to slow a single image.
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

    /// All engines of maps with these inputs and outputs.
    package func engines(inputs: Int, outputs: Int) -> Set<LinearEngine> {
        Set(engines.filter { $0.key.inputs == inputs && $0.key.outputs == outputs }.values)
    }

    /// Notes the engine of a map; it replaces an earlier one.
    package mutating func set(_ engine: LinearEngine, for sizes: Sizes) {
        engines[sizes] = engine
    }
}

extension LinearTuning {
    /// The name under which a device's tuning is kept; its number changes with the kernels.
    static let cacheKey = "linear tuning 1"

    /// One line a map: rows, inputs, outputs and the engine.
    package var text: String {
        engines.map { "\($0.key.rows) \($0.key.inputs) \($0.key.outputs) \($0.value)" }
            .sorted().joined(separator: "\n")
    }

    /// Reads what ``text`` wrote, or nil if a line is not of that kind.
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

    /// The tuning kept for a device, and what is wrong with it if it cannot be read.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the tuning, empty if there is none.
    package static func stored(for context: Context) -> (tuning: LinearTuning, problem: String?) {
        let cache = DeviceCache(context.diskCache)
        let remedy = "it is ignored; `dvt tune` makes a new one"
        guard let text = cache.value(for: cacheKey, device: context.device) else {
            let path = cache.damagedFile(for: cacheKey, device: context.device)
            return (LinearTuning(), path.map { "\($0): the tuning is damaged; \(remedy)" })
        }
        guard let tuning = LinearTuning(text: text) else {
            return (LinearTuning(), "the device's tuning is not of this version; \(remedy)")
        }
        return (tuning, nil)
    }

    /// Keeps the tuning for a device, in place of the one that was kept.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: whether it is kept.
    package func store(for context: Context) -> Bool {
        DeviceCache(context.diskCache).store(text, for: Self.cacheKey, device: context.device)
    }
}
