/// Thresholds with their expected results.
public struct ThresholdChoice: Equatable, Sendable {
    /// One per exit; the last is -1e8, and no image exits at 1e8.
    public let thresholds: [Float]
    /// The accuracy on the calibration images in percent; expected by the optimal rule
    /// for a budget, counted for a target.
    public let accuracy: Double
    /// The average cost on the same images, in the unit of the exit costs.
    public let cost: Double
    /// The authors' budget, or nil.
    public let budget: Int?
}

/// The thresholds that no score or every score reaches.
enum ThresholdEnds {
    /// Reached by no score; the authors' value.
    static let none: Float = 1e8
    /// Reached by every score; the authors' value for the last exit.
    static let last: Float = -1e8
}
