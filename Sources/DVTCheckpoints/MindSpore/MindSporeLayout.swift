import DVTCore
import DVTSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The validated contents of a checkpoint and their positions in the file.
struct MindSporeLayout {
    /// One tensor.
    struct Entry: Sendable {
        /// The element type.
        let dtype: MindSporeDType
        /// The shape; its element count does not overflow.
        let shape: Shape
        /// The slices, in order; their sizes add up to that of the tensor.
        let slices: [Slice]
    }

    /// The part of a tensor in one value, of whole elements.
    struct Slice: Sendable {
        /// The bytes of the value in the file.
        let value: Range<Int>
        /// The size of its content, in bytes.
        let byteCount: Int
    }

    /// The text values by name.
    private(set) var metadata: [String: String] = [:]
    /// The tensors by name.
    private(set) var entries: [String: Entry] = [:]
    private var names: Set<String> = []

    /// Reads and validates all values of a file.
    ///
    /// - Parameter file: the checkpoint.
    /// - Throws: ``MindSporeError/Problem``, ``FileError``.
    init(_ file: MappedFile) throws {
        var values = try MindSporeValues(file)
        var group: Group?
        while let range = try values.next() {
            let value = try MindSporeValues.decode(range, in: file)
            if try group?.join(value, range) != true {
                try add(group)
                group = Group(value, range)
            }
        }
        try add(group)
    }

    private mutating func add(_ group: Group?) throws(MindSporeError.Problem) {
        guard let group else { return }
        guard names.insert(group.name).inserted else { throw .repeatedName(group.name) }
        switch group.dtype {
        case "str": metadata[group.name] = try group.decodedText()
        // The state of MindSpore's random number generator is ignored.
        case "random_op": break
        default: entries[group.name] = try group.entry()
        }
    }
}

/// Adjacent values of one name: a tensor, a text or a random state.
private struct Group {
    let name: String
    let dtype: String
    private let dimensions: [Int]
    private var slices: [MindSporeLayout.Slice] = []
    private var text = Data()

    init(_ value: WireCheckpoint.Value, _ range: Range<Int>) {
        name = value.tag
        dtype = value.tensor.tensorType
        dimensions = value.tensor.dims.map(Int.init)
        append(value.tensor.tensorContent, range)
    }

    private mutating func append(_ content: Data, _ range: Range<Int>) {
        slices.append(MindSporeLayout.Slice(value: range, byteCount: content.count))
        if dtype == "str" { text += content }
    }

    /// Adds a value as a slice; returns false if it has another name.
    mutating func join(
        _ value: WireCheckpoint.Value, _ range: Range<Int>
    ) throws(MindSporeError.Problem) -> Bool {
        // Compares bytes, because Swift's == ignores Unicode normalization.
        guard value.tag.utf8.elementsEqual(name.utf8) else { return false }
        guard value.tensor.tensorType == dtype else {
            throw .sliceDType(tensor: name, first: dtype, other: value.tensor.tensorType)
        }
        let other = value.tensor.dims.map(Int.init)
        guard other == dimensions else {
            throw .sliceShape(tensor: name, first: dimensions, other: other)
        }
        append(value.tensor.tensorContent, range)
        return true
    }

    func entry() throws(MindSporeError.Problem) -> MindSporeLayout.Entry {
        guard let dtype = MindSporeDType(name: dtype) else {
            throw .unknownDType(tensor: name, dtype: dtype)
        }
        let actual = slices.reduce(0) { $0 + $1.byteCount }
        // Scalars have no extents or, in older versions, a single 0.
        let shape = dimensions == [0] && actual > 0 ? [] : dimensions
        guard shape.allSatisfy({ $0 >= 0 }) else {
            throw .negativeExtent(tensor: name, shape: shape)
        }
        let needed = try byteCount(of: shape, dtype)
        guard needed == actual else {
            throw .sizeMismatch(
                tensor: name, dtype: dtype, shape: shape, needed: needed, actual: actual)
        }
        if let slice = slices.first(where: { $0.byteCount % dtype.byteCount != 0 }) {
            throw .partialElement(tensor: name, dtype: dtype, byteCount: slice.byteCount)
        }
        return MindSporeLayout.Entry(dtype: dtype, shape: Shape(shape), slices: slices)
    }

    /// The size of a tensor, in bytes.
    ///
    /// An overflow is an error even if a later extent is 0: `Shape` multiplies in the same order.
    private func byteCount(
        of shape: [Int], _ dtype: MindSporeDType
    ) throws(MindSporeError.Problem) -> Int {
        var count = 1
        for extent in shape + [dtype.byteCount] {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .sizeOverflow(tensor: name, shape: shape) }
            count = product
        }
        return count
    }

    /// The text, which NumPy writes as little-endian UTF-32 padded with zeros.
    func decodedText() throws(MindSporeError.Problem) -> String {
        let stride = MemoryLayout<UInt32>.size
        let scalars = text.withUnsafeBytes { bytes in
            (0..<bytes.count / stride).map { index in
                bytes.loadUnaligned(fromByteOffset: stride * index, as: UInt32.self)
            }
        }
        let end = scalars.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        var result = String.UnicodeScalarView()
        for scalar in scalars[..<end].map(Unicode.Scalar.init) {
            guard let scalar else { throw .invalidText(name: name) }
            result.append(scalar)
        }
        guard text.count % stride == 0 else { throw .invalidText(name: name) }
        return String(result)
    }
}
