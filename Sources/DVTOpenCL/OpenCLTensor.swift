import DVTCore
import OpenCLRuntime

/// A tensor in device memory, which returns to the backend's pool with the last reference.
public final class OpenCLTensor: BackendTensor {
    /// The extents.
    public let shape: Shape
    /// The precision of the elements.
    public let precision: Precision
    private let memory: PooledBuffer

    init(_ shape: Shape, _ precision: Precision, _ memory: PooledBuffer) {
        self.shape = shape
        self.precision = precision
        self.memory = memory
        memory.usedBytes = byteCount
    }

    /// The size of the elements in bytes.
    package var byteCount: Int { shape.elementCount * precision.elementByteCount }

    /// A larger batch in the same memory, which begins with this batch's rows.
    ///
    /// - Parameter shape: the larger batch's shape.
    /// - Returns: nil if the memory is too small or another tensor already uses the rest of it.
    func grown(to shape: Shape) -> OpenCLTensor? {
        let larger = shape.elementCount * precision.elementByteCount
        guard memory.usedBytes == byteCount, larger <= buffer.byteCount else { return nil }
        return OpenCLTensor(shape, precision, memory)
    }

    /// The memory; it may be larger than the shape needs.
    var buffer: Buffer { memory.buffer }

    /// The number of in-place changes; tensors that share memory share it.
    var version: Int { memory.version }

    /// Notes that the elements have changed in place.
    func noteChange() {
        memory.version += 1
    }

    /// The same memory under another shape of equal size.
    func reshaped(_ shape: Shape) -> OpenCLTensor {
        OpenCLTensor(shape, precision, memory)
    }
}
