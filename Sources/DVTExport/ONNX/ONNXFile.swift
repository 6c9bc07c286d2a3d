import DVTSupport
import SwiftProtobuf

/// A file of an ONNX model, whose weights are read and written one by one.
///
/// The lengths of the messages around the weights follow from shapes: they are known before any weight
/// is read, and memory holds one at a time.
struct ONNXFile {
    /// The model, whose graph has no initializers.
    let message: WireModelProto
    let initializers: [ONNXInitializer]

    /// Readers of protobuf count the bytes of a message in an Int32.
    static let byteLimit = Int(Int32.max)

    /// Writes the file atomically.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - byteLimit: the maximum size.
    /// - Throws: ``ExportError/tooLarge(path:byteCount:limit:)``, the error of the weights, or
    ///   ``/DVTSupport/FileError``.
    func write(to path: String, byteLimit: Int = byteLimit) throws {
        var outer = message
        outer.clearGraph()
        let model: [UInt8] = try outer.serializedBytes()
        let graph: [UInt8] = try message.graph.serializedBytes()
        let headers = try initializers.map { initializer -> [UInt8] in
            let header: [UInt8] = try initializer.header.serializedBytes()
            let elements = initializer.byteCount
            let count = header.count + Self.prefix(field: .rawData, byteCount: elements).count
            return Self.prefix(field: .initializer, byteCount: count + elements) + header
                + Self.prefix(field: .rawData, byteCount: elements)
        }
        let weights = zip(headers, initializers).reduce(0) { $0 + $1.0.count + $1.1.byteCount }
        let start = model + Self.prefix(field: .graph, byteCount: graph.count + weights) + graph
        guard start.count + weights <= byteLimit else {
            throw ExportError.tooLarge(
                path: path, byteCount: start.count + weights, limit: byteLimit)
        }
        let writer = try AtomicFileWriter(path: path)
        try writer.append(start)
        for (header, initializer) in zip(headers, initializers) {
            try writer.append(header)
            switch initializer.elements {
            case .floats(let read): try read().withUnsafeBytes { try writer.append($0) }
            case .integers(let values): try values.withUnsafeBytes { try writer.append($0) }
            }
        }
        try writer.commit()
    }

    /// The fields with a length that are written here, by their numbers in onnx.proto.
    private enum Field: Int {
        /// Of `ModelProto`.
        case graph = 7
        /// Of `GraphProto`.
        case initializer = 5
        /// Of `TensorProto`.
        case rawData = 9
    }

    /// A field's key, of wire type 2, and its length.
    private static func prefix(field: Field, byteCount: Int) -> [UInt8] {
        var bytes = [UInt8(field.rawValue << 3 | 2)]
        var rest = byteCount
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
