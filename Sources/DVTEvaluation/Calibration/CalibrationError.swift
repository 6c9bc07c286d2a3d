internal import DVTCore
import DVTSupport

/// Outputs that cannot be calibrated on, or a calibration that cannot be used.
public enum CalibrationError: Error, Equatable, Sendable {
    /// The file `origin` holds no outputs to calibrate on; `reason` names the entry and the rule.
    case invalidOutputs(origin: String, reason: String)
    /// The file `origin` is no calibration; `reason` names the entry and what belongs there.
    case invalidFile(origin: String, reason: String)
    /// What was asked for cannot be had; `reason` tells the range that can.
    case unreachable(reason: String)
    /// The calibration in `origin` does not fit its use; `reason` says what to do.
    case unsuitable(origin: String, reason: String)
}

extension CalibrationError: CustomStringConvertible {
    /// One line that names the file, what is wrong and what to do.
    public var description: String {
        switch self {
        case .invalidOutputs(let origin, let reason), .unsuitable(let origin, let reason):
            "\(shown(origin)): \(reason)"
        case .invalidFile(let origin, let reason):
            "\(shown(origin)): is no calibration: \(reason)"
        case .unreachable(let reason):
            reason
        }
    }
}
