package import DVTCore

extension GradientTape {
    package func resizedImages(
        _ images: TapeTensor<Base>, to side: Int
    ) throws -> TapeTensor<Base> {
        constant(try base.resizedImages(images.value, to: side))
    }

    package func softSplit(
        _ x: TapeTensor<Base>, geometry: PatchGeometry
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.softSplit(x.value, geometry: geometry), from: [x]) { dy in
            let dx = try base.softSplitGradient(dy, shape: x.shape, geometry: geometry)
            try x.accumulate(dx, on: base)
        }
    }

    package func columns(
        _ x: TapeTensor<Base>, _ columns: Range<Int>
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.columns(x.value, columns), from: [x]) { dy in
            let dx = try base.columnsGradient(
                dy, first: columns.lowerBound, width: x.shape[-1])
            try x.accumulate(dx, on: base)
        }
    }

    package func embedTokens(
        _ tokens: TapeTensor<Base>, prefix: TapeTensor<Base>?, positions: TapeTensor<Base>
    ) throws -> TapeTensor<Base> {
        let base = base
        let embedded = try base.embedTokens(
            tokens.value, prefix: prefix?.value, positions: positions.value)
        let (batch, width) = (tokens.shape[0], tokens.shape[2])
        let (first, end) = ((prefix?.shape[1] ?? 0) * width, positions.shape[1] * width)
        return record(embedded, from: [tokens, prefix, positions]) { dy in
            // The patch tokens of an image are adjacent, so they are columns of one row.
            let rows = try base.reshaped(dy, [batch, end])
            if tokens.needsGradient {
                let patches = try base.columns(rows, first..<end)
                try tokens.accumulate(base.reshaped(patches, tokens.shape), on: base)
            }
            let sums = try base.sumOverBatch(rows)
            if let prefix {
                let own = try base.columns(sums, 0..<first)
                try prefix.accumulate(base.reshaped(own, prefix.shape), on: base)
            }
            try positions.accumulate(base.reshaped(sums, positions.shape), on: base)
        }
    }

    package func pooledTokens(
        _ x: TapeTensor<Base>, _ pooling: TokenPooling
    ) throws -> TapeTensor<Base> {
        let base = base
        return record(try base.pooledTokens(x.value, pooling), from: [x]) { dy in
            let dx = try base.pooledTokensGradient(dy, pooling, shape: x.shape)
            try x.accumulate(dx, on: base)
        }
    }

    package func gather(
        _ x: TapeTensor<Base>, rows: [Int], after batch: TapeTensor<Base>?
    ) throws -> TapeTensor<Base> {
        let base = base
        let y = try base.gather(x.value, rows: rows, after: batch?.value)
        let kept = batch?.shape[0] ?? 0
        return record(y, from: [x, batch]) { dy in
            try batch?.accumulate(
                base.gather(dy, rows: Array(0..<kept), after: nil), on: base)
            let own = try base.gather(
                dy, rows: Array(kept..<kept + rows.count), after: nil)
            try x.accumulate(
                base.gatherGradient(own, rows: rows, batch: x.shape[0]), on: base)
        }
    }

    package func confidence(
        _ logits: TapeTensor<Base>, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        try base.confidence(logits.value, criterion: criterion, temperature: temperature)
    }
}
