import DVTCore

/// The values of a fixture's tensor: seeded by its name, with an offset and a scale.
struct TensorDistribution: Decodable {
    let shape: [Int]
    private let offset: Float
    private let scale: Float

    init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        shape = try values.decode([Int].self)
        offset = try values.decode(Float.self)
        scale = try values.decode(Float.self)
    }

    /// The tensor of this name.
    func tensor(named name: String) -> Tensor {
        .uniform(Shape(shape), name: name, seed: 1, scale: scale, offset: offset)
    }
}

/// `|values - expected| / |expected|` in the L2 norm.
func relativeDistance(
    _ values: [some BinaryFloatingPoint], from expected: [some BinaryFloatingPoint]
) -> Double {
    let difference = zip(values, expected).reduce(0.0) { sum, pair in
        let step = Double(pair.0) - Double(pair.1)
        return sum + step * step
    }
    return (difference / expected.reduce(0.0) { $0 + Double($1) * Double($1) }).squareRoot()
}
