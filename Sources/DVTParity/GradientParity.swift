import DVTAutodiff
package import DVTCore
package import DVTModel
import DVTTraining

/// A model, its weights, a batch and its labels: what the parity of gradients runs.
package struct GradientParity {
    private let run: ParityRun
    private let labels: [Int]

    /// How far a parameter's gradient may lie off, in relative L2: PyTorch's own float32 gradients
    /// lie up to 4e-6 off its float64 ones.
    package static let limits = (double: 2e-6, float32: 2e-5)
    /// A gradient below this part of the whole one's norm is rounding alone.
    private static let negligible = 1e-9
    /// What such a gradient may come to, in parts of the whole one's norm.
    private static let negligibleLimit = 1e-6

    /// Creates the run.
    ///
    /// - Parameters:
    ///   - run: the model and its images.
    ///   - labels: the class of each image.
    package init(_ run: ParityRun, labels: [Int]) {
        self.run = run
        self.labels = labels
    }

    /// The gradients of the summed mean cross-entropies of all exits.
    ///
    /// - Parameter backend: the device.
    /// - Returns: the loss of every exit and the gradient of every trained parameter.
    /// - Throws: ``/DVTModel/ModelError`` if the weights do not fit, or the backend's error.
    package func gradients(on backend: some DifferentiableBackend) throws -> ParityGradients {
        let model = try TrainableCascade(
            run.configuration, weights: run.weights, backend: backend)
        let exits = try model.addGradients(
            run.images, targets: .oneHot(labels, classes: run.configuration.classes))
        let gradients = try model.parameters.filter(\.isTrained).map { parameter in
            let tensor = try parameter.tensor.gradient.map { try backend.download($0) }
            return (
                parameter.specification,
                tensor ?? Tensor(parameter.specification.shape, repeating: 0)
            )
        }
        return ParityGradients(
            deviceName: backend.deviceName, losses: exits.map { Float($0.mean) },
            gradients: gradients)
    }

    /// Compares gradients with those of a file, or of another backend.
    ///
    /// - Parameters:
    ///   - actual: the gradients.
    ///   - expected: what they should equal.
    ///   - sums: how the backend sums.
    /// - Returns: one comparison an exit's loss and a parameter.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes differ.
    package static func compare(
        _ actual: ParityGradients, _ expected: ParityGradients, sums: SumPrecision
    ) throws -> [ParityComparison] {
        let limit = sums == .double ? limits.double : limits.float32
        let whole = expected.gradients.reduce(0) { $0 + $1.1.squaredNorm }.squareRoot()
        let losses = try zip(actual.losses, expected.losses).enumerated().map { exit, pair in
            ParityComparison(
                deviceName: actual.deviceName, name: "loss\(exit)",
                distance: try Distance(
                    Tensor([1], values: [pair.0]), from: Tensor([1], values: [pair.1])),
                tolerance: limit)
        }
        return try losses
            + zip(actual.gradients, expected.gradients).map { actualPair, expectedPair in
                let isNegligible =
                    expectedPair.1.squaredNorm.squareRoot() < negligible * whole
                let (specification, gradient) = actualPair
                return ParityComparison(
                    deviceName: actual.deviceName,
                    name: "stage\(specification.stage).\(specification.name)",
                    distance: isNegligible
                        ? Distance(
                            relativeL2: gradient.squaredNorm.squareRoot() / whole,
                            largestError: gradient.largestMagnitude)
                        : try Distance(gradient, from: expectedPair.1),
                    tolerance: isNegligible ? negligibleLimit : limit)
            }
    }
}

/// The losses of a batch and the gradients of every trained parameter.
package struct ParityGradients {
    /// The device, or the file.
    package let deviceName: String
    /// Each exit's mean cross-entropy.
    package let losses: [Float]
    /// The gradients, in the order of the network.
    package let gradients: [(ParameterSpecification, Tensor)]

    init(
        deviceName: String, losses: [Float], gradients: [(ParameterSpecification, Tensor)]
    ) {
        self.deviceName = deviceName
        self.losses = losses
        self.gradients = gradients
    }

    /// Reads the gradients of a model from a file that spells them like a checkpoint.
    ///
    /// - Parameters:
    ///   - file: the open file, with `loss0`, `loss1`, ... beside the gradients.
    ///   - configuration: the model.
    /// - Throws: the file's error if one is missing.
    package init(_ file: any NamedTensors, of configuration: CascadeConfiguration) throws {
        let source = CheckpointWeights(file)
        deviceName = file.origin
        losses = try configuration.stages.indices.map {
            try file.tensor(named: "loss\($0)").values.first ?? .nan
        }
        gradients = try configuration.parameters.filter(\.role.isTrained).map {
            ($0, try source.tensor($0, of: configuration))
        }
    }
}

extension Tensor {
    /// Certain classes as probabilities, `[labels.count, classes]`.
    package static func oneHot(_ labels: [Int], classes: Int) -> Tensor {
        var tensor = Tensor([labels.count, classes], repeating: 0)
        for (image, label) in labels.enumerated() {
            tensor.values[image * classes + label] = 1
        }
        return tensor
    }

    fileprivate var squaredNorm: Double { values.reduce(0) { $0 + Double($1) * Double($1) } }
    fileprivate var largestMagnitude: Double { values.reduce(0) { max($0, abs(Double($1))) } }
}
