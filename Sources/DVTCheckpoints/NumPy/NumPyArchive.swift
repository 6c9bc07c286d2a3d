import DVTCore
import DVTSupport

/// The arrays of an `.npz` file, which `numpy.savez` or `numpy.savez_compressed` wrote, mapped into
/// memory; arrays are read on demand.
///
/// All headers are validated when the file is opened. Names are those of the entries without `.npy`.
///
/// - SeeAlso: <https://numpy.org/doc/stable/reference/generated/numpy.savez.html>.
package final class NumPyArchive: NamedTensors, Sendable {
    /// Empty: the format has no metadata.
    package let metadata: [String: String] = [:]
    /// The shape of every array by name, including those of unsupported element types.
    package let shapes: [String: Shape]
    private let arrays: [String: ArchivedArray]
    private let file: MappedFile

    /// Opens a file and validates the headers of its arrays.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if the file cannot be read, ``NumPyError`` if it is malformed.
    package init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            arrays = try file.withBytes(in: 0..<file.byteCount) { bytes in
                let members = try Self.members(bytes)
                let arrays = try members.map { name, member in
                    (name, try ArchivedArray(member, name: name, in: bytes))
                }
                return Dictionary(uniqueKeysWithValues: arrays)
            }
        } catch let problem as NumPyError.Problem {
            throw NumPyError(path: path, problem: problem)
        }
        shapes = arrays.mapValues(\.shape)
        self.file = file
    }

    /// The path with which the file was opened.
    package var origin: String { file.path }

    /// The largest relative rounding error of the stored elements: 2^-24, or more if an array has
    /// 16-bit elements.
    package var roundoff: Double {
        HalfFormat.roundoff(of: arrays.values.lazy.map { $0.type?.half })
    }

    /// Reads one array, converting float16 and float64 to float32.
    ///
    /// - Parameter name: the array's name, without `.npy`.
    /// - Returns: the array, row-major; NaN and infinity are kept.
    /// - Throws: ``NumPyError`` if there is no such array, its bytes are damaged, its element type is
    ///   not supported or a float64 is beyond float32, ``FileError`` if the file has been truncated.
    package func tensor(named name: String) throws -> Tensor {
        do {
            guard let array = arrays[name] else { throw NumPyError.Problem.noSuchTensor(name) }
            return try file.withBytes(in: array.member.data) { bytes in
                try array.tensor(in: bytes, name: name)
            }
        } catch let problem as NumPyError.Problem {
            throw NumPyError(path: origin, problem: problem)
        }
    }

    /// The entries by their names without `.npy`.
    private static func members(
        _ bytes: UnsafeRawBufferPointer
    ) throws -> [(String, ZipArchive.Member)] {
        do {
            let methods = [ZipArchive.stored, ZipArchive.deflated]
            return try ZipArchive(bytes, methods: methods).members.map { name, member in
                guard name.hasSuffix(".npy") else { throw NumPyError.Problem.notAnArray(name) }
                return (String(name.dropLast(".npy".count)), member)
            }
        } catch let problem as PyTorchCheckpointError.Problem {
            throw NumPyError.Problem.archive(problem)
        }
    }
}

/// The validated description of one array, and its entry in the archive.
struct ArchivedArray: Sendable {
    /// The extents.
    let shape: Shape
    /// The entry.
    let member: ZipArchive.Member
    /// The type of the elements, or nil if it is not one of numbers, little-endian.
    let type: TorchElementType?
    private let header: NumPyHeader

