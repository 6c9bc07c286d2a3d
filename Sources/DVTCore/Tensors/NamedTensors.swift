/// A source of named tensors and metadata, such as a checkpoint file.
public protocol NamedTensors: Sendable {
    /// The path or another name of the source, for messages.
    var origin: String { get }

    /// The text entries stored with the tensors.
    var metadata: [String: String] { get }

    /// The shape of each tensor by name.
    var shapes: [String: Shape] { get }

    /// The unit roundoff of the least precise type among the tensors.
    ///
    /// Half a unit in the last place: 2^-24 for float32, 2^-11 for float16, 2^-8 for bfloat16.
    var roundoff: Double { get }

    /// Reads one tensor, converted to float32.
    ///
    /// - Parameter name: the tensor's name in the file.
    /// - Returns: the tensor.
    /// - Throws: the source's own error if the name is missing or the type is not floating-point.
    func tensor(named name: String) throws -> Tensor
}

extension NamedTensors {
    /// The unit roundoff of float32, 2^-24.
    public var roundoff: Double { 0x1p-24 }
}
