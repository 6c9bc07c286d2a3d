import DVTSupport
import OpenCLRuntime

/// Predictions that rank the engines of a linear layer, so that tuning tries the most promising.
///
/// Costs of different kinds of engines do not compare, and none is a time.
struct EngineRanking {
    /// The device's compute units and matrix instructions.
    let processor: MatrixProcessor
    /// The floats in a vector register.
    let vectorWidth: Int

    /// The predicted cost of a layer; 0 for CLBlast, which has no tiles to rank.
    ///
    /// - Parameters:
    ///   - work: the layer.
    ///   - engine: the engine.
    /// - Returns: the cost, comparable within a kind of engine.
    func cost(of work: MatrixWork, by engine: LinearEngine) -> Double {
        switch engine {
        case .clblast: 0
        case .packed(let tile): cost(of: work, by: tile)
        case .tile(let tile):
            cost(
                of: work, rows: tile.rows, columns: tile.columns, depth: tile.depth,
                blocks: tile.downward * tile.across, overhead: 1)
        case .float(let tile):
            cost(
                of: work, rows: tile.rows, columns: tile.columns, depth: tile.depth,
                blocks: tile.blocksDown * tile.blocksAcross, overhead: 0.3)
        case .mma(let tile): processor.cycles(of: work, by: tile)
        }
    }

    /// Engines of several kinds, each kind ranked, taken in turn.
    ///
    /// - Parameters:
    ///   - kinds: the engines by kind.
    ///   - work: the layer.
    ///   - count: the number of engines to return at most.
    /// - Returns: the engines, the most promising first.
    func best(_ kinds: [[LinearEngine]], for work: MatrixWork, count: Int) -> [LinearEngine] {
        let ranked = kinds.map { engines in
            engines.map { (engine: $0, cost: cost(of: work, by: $0)) }
                .sorted { $0.cost < $1.cost }.map(\.engine)
        }
        let turns = (0..<(ranked.map(\.count).max() ?? 0)).flatMap { turn in
            ranked.compactMap { turn < $0.count ? $0[turn] : nil }
        }
        return Array(turns.prefix(count))
    }

    /// The cycles of the busiest core: two products of vectors and two reads per cycle, four cycles
    /// from a sum to the next, and a read and a write of each sum that has no register.
    private func cost(of work: MatrixWork, by tile: PackedTile) -> Double {
        let registers = vectorWidth >= 16 ? 32 : 16
        let vectors = tile.vectors * max(1, 16 / max(1, vectorWidth))
        let sums = tile.rows * vectors
        let spilled = max(0, sums + vectors + 1 - registers)
        let reads = tile.rows + vectors + 2 * spilled
        let step = max(Double(sums) / 2, Double(reads) / 2, 4) + Double(reads) / 20
        let tiles = ceilDiv(work.rows, tile.rows) * tile.padded(work.outputs) / tile.panel
        return Double(ceilDiv(tiles * work.groups, processor.units) * work.inputs) * step
    }

    /// The cycles of the busiest compute unit, with 128 products per cycle, or of a single
    /// work-group, which waits for global memory once per stage.
    ///
    /// - Parameters:
    ///   - work: the layer.
    ///   - rows: the rows of a tile.
    ///   - columns: its columns.
    ///   - depth: the depth of a stage.
    ///   - blocks: the blocks of 4 x 4 sums per work-item.
    ///   - overhead: the other instructions per product of a block, in units of the block.
    /// - Returns: cycles.
    private func cost(
        of work: MatrixWork, rows: Int, columns: Int, depth: Int, blocks: Int, overhead: Double
    ) -> Double {
        let groups = ceilDiv(work.rows, rows) * ceilDiv(work.outputs, columns) * work.groups
        let share = Double(blocks) / (Double(blocks) + overhead)
        let group = Double(rows * columns * work.inputs) / (128 * share)
        let chain = Double(ceilDiv(work.inputs, depth)) * processor.latency
        return max(Double(ceilDiv(groups, processor.units)) * group, chain)
    }
}

extension OpenCLBackend {
    /// The engines that tuning compares at a layer, the most promising first.
    ///
    /// - Parameters:
    ///   - rows: the layer's rows.
    ///   - inputs: its inputs.
    ///   - outputs: its outputs.
    ///   - count: the number of engines at most.
    /// - Returns: the engines.
    package func linearEngineCandidates(
        rows: Int, inputs: Int, outputs: Int, count: Int = 6
    ) -> [LinearEngine] {
        let ranking = EngineRanking(
            processor: MatrixProcessor(context),
            vectorWidth: context.device.nativeFloatVectorWidth)
        return ranking.best(
            LinearEngine.candidates(for: kernelStyle, precision, matrixInstructions),
            for: MatrixWork(
                rows: rows, inputs: inputs, outputs: outputs, groups: 1,
                elementBytes: precision.elementByteCount),
            count: count)
    }
}
