import DVTCore

extension ReferenceBackend {
    package func performerAttentionGradient(
        _ dy: ReferenceTensor, _ y: ReferenceTensor, _ kqv: ReferenceTensor,
        randomFeatures features: LinearParameters<ReferenceTensor>
    ) throws -> ReferenceTensor {
        let sizes = try PerformerSizes(kqv: kqv.shape, features: features.weight.shape)
        try requireShape("y", y.shape, sizes.outputShape)
        try requireShape("dy", dy.shape, sizes.outputShape)
        let performer = Performer(sizes: sizes, kqv: kqv.values, features: features.weight.values)
        let length = sizes.tokens * 3 * sizes.width
        let gradients = dy.values
        return ReferenceTensor(kqv.shape, rowWidth: length) { image, output in
            output.take(performer.gradient(image: image, dy: gradients))
        }
    }
}

extension Performer {
    /// dk, dq and dv of all tokens of one image, `[T, 3, E]`.
    fileprivate func gradient(image: Int, dy: [Float]) -> [Double] {
        let (count, width) = (sizes.features, sizes.width)
        let sums = sums(image: image)
        var back = Sums(
            values: Array(repeating: 0, count: count * width),
            weights: Array(repeating: 0, count: count))
        var gradient = [Double](repeating: 0, count: sizes.tokens * 3 * width)
        for token in 0..<sizes.tokens {
            let row = image * sizes.tokens + token
            let query = phi(row, part: 1)
            let mass = zip(query, sums.weights).reduce(1e-8) { $0 + $1.0 * $1.1 }
            let change = dy[row * width..<(row + 1) * width].map { Double($0) / mass }
            let attended = attended(query, sums, mass: mass)
            let mean = zip(change, attended).reduce(0) { $0 + $1.0 * $1.1 }
            var dquery = [Double](repeating: 0, count: count)
            for feature in 0..<count {
                dquery[feature] = -mean * sums.weights[feature]
                back.weights[feature] -= query[feature] * mean
                for column in 0..<width {
                    let index = feature * width + column
                    dquery[feature] += sums.values[index] * change[column]
                    back.values[index] += query[feature] * change[column]
                }
            }
            addFeatureGradient(dquery, query, row, part: 1, to: &gradient, token: token)
        }
        for token in 0..<sizes.tokens {
            let row = image * sizes.tokens + token
            let key = phi(row, part: 0)
            var dkey = back.weights
            for feature in 0..<count {
                for column in 0..<width {
                    let index = feature * width + column
                    dkey[feature] +=
                        back.values[index] * Double(kqv[(row * 3 + 2) * width + column])
                    gradient[(token * 3 + 2) * width + column] += key[feature] * back.values[index]
                }
            }
            addFeatureGradient(dkey, key, row, part: 0, to: &gradient, token: token)
        }
        return gradient
    }

    /// `dz = sum_i dphi_i phi_i (w_i - z)`.
    private func addFeatureGradient(
        _ dphi: [Double], _ phi: [Double], _ row: Int, part: Int, to gradient: inout [Double],
        token: Int
    ) {
        let width = sizes.width
        for feature in phi.indices {
            let slope = dphi[feature] * phi[feature]
            for column in 0..<width {
                let z = Double(kqv[(row * 3 + part) * width + column])
                gradient[(token * 3 + part) * width + column] +=
                    slope * (Double(features[feature * width + column]) - z)
            }
        }
    }
}
