import DVTModel
import DVTSupport
import DVTVision

extension Preprocessing {
    /// Everything that changes a model's input, as JSON on one line.
    var json: String {
        JSONValue.object([
            ("size", .int(imageSize)), ("resize", .int(shorterSide)),
            ("crop", .string(crop.rawValue)), ("interpolation", .string("\(filter)")),
            ("mean", .array(numbers(mean))), ("std", .array(numbers(standardDeviation))),
            ("orientation", .bool(applyingOrientation)),
            ("gray16", .string(decoding.gray16.rawValue)),
            ("truncated", .string(decoding.truncation.rawValue)),
        ]).jsonText
    }

    private func numbers(_ values: SIMD3<Float>) -> [JSONValue] {
        (0..<3).map { .double(Double(values[$0])) }
    }
}
