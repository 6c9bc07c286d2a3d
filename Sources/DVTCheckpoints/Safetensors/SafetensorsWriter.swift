import DVTCore
import DVTSupport

/// Writes safetensors files.
public enum SafetensorsWriter {
    /// The element types of written tensors.
    public enum ElementType: String, CaseIterable, Sendable {
        /// float32, exact.
        case float32 = "F32"
        /// binary16, rounded to nearest.
        case float16 = "F16"
        /// bfloat16, rounded to nearest.
        case bfloat16 = "BF16"

        /// The size of an element, in bytes.
        public var byteCount: Int { self == .float32 ? 4 : 2 }
    }

    /// Writes a file atomically: an existing file at `path` is replaced once the new one is
    /// complete.
    ///
    /// - Parameters:
    ///   - tensors: tensors with unique names, in their order in the file.
    ///   - integers: named lists of integers, which follow the tensors as I32.
    ///   - metadata: the text of `__metadata__`, which is omitted if there is none.
    ///   - elementType: the type of every element of `tensors` in the file.
    ///   - path: the file to create or replace.
    /// - Throws: ``SafetensorsError`` if a name cannot be written, ``/DVTSupport/FileError`` if
    ///   writing fails.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)],
        integers: [(name: String, values: [Int32])] = [], metadata: [String: String] = [:],
        as elementType: ElementType = .float32, to path: String
    ) throws {
        try write(
            tensors.map { (name: $0.name, shape: $0.tensor.shape) }, integers: integers,
            metadata: metadata, as: elementType, to: path
        ) { tensors[$0].tensor }
    }

    /// Writes a file of tensors that are computed one at a time, atomically.
    ///
    /// - Parameters:
    ///   - entries: unique names and shapes, in their order in the file.
    ///   - metadata: the text of `__metadata__`, which is omitted if there is none.
    ///   - elementType: the type of every element in the file.
    ///   - path: the file to create or replace.
    ///   - tensor: returns the tensor of an entry, by its index.
    /// - Throws: ``SafetensorsError`` if a name cannot be written, ``/DVTSupport/FileError`` if
    ///   writing fails, and errors of `tensor`.
    public static func write(
        _ entries: [(name: String, shape: Shape)], metadata: [String: String] = [:],
        as elementType: ElementType = .float32, to path: String, tensor: (Int) throws -> Tensor
    ) throws {
        try write(
            entries, integers: [], metadata: metadata, as: elementType, to: path, tensor: tensor)
    }

    /// Writes a file of float32 tensors that are passed in pieces, atomically.
    ///
    /// - Parameters:
    ///   - entries: unique names and shapes, in their order in the file.
    ///   - integers: named lists of integers, which follow the tensors as I32.
    ///   - metadata: the text of `__metadata__`.
    ///   - path: the file to create or replace.
    ///   - pieces: passes the elements of an entry, given by index, piece by piece to its closure.
    /// - Throws: ``SafetensorsError`` if a name cannot be written, ``/DVTCore/ShapeError`` if an
    ///   entry's pieces do not add up to its shape, ``/DVTSupport/FileError`` if writing fails,
    ///   and errors of `pieces`.
    package static func write(
        _ entries: [(name: String, shape: Shape)], integers: [(name: String, values: [Int32])],
        metadata: [String: String], to path: String,
        pieces: (Int, ([Float]) throws -> Void) throws -> Void
    ) throws {
        try write(entries, integers: integers, metadata: metadata, as: .float32, to: path) {
            index, writer in
            var count = 0
            try pieces(index) { piece in
                try piece.withUnsafeBytes { try writer.append($0) }
                count += piece.count
            }
            try requireShape(
                entries[index].name, [count], [entries[index].shape.elementCount])
        }
    }

    private static func write(
        _ entries: [(name: String, shape: Shape)], integers: [(name: String, values: [Int32])],
        metadata: [String: String], as elementType: ElementType, to path: String,
        tensor: (Int) throws -> Tensor
    ) throws {
        try write(entries, integers: integers, metadata: metadata, as: elementType, to: path) {
            index, writer in
            let tensor = try tensor(index)
            try requireShape(entries[index].name, tensor.shape, entries[index].shape)
            try append(tensor.values, as: elementType, to: writer)
        }
    }

    private static func write(
        _ entries: [(name: String, shape: Shape)], integers: [(name: String, values: [Int32])],
        metadata: [String: String], as elementType: ElementType, to path: String,
        body: (Int, borrowing AtomicFileWriter) throws -> Void
    ) throws {
        let header: [UInt8]
        do throws(SafetensorsError.Problem) {
            header = try encodedHeader(
                entries, integers: integers.map { (name: $0.name, count: $0.values.count) },
                metadata: metadata, as: elementType)
        } catch {
            throw SafetensorsError(path: path, problem: error)
        }
        let writer = try AtomicFileWriter(path: path)
        try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try writer.append($0) }
        try header.withUnsafeBytes { try writer.append($0) }
        for index in entries.indices {
            try body(index, writer)
        }
        for (_, values) in integers {
            try values.withUnsafeBytes { try writer.append($0) }
        }
        try writer.commit()
    }

    private static func append(
        _ values: [Float], as elementType: ElementType, to writer: borrowing AtomicFileWriter
    ) throws {
        let format: HalfFormat
        switch elementType {
        case .float32: return try values.withUnsafeBytes { try writer.append($0) }
        case .float16: format = .float16
        case .bfloat16: format = .bfloat16
        }
        // Amortizes the cost of a call, and bounds the memory of the converted copy.
        let chunkCount = 1 << 16
        for start in stride(from: 0, to: values.count, by: chunkCount) {
            let chunk = values[start..<min(start + chunkCount, values.count)]
            try chunk.map(format.encode).withUnsafeBytes { try writer.append($0) }
        }
    }
}

