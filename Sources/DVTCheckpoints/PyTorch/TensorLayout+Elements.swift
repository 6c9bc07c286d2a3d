import DVTCore
import DVTSupport

extension TensorLayout {
    /// Converts the elements to float32.
    ///
    /// - Parameter bytes: the bytes of ``bytes``.
    /// - Returns: the elements in row-major order, or nil unless the type is a floating-point type
    ///   of at least 16 bits.
    /// - Throws: ``Float64Overflow``.
    func floats(in bytes: UnsafeRawBufferPointer) throws -> [Float]? {
        switch type {
        case .float32:
            isContiguous
                ? Self.copied(bytes)
                : strided { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        case .float16: halves(.float16, in: bytes)
        case .bfloat16: halves(.bfloat16, in: bytes)
        case .float64:
            try strided {
                try .narrowed(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self))
            }
        default: nil
        }
    }

    /// Converts the elements to JSON.
    ///
    /// - Parameter bytes: the bytes of ``bytes``.
    /// - Returns: the elements in row-major order, or nil if JSON cannot represent one.
    func numbers(in bytes: UnsafeRawBufferPointer) -> [JSONValue]? {
        let numbers = strided { type.number(in: bytes, at: $0 * type.byteCount) }.compactMap { $0 }
        return numbers.count == shape.elementCount ? numbers : nil
    }

    /// Whether the elements are stored in row-major order without gaps.
    private var isContiguous: Bool {
        guard shape.elementCount > 0 else { return true }
        var expected = 1
        for (size, stride) in zip(shape.dimensions, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected *= size
        }
        return true
    }

    private static func copied(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / MemoryLayout<Float>.stride
        return [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
            initializedCount = count
        }
    }

    private func halves(_ format: HalfFormat, in bytes: UnsafeRawBufferPointer) -> [Float] {
        isContiguous
            ? format.decode(bytes)
            : strided {
                format.decode(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self))
            }
    }

    /// Gathers the elements in row-major order.
    ///
    /// - Parameter load: returns the element at an index relative to the first.
    /// - Returns: the elements.
    private func strided<Element>(_ load: (Int) throws -> Element) rethrows -> [Element] {
        guard shape.elementCount > 0 else { return [] }
        var rows = [0]
        for (size, stride) in zip(shape.dimensions, strides).dropLast() {
            rows = rows.flatMap { row in (0..<size).map { row + $0 * stride } }
        }
        let (size, stride) = (shape.dimensions.last ?? 1, strides.last ?? 0)
        var elements: [Element] = []
        elements.reserveCapacity(shape.elementCount)
        for row in rows {
            for index in 0..<size { elements.append(try load(row + index * stride)) }
        }
        return elements
    }
}

extension TorchElementType {
    /// Converts one element to JSON.
    ///
    /// - Parameters:
    ///   - bytes: the bytes that contain the element.
    ///   - offset: its first byte.
    /// - Returns: the number, or nil if JSON cannot represent it.
    func number(in bytes: UnsafeRawBufferPointer, at offset: Int) -> JSONValue? {
        func load<Number>(_ type: Number.Type) -> Number {
            bytes.loadUnaligned(fromByteOffset: offset, as: type)
        }
        switch self {
        case .float64: return .double(load(Double.self))
        case .float32: return .float(load(Float.self))
        case .float16: return .float(HalfFormat.float16.decode(load(UInt16.self)))
        case .bfloat16: return .float(HalfFormat.bfloat16.decode(load(UInt16.self)))
        case .int64: return .int(Int(load(Int64.self)))
        case .int32: return .int(Int(load(Int32.self)))
        case .int16: return .int(Int(load(Int16.self)))
        case .int8: return .int(Int(load(Int8.self)))
        case .uint64: return Int(exactly: load(UInt64.self)).map(JSONValue.int)
        case .uint32: return .int(Int(load(UInt32.self)))
        case .uint16: return .int(Int(load(UInt16.self)))
        case .uint8: return .int(Int(load(UInt8.self)))
        case .bool: return .bool(load(UInt8.self) != 0)
        default: return nil
        }
    }
}
