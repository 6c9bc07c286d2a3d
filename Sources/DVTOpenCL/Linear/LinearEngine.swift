import DVTCore
import DVTSupport
import OpenCLRuntime

/// An implementation of linear layers on a device.
package enum LinearEngine: Hashable, Sendable {
    /// CLBlast's GEMM, followed by a kernel for bias, activation and residual.
    case clblast
    /// `linear_packed.cl`: packed weights, one work-item per tile.
    case packed(PackedTile)
    /// `linear_tile.cl`: tiles in local memory, shared by the work-items of a group.
    case tile(LocalTile)
    /// `linear_float.cl`: the same in two stages, read ahead, for float32 products on GPUs.
    case float(FloatTile)
    /// `linear_mma.cl`: tiles on matrix instructions, emulated on devices without them.
    case mma(MatrixTile)

    /// Every engine.
    package static let all =
        [LinearEngine.clblast] + packedEngines + tileEngines + floatEngines + matrixEngines
    private static let packedEngines = PackedTile.all.map { LinearEngine.packed($0) }
    private static let tileEngines = LocalTile.all.map { LinearEngine.tile($0) }
    private static let floatEngines = FloatTile.all.map { LinearEngine.float($0) }
    private static let matrixEngines = MatrixTile.all.map { LinearEngine.mma($0) }

    /// The engines that tuning compares, by kind.
    ///
    /// Packed engines are far too slow on devices with tile kernels, tile engines on devices with
    /// vector kernels, and emulated matrix instructions everywhere. In 16 bits, nothing else comes near
    /// matrix instructions.
    ///
    /// - Parameters:
    ///   - style: the style of kernels.
    ///   - precision: the precision of tensors.
    ///   - instructions: the device's matrix instructions.
    /// - Returns: the engines, without empty kinds, the fastest kind first on most devices.
    static func candidates(
        for style: KernelStyle, _ precision: Precision, _ instructions: MatrixInstructions
    ) -> [[LinearEngine]] {
        let library = precision == .float32 ? [LinearEngine.clblast] : []
        guard style == .tile else { return [packedEngines, library].filter { !$0.isEmpty } }
        let matrix = MatrixTile.all.filter {
            !instructions.isEmulation && $0.runs(on: instructions)
        }.map { LinearEngine.mma($0) }
        if precision != .float32, !matrix.isEmpty { return [matrix] }
        return [matrix, floatEngines, library, tileEngines].filter { !$0.isEmpty }
    }

    /// Throws ``OpenCLBackendError/enginePrecision(engine:precision:)`` if the engine does not
    /// compute in a precision.
    func check(_ precision: Precision) throws(OpenCLBackendError) {
        let isPossible =
            switch self {
            case .clblast: precision == .float32
            case .packed, .tile, .float, .mma: true
            }
        guard isPossible else {
            throw .enginePrecision(engine: "\(self)", precision: precision.rawValue)
        }
    }
}

extension LinearEngine {
    /// The engine of linear layers that were not tuned.
    ///
    /// Devices with vector kernels use the packed tile that fits their registers, and matrix
    /// instructions always multiply 16-bit numbers. Otherwise, CLBlast, which is not tuned for every
    /// device, ``LocalTile/standard``, ``FloatTile/standard`` and float32 products by matrix
    /// instructions are timed once at the size of DeiT-small, and the fastest is stored in the user's
    /// cache folder.
    ///
    /// - Parameters:
    ///   - style: the style of kernels.
    ///   - precision: the precision of tensors; CLBlast is for float32 only.
    ///   - arithmetic: the device's instructions.
    ///   - context: the device's context.
    ///   - beforeStep: called before each engine is built and timed; may end the choice.
    /// - Returns: the engine.
    /// - Throws: the device's error if none runs, or the error of `beforeStep`.
    static func standard(
        _ style: KernelStyle, _ precision: Precision, _ arithmetic: Arithmetic = Arithmetic(),
        on context: Context, beforeStep: () throws -> Void = {}
    ) throws -> LinearEngine {
        guard style == .tile else {
            return .packed(PackedTile(floatVectorWidth: context.device.nativeFloatVectorWidth))
        }
        let matrix = arithmetic.instructions.map { _ in LinearEngine.mma(.standard) }
        guard precision == .float32 else { return matrix ?? .tile(.standard) }
        let cache = DeviceCache(context.diskCache)
        if let engine = cache.value(for: cacheKey, device: context.device).flatMap(Self.init) {
            return engine
        }
        let engines =
            [.tile(.standard), .float(.standard), .clblast] + (matrix.map { [$0] } ?? [])
        let measured = try engines.map { engine in
            try beforeStep()
            return (engine: engine, time: Result { try engine.time(on: context, arithmetic) })
        }
        let working = measured.compactMap { candidate in
            (try? candidate.time.get()).map { (engine: candidate.engine, time: $0) }
        }
        guard let fastest = working.min(by: { $0.time < $1.time }) else {
            _ = try measured[0].time.get()
            return measured[0].engine
        }
        if working.count == measured.count {
            cache.store(fastest.engine.description, for: cacheKey, device: context.device)
        }
        return fastest.engine
    }

