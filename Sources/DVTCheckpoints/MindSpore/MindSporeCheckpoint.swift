import DVTCore
import DVTSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A MindSpore checkpoint, mapped into memory; tensors are read when they are asked for.
///
/// Every value is decoded and checked when the file is opened, and its content let go again. A file
/// that is cut short later is an error of the next access.
///
/// - SeeAlso: `save_checkpoint` in MindSpore's `serialization.py`.
public final class MindSporeCheckpoint: NamedTensors, Sendable {
    /// Texts saved beside the tensors by `append_dict`.
    public let metadata: [String: String]
    /// The shape of every tensor by name; a scalar's has no axes.
    public let shapes: [String: Shape]
    private let entries: [String: MindSporeLayout.Entry]
    private let file: MappedFile

    /// Opens a file and checks all of it.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``FileError`` if the file cannot be read and ``MindSporeError`` if it
    ///   breaks a rule of the format, or is encrypted.
    public init(path: String) throws {
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

    /// The path the file was opened by.
    public var origin: String { file.path }

    /// How far storing may have moved a number: 2^-24, or more where a tensor is of 16 bits.
    public var roundoff: Double { HalfFormat.roundoff(of: entries.values.lazy.map(\.dtype.half)) }

    /// The element type of one tensor.
    ///
    /// - Parameter name: the tensor's name.
    /// - Returns: the type in the file; ``tensor(named:)`` reads the floating-point ones.
    /// - Throws: ``MindSporeError`` if there is no such tensor.
    public func dtype(named name: String) throws -> MindSporeDType {
        try entry(named: name).dtype
    }

    /// Reads one tensor, its slices joined, converting Float16, BFloat16 and Float64 to float32.
    ///
    /// - Parameter name: the tensor's name, as the file spells it.
    /// - Returns: the tensor; NaN and infinity are kept, and a Float64 beyond float32 becomes an
    ///   infinity.
    /// - Throws: ``MindSporeError`` if there is no such tensor or its elements are of another type,
    ///   ``FileError`` if the file was cut short meanwhile.
    public func tensor(named name: String) throws -> Tensor {
        let entry = try entry(named: name)
        guard entry.dtype.isFloatingPoint else {
            throw MindSporeError(
                path: origin, problem: .unsupportedDType(tensor: name, dtype: entry.dtype))
        }
        let values = try [Float](
            unsafeUninitializedCapacity: entry.shape.elementCount
        ) { buffer, initializedCount in
            for slice in entry.slices {
                let end = initializedCount + slice.byteCount / entry.dtype.byteCount
                let content = try content(of: slice, tensor: name)
                content.withUnsafeBytes { bytes in
                    entry.dtype.convert(bytes, to: buffer[initializedCount..<end])
                }
                initializedCount = end
            }
        }
        return Tensor(entry.shape, values: values)
    }

    private func entry(named name: String) throws(MindSporeError) -> MindSporeLayout.Entry {
        guard let entry = entries[name] else {
            throw MindSporeError(path: origin, problem: .noSuchTensor(name))
        }
        return entry
    }

    /// The elements in one slice.
    // Whoever writes into the open file may have changed them, but not their number, which was
    // checked against the shape.
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
