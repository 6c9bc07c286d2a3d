import DVTCore
import OpenCLRuntime

/// A tensor in device memory, which returns to the backend's pool with the last reference.
public final class OpenCLTensor: BackendTensor {
    /// The extents.
    public let shape: Shape
    /// The precision of the elements.
    public let precision: Precision
    /// The elements from one row to the next; more than the last extent if rows are padded.
    let rowPitch: Int
    private let memory: PooledBuffer

    init(_ shape: Shape, _ precision: Precision, rowPitch: Int? = nil, _ memory: PooledBuffer) {
        self.shape = shape
        self.precision = precision
        self.rowPitch = rowPitch ?? shape.dimensions.last ?? 1
        self.memory = memory
        memory.usedBytes = byteCount
    }

    /// The size of the elements in bytes, with the padding of rows.
    package var byteCount: Int { byteCount(of: shape) }

    /// The elements of a shape with this tensor's row pitch.
    func paddedElementCount(of shape: Shape) -> Int {
        guard let last = shape.dimensions.last, last != rowPitch else { return shape.elementCount }
        return shape.dimensions.dropLast().reduce(1, *) * rowPitch
    }

    private func byteCount(of shape: Shape) -> Int {
        paddedElementCount(of: shape) * precision.elementByteCount
    }

    /// A larger batch in the same memory, which begins with this batch's rows.
    ///
    /// - Parameter shape: the larger batch's shape.
    /// - Returns: nil if the memory is too small or another tensor already uses the rest of it.
    func grown(to shape: Shape) -> OpenCLTensor? {
        guard memory.usedBytes == byteCount, byteCount(of: shape) <= buffer.byteCount else {
            return nil
        }
        return OpenCLTensor(shape, precision, rowPitch: rowPitch, memory)
    }

    /// The memory; it may be larger than the shape needs.
    var buffer: Buffer { memory.buffer }

    /// The number of in-place changes; tensors that share memory share it.
    var version: Int { memory.version }

    /// Notes that the elements have changed in place.
    func noteChange() {
        memory.version += 1
    }

    /// A part of the memory.
    func part(offset: Int, byteCount: Int) throws -> PooledBuffer {
        try PooledBuffer(partOf: memory, offset: offset, byteCount: byteCount)
    }

    /// The same memory under another shape of equal size.
    func reshaped(_ shape: Shape) -> OpenCLTensor {
        OpenCLTensor(shape, precision, memory)
    }
}
