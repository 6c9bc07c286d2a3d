public import DVTCore
import Glibc

/// What a cascade says of one image.
public struct Prediction: Equatable, Sendable {
    /// The exit it left at, from 0.
    public let exit: Int
    /// The likeliest classes at that exit and their probabilities, likeliest first.
    public let top: [ClassConfidence]
    /// The likeliest class, its probability and what was compared with a threshold at every exit
    /// visited.
    public let visits: [ClassConfidence]
    /// The multiply-adds spent on it.
    public let multiplyAdds: Int

    /// The likeliest class, from 0.
    public var classIndex: Int { visits[exit].classIndex }
    /// Its softmax probability; unless the policy says otherwise, what decided the exit.
    public var probability: Float { visits[exit].probability }
}

/// What a cascade did with a batch.
public struct CascadeResult: Equatable, Sendable {
    /// One prediction an image, in the batch's order.
    public let predictions: [Prediction]
    /// The rows that every stage ran; 0 where all had left.
    public let stageRows: [Int]
}

extension ClassConfidence {
    /// The likeliest classes of one image by its logits.
    ///
    /// - Parameters:
    ///   - logits: the image's logits.
    ///   - count: how many classes; all there are if fewer.
    /// - Returns: classes and softmax probabilities, likeliest first, equal ones by class.
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
    /// - Returns: the probabilities, summed in Double.
    package static func softmax(_ logits: ArraySlice<Float>) -> [Float] {
        let largest = Double(logits.max() ?? 0)
        let powers = logits.map { exp(Double($0) - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { Float($0 / sum) }
    }
}