extension SafetensorsWriter {
    /// Encodes the header, padded with spaces to align the first tensor to 8 bytes.
    ///
    /// - Parameters:
    ///   - entries: the tensors, in order.
    ///   - integers: the I32 lists that follow them.
    ///   - metadata: the text of `__metadata__`.
    ///   - elementType: the element type of `entries`.
    ///   - byteLimit: the maximum size.
    /// - Returns: the header without its length.
    /// - Throws: ``SafetensorsError/Problem`` if a name cannot be written or the header is too
    ///   long.
    static func encodedHeader(
        _ entries: [(name: String, shape: Shape)], integers: [(name: String, count: Int)] = [],
        metadata: [String: String], as elementType: ElementType,
        byteLimit: Int = SafetensorsHeader.byteLimit
    ) throws(SafetensorsError.Problem) -> [UInt8] {
        var members: [[UInt8]] = metadata.isEmpty ? [] : [encodedMetadata(metadata)]
        var names: Set<String> = []
        var offset = 0
        let typed =
            entries.map { ($0.name, $0.shape, elementType.rawValue, elementType.byteCount) }
            + integers.map { ($0.name, [$0.count], SafetensorsDType.int32.rawValue, 4) }
        for (name, shape, type, byteCount) in typed {
            guard name != "__metadata__" else { throw .reservedName }
            guard names.insert(name).inserted else { throw .repeatedName(name) }
            let end = offset + shape.elementCount * byteCount
            members.append(encodedEntry(name, shape, type, bytes: offset..<end))
            offset = end
        }
        var header = encodedObject(members)
        header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        guard header.count <= byteLimit else {
            throw .headerTooLongToWrite(length: header.count, limit: byteLimit)
        }
        return header
    }

    private static func encodedMetadata(_ metadata: [String: String]) -> [UInt8] {
        // Sorted, for reproducible files.
        let members = metadata.sorted { $0.key < $1.key }.map { key, text in
            Array("\(jsonString(key)):\(jsonString(text))".utf8)
        }
        return "\"__metadata__\":".utf8 + encodedObject(members)
    }

    private static func encodedEntry(
        _ name: String, _ shape: Shape, _ type: String, bytes: Range<Int>
    ) -> [UInt8] {
        let extents = shape.dimensions.map(String.init).joined(separator: ",")
        let entry = """
            :{"dtype":"\(type)","shape":[\(extents)],\
            "data_offsets":[\(bytes.lowerBound),\(bytes.upperBound)]}
            """
        return Array((jsonString(name) + entry).utf8)
    }

    private static func encodedObject(_ members: [[UInt8]]) -> [UInt8] {
        var result = [UInt8(ascii: "{")]
        for member in members {
            if result.count > 1 { result.append(UInt8(ascii: ",")) }
            result += member
        }
        return result + [UInt8(ascii: "}")]
    }
}
