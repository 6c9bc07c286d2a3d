internal import DVTCore

/// Records a stage's intermediates on the host, under the names in traces of the authors' model:
/// `stage1.block0.output`.
struct StageTrace<B: Backend> {
    let stage: Int
    let backend: B
    let sink: (String, Tensor) -> Void

    /// Records one tensor of the stage.
    func record(_ name: String, _ tensor: B.DeviceTensor) throws {
        sink("stage\(stage).\(name)", try backend.download(tensor))
    }

    /// Records the intermediates of one block.
    func record(
        block: Int, attended: B.DeviceTensor, output: B.DeviceTensor,
        reuse: BlockReuse<B.DeviceTensor>, logits: KeptRelations<B.DeviceTensor>?, heads: Int
    ) throws {
        try record("block\(block).output", output)
        if let logits {
            let kept = try backend.download(logits.store)
            sink(
                "stage\(stage).block\(block).relation",
                kept.channels(logits.channel..<logits.channel + heads))
        }
        if let relations = reuse.relations {
            let coarse = try backend.download(relations.coarse)
                .channels(relations.channel..<relations.channel + heads)
            sink(
                "stage\(stage).block\(block).reused_relation",
                relations.resampling.resampledRelations(coarse))
        }
        if let features = reuse.features {
            let joined = try backend.download(attended).appendingColumns(backend.download(features))
            sink("stage\(stage).block\(block).norm2_input", joined)
        }
    }
}

extension Tensor {
    /// A range of channels of `[B, C, ...]`.
    fileprivate func channels(_ range: Range<Int>) -> Tensor {
        let plane = shape.dimensions.dropFirst(2).reduce(1, *)
        let kept = (0..<shape[0]).flatMap { image in
            let start = (image * shape[1] + range.lowerBound) * plane
            return values[start..<start + range.count * plane]
        }
        return Tensor(Shape([shape[0], range.count] + shape.dimensions.dropFirst(2)), values: kept)
    }

    /// Each row followed by the other tensor's row.
    fileprivate func appendingColumns(_ other: Tensor) -> Tensor {
        let (width, added) = (shape[-1], other.shape[-1])
        var joined: [Float] = []
        for row in 0..<shape.rowCount {
            joined += values[row * width..<(row + 1) * width]
            joined += other.values[row * added..<(row + 1) * added]
        }
        return Tensor(Shape(shape.dimensions.dropLast() + [width + added]), values: joined)
    }
}

extension GridResampling {
    /// Resamples relations `[B, H, S, S]` to `[B, H, T, T]`.
    ///
    /// Traces contain the resampled map; the network never stores it.
    fileprivate func resampledRelations(_ coarse: Tensor) -> Tensor {
        let (taps, side) = (tokenTaps, coarse.shape[-1])
        let planes = coarse.shape[0] * coarse.shape[1]
        var values: [Float] = []
        values.reserveCapacity(planes * taps.count * taps.count)
        for plane in 0..<planes {
            for rows in taps {
                let row: [Double] = (0..<side).map { column in
                    rows.reduce(0.0) { sum, tap in
                        let value = coarse.values[(plane * side + tap.index) * side + column]
                        return sum + Double(tap.weight) * Double(value)
                    }
                }
                values += taps.map {
                    Float($0.reduce(0) { $0 + Double($1.weight) * row[$1.index] })
                }
            }
        }
        return Tensor([coarse.shape[0], coarse.shape[1], taps.count, taps.count], values: values)
    }
}
