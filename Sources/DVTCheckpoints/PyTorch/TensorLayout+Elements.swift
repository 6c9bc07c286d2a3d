import DVTCore
import DVTSupport

extension TensorLayout {
    /// The elements as float32, in row-major order.
    ///
    /// - Parameter bytes: the bytes of ``bytes``.
    /// - Returns: the elements, or nil unless they are floating-point numbers of 16 bits or more.
    func floats(in bytes: UnsafeRawBufferPointer) -> [Float]? {
        switch type {
        case .float32:
            isContiguous
                ? Self.copied(bytes)
                : strided { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        case .float16: halves(.float16, in: bytes)
        case .bfloat16: halves(.bfloat16, in: bytes)
        case .float64:
            strided { Float(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self)) }
        default: nil
        }
    }

    /// The elements as numbers, in row-major order.
    ///
    /// - Parameter bytes: the bytes of ``bytes``.
    /// - Returns: the elements, or nil if their type has no numbers in JSON.
    func numbers(in bytes: UnsafeRawBufferPointer) -> [JSONValue]? {
        let numbers = strided { type.number(in: bytes, at: $0 * type.byteCount) }.compactMap { $0 }
        return numbers.count == shape.elementCount ? numbers : nil
    }

    /// Whether the elements lie in their order, without gaps.
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

    /// Gathers the elements.
    ///
    /// - Parameter load: gives the element at a place, counted in elements from the first byte.
    /// - Returns: the elements, in row-major order.
    private func strided<Element>(_ load: (Int) -> Element) -> [Element] {
        guard shape.elementCount > 0 else { return [] }
        var rows = [0]
        for (size, stride) in zip(shape.dimensions, strides).dropLast() {
            rows = rows.flatMap { row in (0..<size).map { row + $0 * stride } }
        }
        let (size, stride) = (shape.dimensions.last ?? 1, strides.last ?? 0)
        var elements: [Element] = []
        elements.reserveCapacity(shape.elementCount)
        for row in rows {
            for index in 0..<size { elements.append(load(row + index * stride)) }
        }
        return elements
    }
}

extension TorchElementType {
    /// One element as a number.
    ///
    /// - Parameters:
    ///   - bytes: bytes that hold it.
    ///   - offset: its first byte.
    /// - Returns: the number, or nil if the type has none in JSON.
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
