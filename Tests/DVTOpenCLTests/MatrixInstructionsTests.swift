import DVTCore
import DVTModel
import DVTOperations
import DVTTestSupport
import OpenCLRuntime
import Testing

@testable import DVTOpenCL

/// Matrix instructions: their trials, and the kernels on emulated ones.
@MainActor
@Suite(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
struct MatrixInstructionsTests {
    private func context() throws -> Context {
        try Context(device: DeviceSelector(nil).device(), diskCache: .off(reason: "test"))
    }

    /// The expected results of the trials are those of the emulations, whose fragments are NVIDIA's
    /// and Intel's.
    @Test(
        arguments: Precision.allCases.map { (MatrixInstructions.emulated, $0) }
            + [MatrixInstructions.emulatedXMX16, .emulatedXMX8].flatMap { instructions in
                [Precision.float16, .bfloat16].map { (instructions, $0) }
            })
    func emulationsPassTheTrials(
        instructions: MatrixInstructions, precision: Precision
    ) throws {
        let failures = try MatrixTrial.failures(of: instructions, on: context(), precision)
        #expect(failures == [], "\(failures)")
    }

    /// A trial that cannot fail would let a driver's faults through: the expected numbers differ
    /// between rows and columns, so a misplaced fragment shows.
    @Test(arguments: MatrixTrial.allCases)
    func noTrialIsSymmetric(trial: MatrixTrial) {
        let expected = trial.expected(.float16)
        #expect(Set(expected).count > 2)
        let columns = expected.count / 16
        let rows = (0..<16).map { Array(expected[columns * $0..<columns * $0 + columns]) }
        #expect(Set(rows).count >= 12)
    }

    /// The workarounds are tried where the plain instructions fail, the fewest first.
    @Test func aWorkaroundReplacesWhatFails() throws {
        var tried: [Set<MatrixInstructions.Workaround>] = []
        let plain = MatrixInstructions(family: .ptx)
        let outcome = try MatrixInstructions.Outcome(
            trying: plain, on: context(), .float16
        ) { instructions in
            tried.append(instructions.workarounds)
            return instructions.workarounds.isSuperset(of: [.copiesByRegisters, .sharedByCvta])
                ? [] : ["asynchronous copies: 4 of 256 are wrong"]
        }
        #expect(tried.first == [] && tried.count == 6)
        #expect(outcome.workarounds == [.copiesByRegisters, .sharedByCvta])
        #expect(
            outcome.problem
                == "asynchronous copies: 4 of 256 are wrong; works with COPIES_BY_REGISTERS, "
                + "SHARED_BY_CVTA")
        #expect(MatrixInstructions.Outcome(outcome.text) == outcome)
    }

    /// Without block reads, lanes read their elements one by one.
    @Test func intelHasOneWorkaround() throws {
        var tried: [Set<MatrixInstructions.Workaround>] = []
        let outcome = try MatrixInstructions.Outcome(
            trying: MatrixInstructions(family: .xmx16), on: context(), .float16
        ) { instructions in
            tried.append(instructions.workarounds)
            return instructions.workarounds.isEmpty ? ["products of fragments: rejected"] : []
        }
        #expect(tried == [[], [.loadsByWords]] && outcome.workarounds == [.loadsByWords])
    }

    /// Nothing is used that fails with every workaround.
    @Test func instructionsThatFailAreNotUsed() throws {
        for family in [MatrixInstructions.Family.ptx, .cdna, .xmx16] {
            let outcome = try MatrixInstructions.Outcome(
                trying: MatrixInstructions(family: family), on: context(), .float16
            ) { _ in ["products of fragments: 256 of 256 are wrong"] }
            #expect(outcome.workarounds == nil)
            #expect(outcome.problem?.contains("are not used: products of fragments") == true)
            #expect(MatrixInstructions.Outcome(outcome.text) == outcome)
        }
        #expect(MatrixInstructions.Outcome("magic\n") == nil)
        #expect(MatrixInstructions.Outcome("") == nil)
    }

    /// A kernel that the device's compiler rejects is a failure, not an error.
    @Test(arguments: [MatrixInstructions.Family.cdna, .xmx16])
    func aRejectedKernelIsReported(family: MatrixInstructions.Family) throws {
        let failures = try MatrixTrial.failures(
            of: MatrixInstructions(family: family), on: context(), .float16)
        #expect(failures.count == MatrixTrial.allCases.count)
        #expect(failures.first?.hasPrefix("asynchronous copies: ") == true)
    }

    @Test(arguments: [
        ("NVIDIA CUDA", "NVIDIA H100", MatrixInstructions.Family.ptx),
        ("AMD Accelerated Parallel Processing", "gfx90a:sramecc+:xnack-", .cdna),
        ("AMD Accelerated Parallel Processing", "gfx942", .cdna),
        ("AMD Accelerated Parallel Processing", "gfx1100", .rdna3),
        ("AMD Accelerated Parallel Processing", "gfx1201", .rdna4),
        ("AMD Accelerated Parallel Processing", "gfx1030", nil),
        ("rusticl", "AMD Radeon RX 7900 XTX (radeonsi, navi31)", nil),
        ("Portable Computing Language", "cpu", nil),
    ])
    func devicesAreKnownByName(
        platform: String, device: String, family: MatrixInstructions.Family?
    ) {
        #expect(MatrixInstructions.family(platform: platform, device: device) == family)
    }

    /// Intel's instructions are known by the extension; the subgroup size is the device's smallest.
    @Test(arguments: [
        ([16, 32], MatrixInstructions.Family.xmx16), ([8, 16, 32], .xmx8), ([32], nil), ([], nil),
    ])
    func intelIsKnownByExtension(
        subgroupSizes: [Int], family: MatrixInstructions.Family?
    ) {
        func found(_ extensions: Set<String>) -> MatrixInstructions.Family? {
            MatrixInstructions.family(
                platform: "Intel(R) OpenCL Graphics", device: "Intel(R) Data Center GPU Max 1550",
                extensions: extensions, subgroupSizes: subgroupSizes)
        }
        #expect(found(["cl_intel_subgroup_matrix_multiply_accumulate"]) == family)
        #expect(found(["cl_intel_subgroups"]) == nil)
    }

    /// A misspelled emulation is reported, not replaced.
    @Test func emulationsAreChosenByName() {
        let xmx = MatrixInstructions.emulation("emulated-xmx16", .float16)
        #expect(xmx == .init(instructions: .emulatedXMX16))
        let float32 = MatrixInstructions.emulation("emulated-xmx16", .float32)
        #expect(float32 == .init())
        let unknown = MatrixInstructions.emulation("xmx\n", .float16)
        #expect(
            unknown.failure
                == #"DVT_MATRIX_INSTRUCTIONS is "xmx\n"; it takes emulated, emulated-xmx16, "#
                + "emulated-xmx8")
    }

    /// Only Intel's compiler takes its option.
    @Test func optionsFollowTheInstructions() throws {
        let device = try DeviceSelector(nil).device()
        func options(_ instructions: MatrixInstructions?) -> [String] {
            KernelFunction(name: "k", file: "f", macros: ["A"], instructions: instructions)
                .options(for: device)
        }
        #expect(options(nil) == ["-DA"])
        #expect(options(.emulatedXMX8) == ["-DA", "-DMMA_XMX8", "-DXMX_EMULATED"])
        #expect(
            options(MatrixInstructions(family: .xmx16, workarounds: [.loadsByWords]))
                == ["-DA", "-DMMA_XMX16", "-DLOADS_BY_WORDS", "-cl-intel-256-GRF-per-thread"])
    }

    /// A tile in a precision, with copies carried out late or early, or by Intel's instructions.
    struct TileCase: Sendable, CustomTestStringConvertible {
        let tile: MatrixTile
        var precision = Precision.float16
        var copiesAreLate = true
        var instructions = MatrixInstructions.emulated

        var testDescription: String {
            "\(tile) \(precision) \(instructions.family) \(copiesAreLate ? "late" : "early")"
        }
    }

    nonisolated private static let tileCases: [TileCase] =
        MatrixTile.all.filter { $0.runs(on: .emulated) }.enumerated().map { index, tile in
            TileCase(tile: tile, copiesAreLate: index % 2 == 0)
        } + [
            TileCase(tile: MatrixTile.all[5], instructions: .emulatedXMX16),
            TileCase(
                tile: MatrixTile.all[9], precision: .bfloat16, instructions: .emulatedXMX16),
            TileCase(tile: MatrixTile.all[11], instructions: .emulatedXMX8),
            TileCase(tile: .standard, precision: .bfloat16, copiesAreLate: false),
            TileCase(tile: MatrixTile.all[2], precision: .float32, copiesAreLate: true),
            TileCase(tile: MatrixTile.all[9], precision: .float32, copiesAreLate: false),
        ]

    /// Beyond one tile of rows and columns and all of its stages.
    @Test(arguments: tileCases) func tilesMatchTheReference(_ tested: TileCase) throws {
        let tile = tested.tile
        let backend = try TestDevice.makeBackend(
            .tile, engine: .mma(tile), tested.precision,
            arithmetic: Arithmetic(instructions: tested.instructions),
            buildOptions: "-DCOPIES_LATE=\(tested.copiesAreLate ? 1 : 0)")
        try expectEqual(
            LinearOperation(
                rows: tile.rows + 1, inputs: 264, outputs: tile.columns + 4, activation: .gelu,
                hasResidual: true), on: backend)
        // Unaligned rows; a misplaced fragment would cause errors as large as the result.
        #expect(try backend.linearError() < 1e-6)
    }

    /// The LayerNorm before a layer is not launched.
    ///
    /// Moments of a row are summed by one or several work-items, over several stages, and features
    /// begin within a stage.
    @Test(
        arguments: [0, 2, 8, 9].map { (MatrixTile.all[$0], MatrixInstructions.emulated) } + [
            (MatrixTile.all[5], .emulatedXMX16), (MatrixTile.all[11], .emulatedXMX8),
        ])
    func normalizedLayersMatchTheReference(
        tile: MatrixTile, instructions: MatrixInstructions
    ) throws {
        let backend = try TestDevice.makeBackend(
            .tile, engine: .mma(tile), .float16, arithmetic: Arithmetic(instructions: instructions))
        let operation = NormalizedLinearOperation(
            rows: tile.rows + 1, width: 184, appended: 48, outputs: tile.columns + 4,
            activation: .gelu)
        try expectEqual(operation, on: backend)
        let run = try operation.prepare(on: backend)
        _ = try run()
        let launches = backend.context.statistics.kernelsLaunched
        _ = try run()
        #expect(backend.context.statistics.kernelsLaunched == launches + 1)
    }

    /// Launches limit the speed of single images: five per block, one per stage that resamples
    /// features for all of its blocks, and ten per stage around the blocks.
    @Test func launchesOfABatchAreCounted() throws {
        let backend = try TestDevice.makeBackend(
            .tile, engine: .mma(MatrixTile.all[9]), .float16,
            arithmetic: Arithmetic(instructions: .emulated))
        let configuration = try CascadeConfiguration.named("tiny-deit")
        let model = try DynamicVisionTransformer(
            configuration, weights: SyntheticWeights(seed: 1), backend: backend)
        let images = Tensor.uniform(configuration.imageShape(batch: 1), name: "images", seed: 1)
        _ = try model.logits(images)
        let launched = backend.context.statistics.kernelsLaunched
        _ = try model.logits(images)
        let depths = configuration.stages.map(\.depth)
        let launches = backend.context.statistics.kernelsLaunched - launched
        #expect(launches == 5 * depths.reduce(0, +) + (depths.count - 1) + 10 * depths.count)
    }

    @Test(arguments: [Precision.float32, .float16])
    func geluTanhMatchesTheReference(precision: Precision) throws {
        try expectEqual(
            LinearOperation(rows: 5, inputs: 129, outputs: 7, activation: .geluTanh),
            on: TestDevice.makeBackend(.tile, engine: .mma(MatrixTile.all[9]), precision))
    }

    /// Feature reuse uses layers in groups, whose rows are interleaved.
    @Test func groupsMatchTheReference() throws {
        let backend = try TestDevice.makeBackend(
            .tile, engine: .mma(MatrixTile.all[9]), .float16)
        for operation in OperationCatalog.small where operation is FeatureReuseOperation {
            try expectEqual(operation, on: backend)
        }
    }

    /// Intel's fragments in attention, whose queries, keys, values and resampling are loaded in every
    /// way, and in the relation MLP.
    @Test(arguments: [
        (MatrixInstructions.emulatedXMX16, Precision.float16), (.emulatedXMX8, .bfloat16),
    ])
    func intelFragmentsMatchTheReference(
        instructions: MatrixInstructions, precision: Precision
    ) throws {
        let backend = try TestDevice.makeBackend(
            .tile, precision, arithmetic: Arithmetic(instructions: instructions))
        try expectEqual(RelationReuseOperation(batch: 1, channels: 20, tokens: 9), on: backend)
        try expectEqual(
            AttentionOperation(
                batch: 1, grid: 6, heads: 2, headWidth: 32,
                reusing: instructions.family == .xmx16 ? 4 : nil, keepsLogits: true), on: backend)
    }

    /// Rows of relations are padded in device memory only.
    @Test func paddedRelationsAreDownloadedWithoutPadding() throws {
        let backend = try TestDevice.makeBackend(
            .tile, .float16, arithmetic: Arithmetic(instructions: .emulated))
        let relations = Tensor.uniform([2, 3, 5, 5], name: "relations", seed: 1)
        let unpadded = try backend.upload(relations)
        let padded = try backend.paddedRelations(unpadded)
        #expect(padded.rowPitch == 8 && padded.byteCount == 2 * 3 * 5 * 8 * 2)
        let values = try backend.download(unpadded)
        #expect(try backend.download(padded) == values)
        // The second image, and then both again in one batch.
        let second = try backend.gather(padded, rows: [1], after: nil)
        #expect(try backend.download(second).values == Array(values.values[75...]))
        let both = try backend.gather(padded, rows: [0], after: second)
        #expect(
            try backend.download(both).values
                == Array(values.values[75...]) + Array(values.values[..<75]))
    }
}
