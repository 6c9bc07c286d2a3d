import DVTCore
import DVTSupport

/// A safetensors file, mapped into memory; tensors are read on demand.
///
/// The whole header is validated when the file is opened, including the bounds of all tensors. If
/// the file is truncated later, the next access throws.
///
/// - SeeAlso: the format, <https://github.com/huggingface/safetensors#format>.
public final class SafetensorsFile: NamedTensors, Sendable {
    /// The text of `__metadata__`.
    public let metadata: [String: String]
    /// The shape of every tensor by name.
    public let shapes: [String: Shape]
    private let entries: [String: SafetensorsHeader.Entry]
    private let file: MappedFile
    private let dataStart: Int

    /// Opens a file and validates its header.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``/DVTSupport/FileError`` if the file cannot be read, ``SafetensorsError`` if it
    ///   is malformed.
    public convenience init(path: String) throws {
        try self.init(MappedFile(path: path))
    }

    /// Opens a file that is embedded in the program.
    ///
    /// - Parameters:
    ///   - bytes: the whole file, never deallocated.
    ///   - name: the name used in messages.
    /// - Throws: ``SafetensorsError`` if it is malformed.
    package convenience init(permanent bytes: UnsafeRawBufferPointer, name: String) throws {
        try self.init(MappedFile(permanent: bytes, name: name))
    }

    private init(_ file: MappedFile) throws {
        do {
            let headerEnd = try Self.headerEnd(in: file)
            let json = try file.withBytes(in: Self.lengthByteCount..<headerEnd) { bytes in
                // Does not copy a long header that is not JSON, as in a sparse file.
                bytes.first == UInt8(ascii: "{") ? [UInt8](bytes) : [UInt8](bytes.prefix(1))
            }
            let header = try SafetensorsHeader(
                json: json, dataByteCount: file.byteCount - headerEnd)
            self.metadata = header.metadata
            self.shapes = header.entries.mapValues(\.shape)
            self.entries = header.entries
            self.dataStart = headerEnd
        } catch let problem as SafetensorsError.Problem {
            throw SafetensorsError(path: file.path, problem: problem)
        }
        self.file = file
    }

    /// The path with which the file was opened.
    public var origin: String { file.path }

    /// The largest relative rounding error of the stored elements: 2^-24, or more if a tensor has
    /// 16-bit elements.
    public var roundoff: Double { HalfFormat.roundoff(of: entries.values.lazy.map(\.dtype.half)) }

    /// The element type of one tensor.
    ///
    /// - Parameter name: the tensor's name.
    /// - Returns: the type in the file; ``tensor(named:)`` reads F32, F16 and BF16.
    /// - Throws: ``SafetensorsError`` if there is no such tensor.
    public func dtype(named name: String) throws -> SafetensorsDType {
        try entry(named: name).dtype
    }

    /// Reads one tensor, converting F16, BF16 and F64 to float32; an F64 is rounded to nearest.
    ///
    /// - Parameter name: the tensor's name in the file.
    /// - Returns: the tensor; NaN and infinity are kept.
    /// - Throws: ``SafetensorsError`` if there is no such tensor, its element type is not supported
    ///   or an F64 is beyond float32, ``/DVTSupport/FileError`` if the file has been truncated.
    public func tensor(named name: String) throws -> Tensor {
        let entry = try entry(named: name)
        let convert: (UnsafeRawBufferPointer) throws -> [Float]
        switch entry.dtype {
        case .float32: convert = Self.copiedFloats
        case .float16: convert = HalfFormat.float16.decode
        case .bfloat16: convert = HalfFormat.bfloat16.decode
        case .float64: convert = Self.narrowedFloats
        default:
            throw SafetensorsError(
                path: origin, problem: .unsupportedDType(tensor: name, dtype: entry.dtype))
        }
        do {
            return Tensor(entry.shape, values: try withBytes(of: entry, convert))
        } catch let overflow as Float64Overflow {
            throw SafetensorsError(
                path: origin, problem: .overflow(tensor: name, value: overflow.value))
        }
    }

