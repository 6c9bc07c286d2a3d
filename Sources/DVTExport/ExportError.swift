import DVTSupport

/// A model that cannot be exported.
package enum ExportError: Error, Equatable {
    /// The file would exceed protobuf's limit.
    case tooLarge(path: String, byteCount: Int, limit: Int)
    /// A weight is not a number or infinite.
    case notFinite(parameter: String, value: Float)
    /// The output exists.
    case exists(path: String)
    /// An operation that computes on the host cannot be part of a graph.
    case notRecorded(operation: String)
}

extension ExportError: CustomStringConvertible {
    /// One line with the problem, the limit and a remedy.
    package var description: String {
        switch self {
        case .tooLarge(let path, let byteCount, let limit):
            """
            \(shown(path)): would have \(byteCount) bytes, more than the limit of \(limit) of an \
            ONNX file with its weights
            """
        case .notFinite(let parameter, let value):
            """
            \(quoted(parameter)) holds \(value.isNaN ? "nan" : "\(value)"), not a valid weight; the \
            checkpoint is damaged or training diverged
            """
        case .exists(let path):
            """
            \(shown(path)): exists; choose another folder, or replace the files in this one with \
            --replace
            """
        case .notRecorded(let operation):
            "\(operation) cannot be part of an ONNX graph"
        }
    }
}

/// The format that a model is written in.
package enum ExportTarget: String, CaseIterable, Sendable {
    case onnx
}
