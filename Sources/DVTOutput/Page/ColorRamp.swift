/// A perceptually uniform color map, also suitable for grayscale and color-blind readers.
///
/// It is Matplotlib's `inferno` (CC0), sampled at nine points and interpolated linearly.
package enum ColorRamp {
    private static let anchors: [SIMD3<Double>] = [
        [0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85],
        [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164],
    ]

    /// The color of a number.
    ///
    /// - Parameter value: from 0, dark, to 1, bright; other values are clamped.
    /// - Returns: `#rrggbb`.
    package static func color(_ value: Double) -> String {
        let place = min(max(value, 0), 1) * Double(anchors.count - 1)
        let lower = min(Int(place), anchors.count - 2)
        let part = place - Double(lower)
        let color = anchors[lower] * (1 - part) + anchors[lower + 1] * part
        let levels = color.rounded(.toNearestOrAwayFromZero)
        return hexColor(UInt32(levels.x) << 16 | UInt32(levels.y) << 8 | UInt32(levels.z))
    }

    /// The map from left to right as an SVG gradient.
    ///
    /// - Parameter id: the identifier by which other elements refer to it.
    /// - Returns: the gradient.
    package static func gradient(id: String) -> Markup {
        let last = Double(anchors.count - 1)
        return .element(
            "linearGradient", ["id": id],
            anchors.indices.map { index in
                let place = Double(index) / last
                return .element(
                    "stop", ["offset": shortNumber(place, decimals: 3), "stop-color": color(place)])
            })
    }
}
