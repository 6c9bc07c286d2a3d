import DVTCore
import Glibc

extension ReferenceBackend {
    /// Implements ``/DVTCore/Backend/softSplit(_:geometry:)``.
    public func softSplit(
        _ x: ReferenceTensor, geometry: PatchGeometry
    ) throws -> ReferenceTensor {
        let sizes = try SoftSplitSizes(x.shape, geometry: geometry)
        let values = x.values
        return ReferenceTensor(sizes.outputShape, rowWidth: sizes.patchElements) { token, output in
            _ = output.update(fromContentsOf: sizes.patch(token, of: values))
        }
    }

    /// Implements ``/DVTCore/Backend/performerAttention(_:randomFeatures:)``.
    public func performerAttention(
        _ kqv: ReferenceTensor, randomFeatures features: LinearParameters<ReferenceTensor>
    ) throws -> ReferenceTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.weight.shape)
        let performer = Performer(sizes: sizes, kqv: kqv.values, features: features.weight.values)
        let sums = (0..<sizes.batch).map(performer.sums)
        return ReferenceTensor(sizes.outputShape, rowWidth: sizes.width) { row, output in
            performer.attend(row, sums[row / sizes.tokens], into: output)
        }
    }

    /// Implements ``/DVTCore/Backend/columns(_:_:)``.
    public func columns(_ x: ReferenceTensor, _ columns: Range<Int>) throws -> ReferenceTensor {
        let shape = try columnsShape(x.shape, columns)
        let (width, values) = (x.shape[-1], x.values)
        return ReferenceTensor(shape, rowWidth: columns.count) { row, output in
            let start = row * width + columns.lowerBound
            _ = output.update(fromContentsOf: values[start..<start + columns.count])
        }
    }
}

/// The inputs of performer attention, and its two steps.
struct Performer: Sendable {
    let sizes: PerformerSizes
    let kqv: [Float]
    let features: [Float]

    /// The sums over all keys and values of one image, `[m, E]` and `[m]`.
    struct Sums: Sendable {
        var values: [Double]
        var weights: [Double]
    }

    /// phi of the key (part 0) or query (part 1) of one row.
    func phi(_ row: Int, part: Int) -> [Double] {
        let start = (row * 3 + part) * sizes.width
        let half = dot(kqv, start, kqv, start, count: sizes.width) / 2
        let scale = 1 / Double(sizes.features).squareRoot()
        return (0..<sizes.features).map { feature in
            exp(dot(kqv, start, features, feature * sizes.width, count: sizes.width) - half) * scale
        }
    }

    func sums(image: Int) -> Sums {
        let (count, width) = (sizes.features, sizes.width)
        var sums = Sums(
            values: Array(repeating: 0, count: count * width),
            weights: Array(repeating: 0, count: count))
        for row in image * sizes.tokens..<(image + 1) * sizes.tokens {
            let key = phi(row, part: 0)
            let value = (row * 3 + 2) * width
            for feature in 0..<count {
                sums.weights[feature] += key[feature]
                for column in 0..<width {
                    sums.values[feature * width + column] +=
                        key[feature] * Double(kqv[value + column])
                }
            }
        }
        return sums
    }

    func attend(_ row: Int, _ sums: Sums, into output: UnsafeMutableBufferPointer<Float>) {
        let query = phi(row, part: 1)
        let mass = zip(query, sums.weights).reduce(1e-8) { $0 + $1.0 * $1.1 }
        for (column, value) in attended(query, sums, mass: mass).enumerated() {
            output[column] = Float(value)
        }
    }

    /// The weighted mean of the values.
    func attended(_ query: [Double], _ sums: Sums, mass: Double) -> [Double] {
        (0..<sizes.width).map { column in
            query.indices.reduce(0.0) {
                $0 + query[$1] * sums.values[$1 * sizes.width + column]
            } / mass
        }
    }
}