    /// Reads one tensor of integers.
    ///
    /// - Parameter name: the tensor's name in the file.
    /// - Returns: the elements in row-major order.
    /// - Throws: ``SafetensorsError`` if there is no such tensor or its elements are not I32 or
    ///   I64, ``/DVTSupport/FileError`` if the file has been truncated.
    public func integers(named name: String) throws -> [Int] {
        let entry = try entry(named: name)
        switch entry.dtype {
        case .int32: return try withBytes(of: entry) { Self.integers($0, as: Int32.self) }
        case .int64: return try withBytes(of: entry) { Self.integers($0, as: Int64.self) }
        default:
            throw SafetensorsError(
                path: origin, problem: .notIntegers(tensor: name, dtype: entry.dtype))
        }
    }

    /// Accesses the elements of an F32 tensor in the mapped file, without copying.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - body: receives the bytes, which are aligned for float32 and valid only during the call.
    /// - Returns: the result of `body`, or nil if the elements are not F32 or not aligned; use
    ///   ``tensor(named:)`` then.
    /// - Throws: errors of ``tensor(named:)`` and of `body`.
    package func withUnsafeBytes<Result>(
        ofFloat32 name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        let entry = try entry(named: name)
        let offset = dataStart + entry.bytes.lowerBound
        guard entry.dtype == .float32, offset % MemoryLayout<Float>.alignment == 0 else {
            return nil
        }
        return try withBytes(of: entry, body)
    }

    private func entry(named name: String) throws(SafetensorsError) -> SafetensorsHeader.Entry {
        guard let entry = entries[name] else {
            throw SafetensorsError(path: origin, problem: .noSuchTensor(name))
        }
        return entry
    }

    private func withBytes<Result>(
        of entry: SafetensorsHeader.Entry, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let begin = dataStart + entry.bytes.lowerBound
        return try file.withBytes(in: begin..<begin + entry.bytes.count, body)
    }

    private static func integers<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, as type: Stored.Type
    ) -> [Int] {
        stride(from: 0, to: bytes.count, by: MemoryLayout<Stored>.size).map {
            Int(bytes.loadUnaligned(fromByteOffset: $0, as: type))
        }
    }

    private static func narrowedFloats(_ bytes: UnsafeRawBufferPointer) throws -> [Float] {
        try stride(from: 0, to: bytes.count, by: MemoryLayout<Double>.size).map {
            try .narrowed(bytes.loadUnaligned(fromByteOffset: $0, as: Double.self))
        }
    }

    private static func copiedFloats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / MemoryLayout<Float>.stride
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            initializedCount = count
        }
    }
}

extension SafetensorsFile {
    /// Whether a file's first bytes may be those of a safetensors file: a header's length and `{`.
    ///
    /// - Parameter prefix: the first bytes; 9 are enough.
    /// - Returns: whether it may be one.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        prefix.dropFirst(lengthByteCount).first == UInt8(ascii: "{")
    }

    /// The number of bytes before the header, which contain its length.
    static let lengthByteCount = MemoryLayout<UInt64>.size

    /// Reads the header's length and validates it.
    private static func headerEnd(in file: MappedFile) throws -> Int {
        guard file.byteCount >= lengthByteCount else {
            throw SafetensorsError.Problem.noHeaderLength(byteCount: file.byteCount)
        }
        let claimed = try file.withBytes(in: 0..<lengthByteCount) { bytes in
            bytes.loadUnaligned(as: UInt64.self)
        }
        guard claimed <= SafetensorsHeader.byteLimit else {
            throw SafetensorsError.Problem.headerTooLong(
                length: claimed, limit: SafetensorsHeader.byteLimit)
        }
        let available = file.byteCount - lengthByteCount
        guard claimed <= available else {
            throw SafetensorsError.Problem.headerPastEnd(
                length: Int(claimed), available: available)
        }
        return lengthByteCount + Int(claimed)
    }
}
