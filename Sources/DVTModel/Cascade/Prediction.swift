public import DVTCore
import Glibc

/// A cascade's prediction for one image.
public struct Prediction: Equatable, Sendable {
    /// The exit that the image took, from 0.
    public let exit: Int
    /// The top-k classes at that exit and their probabilities, most probable first.
    public let top: [ClassConfidence]
    /// The top-1 class, its probability and its score at each exit visited.
    public let visits: [ClassConfidence]
    /// The multiply-adds spent on the image.
    public let multiplyAdds: Int

    /// The top-1 class, from 0.
    public var classIndex: Int { visits[exit].classIndex }
    /// Its softmax probability; by default also the score that decided the exit.
    public var probability: Float { visits[exit].probability }
}

/// The result of a cascade for a batch.
public struct CascadeResult: Equatable, Sendable {
    /// One prediction per image, in batch order.
    public let predictions: [Prediction]
    /// The number of images that each stage processed; 0 if all had exited.
    public let stageRows: [Int]
}

extension ClassConfidence {
    /// The top-k classes of one image.
    ///
    /// - Parameters:
    ///   - logits: the image's logits.
    ///   - count: the number of classes, limited to those that exist.
    /// - Returns: classes and softmax probabilities, most probable first, ties by class.
    package static func top(_ logits: ArraySlice<Float>, count: Int) -> [ClassConfidence] {
        let (probabilities, values) = (softmax(logits), Array(logits))
        let order = values.indices.sorted { (values[$1], $0) < (values[$0], $1) }
        return order.prefix(count).map {
            ClassConfidence(classIndex: $0, probability: probabilities[$0])
        }
    }

    /// The softmax of one image's logits.
    ///
    /// - Parameter logits: the image's logits.
    /// - Returns: the probabilities, computed in Double.
    package static func softmax(_ logits: ArraySlice<Float>) -> [Float] {
        let largest = Double(logits.max() ?? 0)
        let powers = logits.map { exp(Double($0) - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { Float($0 / sum) }
    }
}
