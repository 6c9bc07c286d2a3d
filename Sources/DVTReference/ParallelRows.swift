import DVTCore
import Dispatch

extension ReferenceTensor {
    /// Creates a tensor row by row, rows spread over the cores.
    ///
    /// - Parameters:
    ///   - shape: the extents.
    ///   - rowWidth: the elements of what one call fills; it divides the element count.
    ///   - fill: called once for each row with its index and memory; must set every element.
    convenience init(
        _ shape: Shape, rowWidth: Int,
        fill: @Sendable (Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        let count = shape.elementCount
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            // Every iteration has a part of its own, so sharing the pointer is safe.
            nonisolated(unsafe) let memory = buffer
            let rows = rowWidth > 0 ? count / rowWidth : 0
            DispatchQueue.concurrentPerform(iterations: rows) { row in
                let part = memory[row * rowWidth..<(row + 1) * rowWidth]
                fill(row, UnsafeMutableBufferPointer(rebasing: part))
            }
            initializedCount = count
        }
        self.init(shape, values)
    }
}

/// The sum of products of two runs of floats, in Double.
///
/// - Parameters:
///   - a: the first numbers.
///   - aStart: where their run begins.
///   - b: the second numbers.
///   - bStart: where their run begins.
///   - count: the products.
/// - Returns: the sum, in eight partial sums that are added last.
func dot(_ a: [Float], _ aStart: Int, _ b: [Float], _ bStart: Int, count: Int) -> Double {
    a.withUnsafeBytes { aBytes in
        b.withUnsafeBytes { bBytes in
            precondition(aStart + count <= a.count && bStart + count <= b.count)
            var lanes = SIMD8<Double>()
            var index = 0
            while index + 8 <= count {
                let x = aBytes.loadUnaligned(
                    fromByteOffset: (aStart + index) * 4, as: SIMD8<Float>.self)
                let y = bBytes.loadUnaligned(
                    fromByteOffset: (bStart + index) * 4, as: SIMD8<Float>.self)
                lanes += SIMD8<Double>(x) * SIMD8<Double>(y)
                index += 8
            }
            var sum = lanes.sum()
            while index < count {
                sum += Double(a[aStart + index]) * Double(b[bStart + index])
                index += 1
            }
            return sum
        }
    }
}
