internal import DVTCore

extension Tensor {
    /// The target probabilities of a batch with label smoothing and mixing.
    ///
    /// With C classes and smoothing s, a label is `1 - s + s / C` at its class and `s / C`
    /// elsewhere. The target of image i is `share` of its own label and `1 - share` of the label of
    /// image B - 1 - i.
    ///
    /// - Parameters:
    ///   - labels: the class of each image.
    ///   - classes: the number of classes C.
    ///   - smoothing: the label smoothing s.
    ///   - share: the weight of the image's own label.
    /// - Returns: shape `[B, C]`; each row adds up to 1.
    static func softTargets(
        _ labels: [Int], classes: Int, smoothing: Double, share: Double
    ) -> Tensor {
        let off = smoothing / Double(classes)
        let (on, own, other) = (Float(1 - smoothing + off), Float(share), Float(1 - share))
        var targets = Tensor(
            [labels.count, classes], repeating: Float(off) * own + Float(off) * other)
        for (row, (label, partner)) in zip(labels, labels.reversed()).enumerated() {
            let start = row * classes
            targets.values[start + label] = on * own + Float(off) * other
            targets.values[start + partner] = Float(off) * own + on * other
            if label == partner { targets.values[start + label] = on * own + on * other }
        }
        return targets
    }
}
