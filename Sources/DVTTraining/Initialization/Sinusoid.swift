internal import DVTCore
import Glibc

extension Tensor {
    /// The sinusoidal position embeddings of Vaswani et al.: `sin(p / 10000^(2 floor(c / 2) / D))`
    /// in even columns c of position p, the cosine in odd ones.
    ///
    /// - Parameter shape: `[1, T, D]`.
    /// - Returns: the position embeddings.
    /// - SeeAlso: Attention Is All You Need, <https://arxiv.org/abs/1706.03762>.
    static func sinusoid(_ shape: Shape) -> Tensor {
        let width = shape[-1]
        let values = (0..<shape.elementCount).map { index in
            let (position, column) = index.quotientAndRemainder(dividingBy: width)
            let angle = Double(position) / pow(10_000, 2 * Double(column / 2) / Double(width))
            return Float(column % 2 == 0 ? sin(angle) : cos(angle))
        }
        return Tensor(shape, values: values)
    }
}
