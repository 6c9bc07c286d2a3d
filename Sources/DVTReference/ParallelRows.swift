import DVTCore
import Dispatch

extension ReferenceTensor {
    /// Creates a tensor row by row, in parallel on all cores.
    ///
    /// - Parameters:
    ///   - shape: the shape.
    ///   - rowWidth: the number of elements per row, a divisor of the element count.
    ///   - fill: called once for each row with its index and memory; must set every element.
    convenience init(
        _ shape: Shape, rowWidth: Int,
        fill: @Sendable (Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        let count = shape.elementCount
        let values = [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            // Iterations write disjoint rows, so sharing the pointer is safe.
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

/// The dot product of two ranges of floats, in Double.
///
/// - Parameters:
///   - a: the first array.
///   - aStart: the start of its range.
///   - b: the second array.
///   - bStart: the start of its range.
///   - count: the number of products.
/// - Returns: the sum, computed as eight partial sums.
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