    /// Reads an array's header.
    ///
    /// - Parameters:
    ///   - member: its entry.
    ///   - name: its name, for error messages.
    ///   - bytes: the whole file.
    /// - Throws: ``NumPyError/Problem``.
    init(_ member: ZipArchive.Member, name: String, in bytes: UnsafeRawBufferPointer) throws {
        let data = UnsafeRawBufferPointer(rebasing: bytes[member.data])
        let start = try Self.start(of: member, data, name: name)
        guard let header = start.withUnsafeBytes({ NumPyHeader($0) }) else {
            throw NumPyError.Problem.notAnArray(name)
        }
        self.member = member
        self.header = header
        type = header.type.first.flatMap { order in
            "<|".contains(order)
                ? TorchElementType(numPyCode: String(header.type.dropFirst())) : nil
        }
        let needed = Self.byteCount(header, type)
        // The size of an unsupported type's elements is not known, but at least a byte.
        guard let count = needed,
            type == nil ? UInt64(count) <= member.byteCount : UInt64(count) == member.byteCount
        else {
            throw NumPyError.Problem.sizeMismatch(
                tensor: name, type: header.type, shape: header.shape, needed: needed,
                actual: member.byteCount)
        }
        shape = Shape(header.shape)
    }

    /// The first bytes of an entry, without compression.
    private static func start(
        of member: ZipArchive.Member, _ data: UnsafeRawBufferPointer, name: String
    ) throws -> [UInt8] {
        guard member.isDeflated else { return [UInt8](data.prefix(NumPyHeader.leadingByteCount)) }
        guard member.byteCount / UInt64(Inflation.largestRatio) <= UInt64(data.count) else {
            throw NumPyError.Problem.expandsTooFar(
                tensor: name, byteCount: member.byteCount, compressed: data.count)
        }
        var start = [UInt8](repeating: 0, count: NumPyHeader.leadingByteCount)
        let result = start.withUnsafeMutableBytes { Inflation.inflate(data, .none, into: $0) }
        guard let result else { throw NumPyError.Problem.damaged(tensor: name) }
        return Array(start.prefix(result.count))
    }

    /// The size of the header and the elements, or nil if it overflows; with a byte for an element of
    /// an unsupported type.
    private static func byteCount(_ header: NumPyHeader, _ type: TorchElementType?) -> Int? {
        // An overflow is an error even if a later extent is 0: `Shape` multiplies in this order.
        var count = 1
        for extent in header.shape + [type?.byteCount ?? 1] {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            count = product
        }
        let (sum, overflow) = count.addingReportingOverflow(header.byteCount)
        return overflow ? nil : sum
    }

    /// Reads the elements.
    ///
    /// - Parameters:
    ///   - data: the entry's bytes.
    ///   - name: the array's name, for error messages.
    /// - Returns: the array.
    /// - Throws: ``NumPyError/Problem``.
    func tensor(in data: UnsafeRawBufferPointer, name: String) throws -> Tensor {
        let unsupported = NumPyError.Problem.unsupportedType(tensor: name, type: header.type)
        guard let type else { throw unsupported }
        guard shape.elementCount > 0 else { return Tensor(shape, values: []) }
        let values = try withContent(of: data, name: name) { content in
            let elements = UnsafeRawBufferPointer(rebasing: content[header.byteCount...])
            let layout = TensorLayout(
                dense: type, sizes: header.shape, isFortranOrder: header.isFortranOrder,
                byteCount: elements.count)
            do {
                return try layout?.floats(in: elements)
            } catch let overflow as Float64Overflow {
                throw NumPyError.Problem.overflow(tensor: name, value: overflow.value)
            }
        }
        guard let values else { throw unsupported }
        return Tensor(shape, values: values)
    }

    /// Accesses the entry's bytes without compression, once their checksum is verified.
    private func withContent<Result>(
        of data: UnsafeRawBufferPointer, name: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard member.isDeflated else {
            guard Inflation.checksum(data) == member.checksum else {
                throw NumPyError.Problem.damaged(tensor: name)
            }
            return try body(data)
        }
        // The size is that of the shape, see `init`.
        let count = Int(member.byteCount)
        let content = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { content.deallocate() }
        let result = Inflation.inflate(data, .none, into: content)
        guard let result, result == (count, true),
            Inflation.checksum(UnsafeRawBufferPointer(content)) == member.checksum
        else { throw NumPyError.Problem.damaged(tensor: name) }
        return try body(UnsafeRawBufferPointer(content))
    }
}
