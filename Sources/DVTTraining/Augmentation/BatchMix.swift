internal import DVTCore

/// The mix of one batch.
enum BatchMix: Equatable {
    /// No mixing.
    case none
    /// Each value is `share` times the image's own plus `1 - share` times its partner's.
    case mixup(share: Double)
    /// These pixels are replaced by the partner's.
    case cutmix(rows: Range<Int>, columns: Range<Int>)

    /// The weight of the image's own label, for images of `side` by `side` pixels.
    func share(side: Int) -> Double {
        switch self {
        case .none: 1
        case .mixup(let share): share
        case .cutmix(let rows, let columns):
            1 - Double(rows.count * columns.count) / Double(side * side)
        }
    }

    /// Mixes a batch in place, shape `[B, 3, side, side]`.
    func apply(to images: inout Tensor) {
        let (count, side) = (images.shape[0], images.shape[3])
        let size = 3 * side * side
        images.values.withUnsafeMutableBufferPointer { values in
            guard let values = values.baseAddress else { return }
            for image in 0..<(count + 1) / 2 {
                let (first, second) = (values + image * size, values + (count - 1 - image) * size)
                switch self {
                case .none: return
                case .mixup(let share):
                    Self.add(first, second, Float(share), Float(1 - share), count: size)
                case .cutmix(let rows, let columns):
                    for plane in 0..<3 {
                        for row in rows {
                            let start = (plane * side + row) * side
                            for index in start + columns.lowerBound..<start + columns.upperBound {
                                (first[index], second[index]) = (second[index], first[index])
                            }
                        }
                    }
                }
            }
        }
    }

    private static func add(
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>,
        _ own: Float, _ other: Float, count: Int
    ) {
        for index in 0..<count {
            let (a, b) = (first[index], second[index])
            first[index] = a * own + b * other
            second[index] = b * own + a * other
        }
    }
}