    /// The key of the stored choice; its number changes with the kernels.
    static let cacheKey = "linear engine 3"

    /// The fastest of three runs of a layer on 394 rows (the tokens of two images) after a warm-up.
    private func time(on context: Context, _ arithmetic: Arithmetic) throws -> Duration {
        let backend = try OpenCLBackend(
            context: context, kernelStyle: (.tile, nil), linearEngine: self,
            arithmetic: arithmetic)
        let x = try backend.upload(.uniform([394, 384], name: "x", seed: 1))
        let layer = try backend.makeLinear(
            LinearParameters(
                weight: backend.upload(.uniform([384, 384], name: "weight", seed: 1)), bias: nil))
        func time() throws -> Duration {
            let start = ContinuousClock.now
            _ = try backend.linear(x, layer, activation: .identity, residual: nil)
            try backend.finish()
            return ContinuousClock.now - start
        }
        _ = try time()
        return min(try time(), try time(), try time())
    }
}

extension LinearEngine: LosslessStringConvertible {
    /// Creates the engine with a name.
    package init?(_ description: String) {
        guard let engine = Self.all.first(where: { $0.description == description })
        else {
            return nil
        }
        self = engine
    }

    /// The name: `clblast`, `packed-12x32` (rows and outputs per work-item), `tile-64x64x16` (rows,
    /// outputs and depth per work-group), `float-128x128x8` (the same) or `mma-128x128-4` (rows,
    /// outputs and subgroups per work-group).
    package var description: String {
        switch self {
        case .clblast: "clblast"
        case .packed(let tile): "packed-\(tile.rows)x\(tile.panel)"
        case .float(let tile): "float-\(tile)"
        case .mma(let tile): "mma-\(tile)"
        case .tile(let tile): "tile-\(tile.rows)x\(tile.columns)x\(tile.depth)"
        }
    }
}

/// The register tile of a work-item of `linear_packed.cl`.
package struct PackedTile: Hashable, Sendable {
    let rows: Int
    /// Vectors of 16 outputs.
    let vectors: Int

    /// The outputs of a panel of packed weights.
    var panel: Int { 16 * vectors }
    /// Outputs rounded up to whole panels.
    func padded(_ outputs: Int) -> Int { outputs.roundedUp(toMultipleOf: panel) }
    /// The macros of `linear_packed.cl`.
    var macros: [String] { ["ROWS=\(rows)", "VECTORS=\(vectors)"] }

    static let all = [(12, 2), (8, 2), (6, 2), (4, 2), (8, 3), (6, 4), (8, 1), (6, 1), (4, 1)].map {
        PackedTile(rows: $0.0, vectors: $0.1)
    }

    /// The tile for a device's registers.
    ///
    /// - Parameter width: the number of floats in a vector register.
    package init(floatVectorWidth width: Int) {
        // With 32 registers of 16 floats: 24 sums, two weights, one input. With 16 registers of 8
        // floats: 12 sums, two weights, two for the input.
        self = width >= 16 ? PackedTile(rows: 12, vectors: 2) : PackedTile(rows: 6, vectors: 1)
    }

    private init(rows: Int, vectors: Int) {
        self.rows = rows
        self.vectors = vectors
    }
}

/// The tile of a work-group of `linear_tile.cl`.
package struct LocalTile: Hashable, Sendable {
    /// The side of the square of work-items.
    let items: Int
    /// The blocks of 4 x 4 outputs per work-item, down and across.
    let (downward, across): (Int, Int)
    /// The inputs per row that local memory holds at a time.
    let depth: Int

    var rows: Int { 4 * items * downward }
    var columns: Int { 4 * items * across }
    /// The macros of `linear_tile.cl`.
    var macros: [String] {
        [
            "ITEMS_X=\(items)", "ITEMS_Y=\(items)", "QUADS_X=\(across)", "QUADS_Y=\(downward)",
            "DEPTH=\(depth)",
        ]
    }

    /// 256 work-items, 64 x 64 outputs, 8.5 KiB of local memory: suitable for every GPU.
    package static let standard = LocalTile(items: 16, downward: 1, across: 1, depth: 16)

    /// 128 x 128 outputs, 16.5 KiB of local memory: half the global reads of ``standard``.
    static let large = LocalTile(items: 16, downward: 2, across: 2, depth: 16)

    static let all =
        [standard]
        + [(8, 1, 1, 16), (16, 2, 1, 16), (16, 1, 2, 16), (16, 2, 2, 8)].map {
            LocalTile(items: $0.0, downward: $0.1, across: $0.2, depth: $0.3)
        } + [large]

    private init(items: Int, downward: Int, across: Int, depth: Int) {
        self.items = items
        (self.downward, self.across) = (downward, across)
        self.depth = depth
    }
}
