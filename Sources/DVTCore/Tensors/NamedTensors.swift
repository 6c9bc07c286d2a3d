/// A file, or another source, of named tensors and metadata: what a checkpoint reader yields.
public protocol NamedTensors: Sendable {
    /// Where the tensors come from, for messages: a path.
    var origin: String { get }

    /// Text stored beside the tensors.
    var metadata: [String: String] { get }

    /// The shape of every tensor by name.
    var shapes: [String: Shape] { get }

    /// How far storing may have moved a number, relatively: half a unit in the last place of the
    /// least precise type among the tensors. 2^-24 for float32, 2^-11 for float16, 2^-8 for
    /// bfloat16.
    var roundoff: Double { get }

    /// Reads one tensor, converted to float32.
    ///
    /// - Parameter name: the tensor's name, as the file spells it.
    /// - Returns: the tensor.
    /// - Throws: the source's own error when the name is missing or its type is not a
    ///   floating-point one.
    func tensor(named name: String) throws -> Tensor
}

extension NamedTensors {
    /// That of float32, 2^-24.
    public var roundoff: Double { 0x1p-24 }
}
