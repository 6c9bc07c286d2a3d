import DVTAutodiff
package import DVTCore
internal import DVTModel
import DVTTraining

/// A gradient parity run: a model, its weights, a batch and its labels.
package struct GradientParity {
    private let run: ParityRun
    private let labels: [Int]

    /// A gradient below this fraction of the norm of all gradients is only rounding error.
    private static let negligible = 1e-9

    /// Creates the run.
    ///
    /// - Parameters:
    ///   - run: the model and its images.
    ///   - labels: the class of each image.
    package init(_ run: ParityRun, labels: [Int]) {
        self.run = run
        self.labels = labels
    }

    /// Computes the gradients of the sum of all exits' mean cross-entropies.
    ///
    /// - Parameter backend: the backend to run on.
    /// - Returns: the loss of each exit and the gradient of each trained parameter.
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

    /// The accepted relative L2 error of a parameter's gradient, and the accepted norm of a
    /// negligible one as a fraction of the norm of all gradients.
    ///
    /// PyTorch's own float32 gradients differ from its float64 ones by up to 4e-6. In bfloat16, whose
    /// numbers are rounded by up to 4e-3, the biases of relation reuse sum over all pairs of tokens,
    /// which cancel: measured up to 5.5e-2, other gradients up to 2.6e-2.
    private static func limits(_ sums: SumPrecision) -> (relative: Double, negligible: Double) {
        switch sums {
        case .double: (2e-6, 1e-6)
        case .float32: (2e-5, 1e-6)
        case .float16, .bfloat16: (0.1, 1e-4)
        }
    }

    /// Compares gradients with those of a file or another backend.
    ///
    /// - Parameters:
    ///   - actual: the computed gradients.
    ///   - expected: the expected gradients.
    ///   - sums: the precision of the backend's sums.
    /// - Returns: one comparison per exit loss and per parameter.
    /// - Throws: ``/DVTCore/ShapeError`` if shapes differ.
    package static func compare(
        _ actual: ParityGradients, _ expected: ParityGradients, sums: SumPrecision
    ) throws -> [ParityComparison] {
        let limits = limits(sums)
        let whole = expected.gradients.reduce(0) { $0 + $1.1.squaredNorm }.squareRoot()
        let losses = try zip(actual.losses, expected.losses).enumerated().map { exit, pair in
            ParityComparison(
                deviceName: actual.deviceName, name: "loss\(exit)",
                distance: try Distance(
                    Tensor([1], values: [pair.0]), from: Tensor([1], values: [pair.1])),
                tolerance: limits.relative)
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
                    tolerance: isNegligible ? limits.negligible : limits.relative)
            }
    }
}

extension Tensor {
    /// One-hot targets, `[labels.count, classes]`.
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
