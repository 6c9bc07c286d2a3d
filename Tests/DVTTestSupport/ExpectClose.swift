import DVTCore
import Testing

/// Expects a tensor to be close to another; reports the worst element otherwise.
///
/// - Parameters:
///   - actual: the tensor.
///   - expected: the expected tensor.
///   - absolute: the allowed error of any element.
///   - relative: the additional allowed error, relative to the expected element.
///   - sourceLocation: the location of the expectation.
package func expectClose(
    _ actual: Tensor, _ expected: Tensor, absolute: Float = 0, relative: Float = 0,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.shape == expected.shape else {
        Issue.record(
            "shape \(actual.shape), not \(expected.shape)", sourceLocation: sourceLocation)
        return
    }
    let excess = zip(actual.values, expected.values).map {
        let error = abs($0 - $1) - absolute - relative * abs($1)
        // A NaN in only one of them is the worst error.
        return error.isNaN ? ($0.isNaN && $1.isNaN ? 0 : .infinity) : error
    }
    guard let worst = excess.indices.max(by: { excess[$0] < excess[$1] }), excess[worst] > 0 else {
        return
    }
    Issue.record(
        """
        element \(worst) of \(actual.shape) is \(actual.values[worst]), not \
        \(expected.values[worst]); allowed are \(absolute) + \(relative) of its size
        """, sourceLocation: sourceLocation)
}
