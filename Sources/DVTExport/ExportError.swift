import DVTSupport

/// A model that cannot be exported.
package enum ExportError: Error, Equatable {
    /// The target has no such network; `reason` names the property, `remedy` what can be done.
    case inexpressible(stage: String, target: ExportTarget, reason: String, remedy: String)
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
        case .inexpressible(let stage, let target, let reason, let remedy):
            "\(stage): \(target.name) has no such network: \(reason); \(remedy)"
        case .tooLarge(let path, let byteCount, let limit):
            """
            \(shown(path)): would have \(byteCount) bytes, more than the limit of \(limit) of an \
            ONNX file with its weights; export it to timm or transformers
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

/// The library or format that a model is written for.
package enum ExportTarget: String, CaseIterable, Sendable {
    case onnx
    case timm
    case transformers

    /// Its name in messages.
    package var name: String {
        switch self {
        case .onnx: "ONNX"
        case .timm: "timm"
        case .transformers: "Hugging Face transformers"
        }
    }
}
