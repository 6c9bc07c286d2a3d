public import DVTCore
import DVTSupport

/// What a backend's outputs should equal, and how closely.
public struct ParityExpectation {
    /// How far a float32 run may lie from the truth where nothing was measured for a tensor: the
    /// largest distance of PyTorch's float32 from its float64 over the released and toy models is
    /// 1.2e-6 for logits and 1.7e-6 for intermediates.
    public static let usualYardsticks = (logits: 1.2e-6, layers: 1.7e-6)

    /// How far a run may lie from another implementation's float32 run: the two errors add up.
    ///
    /// Double sums lie up to 0.9e-6 off the MindSpore models' logits, float32 sums 1.3e-6.
    public static let float32Limits = (double: 1.5e-6, float32: 4e-6)

    /// How far logits and intermediates may lie off in mixed precision: float16 rounds each factor
    /// by up to 4.9e-4 of it, and the toys' logits then lie up to 9e-4 off; deeper models more.
    public static let mixedLimit = 1e-2

    private let origin: String
    /// How far the weights may lie from those that gave what is expected.
    private let weightRoundoff: Double
    /// Whether what is expected comes from float32 sums itself.
    private let isFloat32: Bool
    private let tensor: (String) throws -> Tensor?
    private let yardstick: (String) -> Double?

    /// Another backend's outputs are the truth.
    ///
    /// - Parameter outputs: the outputs.
    public init(_ outputs: ParityOutputs) {
        origin = outputs.deviceName
        isFloat32 = false
        weightRoundoff = 0
        let tensors = Dictionary(uniqueKeysWithValues: outputs.tensors.map { ($0.name, $0.tensor) })
        tensor = { tensors[$0] }
        yardstick = { _ in nil }
    }

    /// A file's tensors are the truth, and its entries `NAME.float32_relative_l2` the yardsticks;
    /// where its entry `precision` is `float32`, they are no closer to it than ours.
    ///
    /// - Parameters:
    ///   - file: the open file.
    ///   - weightRoundoff: how far storing moved the weights, where they are not those that gave
    ///     the file's tensors; half of a 16-bit type's last place.
    public init(_ file: any NamedTensors, weightRoundoff: Double = 0) {
        self.weightRoundoff = weightRoundoff
        origin = file.origin
        isFloat32 = file.metadata["precision"] == "float32"
        tensor = { file.shapes[$0] == nil ? nil : try file.tensor(named: $0) }
        yardstick = { file.metadata["\($0).float32_relative_l2"].flatMap(Double.init) }
    }

    /// Compares outputs, tensor by tensor.
    ///
    /// - Parameters:
    ///   - outputs: what a backend computed.
    ///   - sums: how the backend sums, which says how far it may lie off.
    /// - Returns: one comparison a tensor.
    /// - Throws: ``ParityError/missing(name:origin:)`` if a tensor has no counterpart,
    ///   ``/DVTCore/ShapeError`` if shapes differ, or the file's error.
    public func compare(
        _ outputs: ParityOutputs, sums: SumPrecision
    ) throws -> [ParityComparison] {
        try outputs.tensors.map { name, actual in
            guard let expected = try tensor(name) else {
                throw ParityError.missing(name: name, origin: origin)
            }
            return ParityComparison(
                deviceName: outputs.deviceName, name: name,
                distance: try Distance(actual, from: expected),
                tolerance: tolerance(of: name, sums: sums))
        }
    }

    private func tolerance(of name: String, sums: SumPrecision) -> Double {
        guard sums != .mixed else { return Self.mixedLimit }
        // Weights off by a roundoff each moved the toys' logits by up to twice as much in all.
        let moved = 4 * weightRoundoff
        if isFloat32 {
            let limit = sums == .double ? Self.float32Limits.double : Self.float32Limits.float32
            return limit + moved
        }
        let usual =
            name.hasPrefix("logits") ? Self.usualYardsticks.logits : Self.usualYardsticks.layers
        return sums.yardsticks * (yardstick(name) ?? usual) + moved
    }
}

/// How a backend sums products.
public enum SumPrecision: Sendable {
    /// In Double, as the reference does.
    case double
    /// In float32.
    case float32
    /// In float32, from factors rounded to float16.
    case mixed

    /// How far an operation may lie off whose own tolerance in float32 is given.
    package func tolerance(_ float32: Double) -> Double {
        self == .mixed ? max(float32, 1e-3) : float32
    }

    /// How many of so many decisions may differ: none, or fewer than one in 200.
    package func allowedDifferences(of decisions: Int) -> Int {
        self == .mixed ? decisions / 200 : 0
    }

    /// How many yardsticks such a run may lie off.
    fileprivate var yardsticks: Double { self == .double ? 1 : 4 }
}

/// One tensor of one backend against what was expected.
public struct ParityComparison: Equatable, Sendable {
    /// The device.
    public let deviceName: String
    /// The tensor: `logits0`, `stage1.block0.output`, or an operation with its sizes.
    public let name: String
    /// How far it lies off.
    public let distance: Distance
    /// The largest relative L2 distance that is accepted.
    public let tolerance: Double

    /// Creates a comparison.
    ///
    /// - Parameters:
    ///   - deviceName: the device.
    ///   - name: the tensor.
    ///   - distance: how far it lies off.
    ///   - tolerance: the largest relative L2 distance that is accepted.
    public init(deviceName: String, name: String, distance: Distance, tolerance: Double) {
        self.deviceName = deviceName
        self.name = name
        self.distance = distance
        self.tolerance = tolerance
    }

    /// Whether it is close enough; NaN is not.
    public var passes: Bool { distance.relativeL2 <= tolerance }
}

/// How often two backends let an image leave at different exits.
public struct DecisionComparison: Equatable, Sendable {
    /// The thresholds tried at every exit but the last: 0.05 to 0.95 in steps of 0.05.
    public static let thresholds = (1...19).map { Float($0) / 20 }

    /// The decisions compared: thresholds times images.
    public let decisions: Int
    /// Those that differ.
    public let differing: Int

    /// Compares the exits of every image under every threshold.
    ///
    /// - Parameters:
    ///   - actual: one backend's outputs.
    ///   - expected: the other's.
    public init(_ actual: ParityOutputs, _ expected: ParityOutputs) {
        let pairs = Self.thresholds.flatMap { threshold in
            zip(actual.exits(threshold: threshold), expected.exits(threshold: threshold))
        }
        decisions = pairs.count
        differing = pairs.count { $0.0 != $0.1 }
    }
}

/// A comparison that cannot be made.
public enum ParityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `origin` has no tensor `name` to compare with.
    case missing(name: String, origin: String)

    /// One line that names the file and the tensor.
    public var description: String {
        switch self {
        case .missing(let name, let origin):
            "\(shown(origin)): has no tensor \(name) to compare with; give a file that has"
        }
    }
}
