import DVTSupport

/// Unusable outputs, or an unusable calibration.
public enum CalibrationError: Error, Equatable, Sendable {
    /// The file `origin` holds no usable outputs; `reason` names the entry and the rule.
    case invalidOutputs(origin: String, reason: String)
    /// The file `origin` is not a calibration; `reason` names the entry and the expected content.
    case invalidFile(origin: String, reason: String)
    /// The target cannot be reached; `reason` states the reachable range.
    case unreachable(reason: String)
    /// The calibration in `origin` does not fit its use; `reason` describes the remedy.
    case unsuitable(origin: String, reason: String)
}

extension CalibrationError: CustomStringConvertible {
    /// One line with the file, the problem and the remedy.
    public var description: String {
        switch self {
        case .invalidOutputs(let origin, let reason), .unsuitable(let origin, let reason):
            "\(shown(origin)): \(reason)"
        case .invalidFile(let origin, let reason):
            "\(shown(origin)): is not a calibration: \(reason)"
        case .unreachable(let reason):
            reason
        }
    }
}
