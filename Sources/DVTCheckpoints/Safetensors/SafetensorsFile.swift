import DVTCore
import DVTSupport

/// A safetensors file, mapped into memory; tensors are read when they are asked for.
///
/// The whole header is checked when the file is opened, so that every tensor's bytes are known to
/// be there. A file that is cut short later is an error of the next access.
///
/// - SeeAlso: the format, <https://github.com/huggingface/safetensors#format>.
public final class SafetensorsFile: NamedTensors, Sendable {
    /// Text stored beside the tensors.
    public let metadata: [String: String]
    /// The shape of every tensor by name.
    public let shapes: [String: Shape]
    private let entries: [String: SafetensorsHeader.Entry]
    private let file: MappedFile
    private let dataStart: Int

    /// Opens a file and checks its header.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if the file cannot be read and ``SafetensorsError`` if it
    ///   breaks a rule of the format.
    public convenience init(path: String) throws {
        try self.init(MappedFile(path: path))
    }

    /// Opens what is part of the program.
    ///
    /// - Parameters:
    ///   - bytes: a whole file, which lives as long as the program.
    ///   - name: what messages call it.
    /// - Throws: ``SafetensorsError`` if it breaks a rule of the format.
    package convenience init(permanent bytes: UnsafeRawBufferPointer, name: String) throws {
        try self.init(MappedFile(permanent: bytes, name: name))
    }

    private init(_ file: MappedFile) throws {
        do {
            let headerEnd = try Self.headerEnd(in: file)
            let json = try file.withBytes(in: Self.lengthByteCount..<headerEnd) { bytes in
                // A sparse file is no reason to copy a hundred million zeros.
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

    /// The path the file was opened by.
    public var origin: String { file.path }

    /// How far storing may have moved a number: 2^-24, or more where a tensor is of 16 bits.
    public var roundoff: Double { HalfFormat.roundoff(of: entries.values.lazy.map(\.dtype.half)) }

    /// The element type of one tensor.
    ///
    /// - Parameter name: the tensor's name.
    /// - Returns: the type in the file; ``tensor(named:)`` reads F32, F16 and BF16.
    /// - Throws: ``SafetensorsError`` if there is no such tensor.
    public func dtype(named name: String) throws -> SafetensorsDType {
        try entry(named: name).dtype
    }

    /// Reads one tensor, converting F16 and BF16 to float32.
    ///
    /// - Parameter name: the tensor's name, as the file spells it.
    /// - Returns: the tensor; NaN and infinity are kept.
    /// - Throws: ``SafetensorsError`` if there is no such tensor or its elements are of another
    ///   type, ``FileError`` if the file was cut short meanwhile.
    public func tensor(named name: String) throws -> Tensor {
        let entry = try entry(named: name)
        let convert: (UnsafeRawBufferPointer) -> [Float]
        switch entry.dtype {
        case .float32: convert = Self.copiedFloats
        case .float16: convert = HalfFormat.float16.decode
        case .bfloat16: convert = HalfFormat.bfloat16.decode
        default:
            throw SafetensorsError(
                path: origin, problem: .unsupportedDType(tensor: name, dtype: entry.dtype))
        }
        return Tensor(entry.shape, values: try withBytes(of: entry, convert))
    }

    /// Reads one tensor of integers.
    ///
    /// - Parameter name: the tensor's name, as the file spells it.
    /// - Returns: the elements, row-major.
    /// - Throws: ``SafetensorsError`` if there is no such tensor or its elements are not I32 or
    ///   I64, ``FileError`` if the file was cut short meanwhile.
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

    /// Looks at the elements of an F32 tensor where they lie in the mapped file.
    ///
    /// - Parameters:
    ///   - name: the tensor's name.
    ///   - body: what to do with the bytes, which are aligned for float32; they must not be kept.
    /// - Returns: what `body` returns; nil if the elements are not F32 or not aligned in the file,
    ///   so that ``tensor(named:)`` is the way to them.
    /// - Throws: as ``tensor(named:)``, and what `body` throws.
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

    private static func copiedFloats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / MemoryLayout<Float>.stride
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            initializedCount = count
        }
    }
}

extension SafetensorsFile {
    /// Whether a file begins as one of this format: a header's length, then the header's brace.
    ///
    /// - Parameter prefix: the first bytes of the file; 9 are enough.
    /// - Returns: whether it may be one.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        prefix.dropFirst(lengthByteCount).first == UInt8(ascii: "{")
    }

    /// The bytes in front of the header, which hold its length.
    static let lengthByteCount = MemoryLayout<UInt64>.size

    /// Reads the header's length and checks that the file has as many bytes.
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
