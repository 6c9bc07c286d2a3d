import DVTCore
import DVTSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A MindSpore checkpoint, mapped into memory; tensors are read on demand.
///
/// Every value is decoded and validated when the file is opened, without keeping its content. If
/// the file is truncated later, the next access throws.
///
/// - SeeAlso: `save_checkpoint` in MindSpore's `serialization.py`.
package final class MindSporeCheckpoint: NamedTensors, Sendable {
    /// The text values saved by `append_dict`.
    package let metadata: [String: String]
    /// The shape of every tensor by name; scalars have no axes.
    package let shapes: [String: Shape]
    private let entries: [String: MindSporeLayout.Entry]
    private let file: MappedFile

    /// Opens and validates a file.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if the file cannot be read, ``MindSporeError`` if it is malformed or
    ///   encrypted.
    package init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            let layout = try MindSporeLayout(file)
            self.metadata = layout.metadata
            self.shapes = layout.entries.mapValues(\.shape)
            self.entries = layout.entries
        } catch let problem as MindSporeError.Problem {
            throw MindSporeError(path: path, problem: problem)
        }
        self.file = file
    }

    /// The path with which the file was opened.
    package var origin: String { file.path }

    /// The largest relative rounding error of the stored elements: 2^-24, or more if a tensor has
    /// 16-bit elements.
    package var roundoff: Double { HalfFormat.roundoff(of: entries.values.lazy.map(\.dtype.half)) }

    /// The element type of one tensor.
    ///
    /// - Parameter name: the tensor's name.
    /// - Returns: the type in the file; ``tensor(named:)`` reads the floating-point ones.
    /// - Throws: ``MindSporeError`` if there is no such tensor.
    package func dtype(named name: String) throws -> MindSporeDType {
        try entry(named: name).dtype
    }

    /// Reads one tensor, joining its slices and converting Float16, BFloat16 and Float64 to
    /// float32.
    ///
    /// - Parameter name: the tensor's name in the file.
    /// - Returns: the tensor; NaN and infinity are kept.
    /// - Throws: ``MindSporeError`` if there is no such tensor, its element type is not supported
    ///   or a Float64 is beyond float32, ``FileError`` if the file has been truncated.
    package func tensor(named name: String) throws -> Tensor {
        let entry = try entry(named: name)
        guard entry.dtype.isFloatingPoint else {
            throw MindSporeError(
                path: origin, problem: .unsupportedDType(tensor: name, dtype: entry.dtype))
        }
        do {
            return Tensor(entry.shape, values: try values(of: entry, tensor: name))
        } catch let overflow as Float64Overflow {
            throw MindSporeError(
                path: origin, problem: .overflow(tensor: name, value: overflow.value))
        }
    }

    private func values(of entry: MindSporeLayout.Entry, tensor name: String) throws -> [Float] {
        try [Float](unsafeUninitializedCapacity: entry.shape.elementCount) {
            buffer, initializedCount in
            for slice in entry.slices {
                let end = initializedCount + slice.byteCount / entry.dtype.byteCount
                let content = try content(of: slice, tensor: name)
                try content.withUnsafeBytes { bytes in
                    try entry.dtype.convert(bytes, to: buffer[initializedCount..<end])
                }
                initializedCount = end
            }
        }
    }

    private func entry(named name: String) throws(MindSporeError) -> MindSporeLayout.Entry {
        guard let entry = entries[name] else {
            throw MindSporeError(path: origin, problem: .noSuchTensor(name))
        }
        return entry
    }

    /// The elements of one slice.
    // Another process may change the open file; the number of elements is checked again because the
    // shape relies on it.
    private func content(of slice: MindSporeLayout.Slice, tensor name: String) throws -> Data {
        do {
            let content = try MindSporeValues.decode(slice.value, in: file).tensor.tensorContent
            guard content.count == slice.byteCount else {
                throw MindSporeError.Problem.changed(tensor: name)
            }
            return content
        } catch is MindSporeError.Problem {
            throw MindSporeError(path: origin, problem: .changed(tensor: name))
        }
    }
}
