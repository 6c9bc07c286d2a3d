import DVTAutodiff
import DVTCore
import DVTOperations
import Testing

@testable import DVTReference

/// Compares the gradients of the reference with finite differences of its forward pass.
struct GradientTests {
    /// The step h of the differences `f(x + h) - f(x - h)`; those at h and 2h are combined for an
    /// error of fourth order.
    ///
    /// With outputs rounded to float32, h = 0.02 gives a relative error of about 1e-4.
    static let step: Float = 0.02
    static let tolerance = 2e-3

    @Test(arguments: OperationCatalog.differentiable.map(Case.init))
    func agreesWithFiniteDifferences(_ item: Case) throws {
        let run = try item.operation.prepareRun(on: ReferenceBackend())
        let gradients = try run.gradients()
        #expect(gradients.contains { $0 != nil })
        for (input, gradient) in zip(run.inputs, gradients) {
            guard let gradient else { continue }
            let size = norm(gradient.values) / Double(gradient.values.count).squareRoot()
            let count = input.value.values.count
            for element in Set((0..<9).map { $0 * (count - 1) / 8 }) {
                let expected = try slope(run, input.value, element)
                let error = abs(Double(gradient.values[element]) - expected)
                #expect(
                    error <= Self.tolerance * (size + abs(expected)) + 1e-5,
                    "element \(element) of \(input.shape): \(gradient.values[element]), \(expected)"
                )
            }
        }
    }

    private func slope(
        _ run: GradientRun<ReferenceBackend>, _ input: ReferenceTensor, _ element: Int
    ) throws -> Double {
        let value = input.values[element]
        defer { input.values[element] = value }
        func difference(_ step: Float) throws -> Double {
            input.values[element] = value + step
            let above = try loss(run)
            input.values[element] = value - step
            return (above - (try loss(run))) / (2 * Double(step))
        }
        return (4 * (try difference(Self.step)) - (try difference(2 * Self.step))) / 3
    }

    private func loss(_ run: GradientRun<ReferenceBackend>) throws -> Double {
        try run.outputs().reduce(0) { sum, output in
            zip(output.value.values, output.gradient.values).reduce(sum) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
    }

    private func norm(_ values: [Float]) -> Double {
        values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    struct Case: CustomTestStringConvertible {
        let operation: GradientOperation
        var testDescription: String { operation.label }
    }
}
