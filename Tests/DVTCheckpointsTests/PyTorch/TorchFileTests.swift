import DVTCheckpoints
import DVTCore
import DVTSupport
import Foundation
import Testing

/// Files written by PyTorch itself; Fixtures/README.md has the script.
@Suite struct TorchFileTests {
    private func open(_ name: String) throws -> PyTorchCheckpoint {
        let folder = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures")
        return try PyTorchCheckpoint(path: folder.appendingPathComponent(name).path)
    }

    @Test(arguments: ["views.pth", "views-legacy.pth"])
    func viewsOfEitherLayoutAreRead(name: String) throws {
        let checkpoint = try open(name)
        let expected = [
            "whole": Tensor([3, 4], values: (0..<12).map(Float.init)),
            "transposed": Tensor([4, 3], values: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]),
            "tail": Tensor([4], values: [8, 9, 10, 11]),
            "every_second": Tensor([6], values: [1, 3, 5, 7, 9, 11]),
            "expanded": Tensor([2, 3], repeating: 5),
            "scalar": Tensor([], values: [2.5]),
            "empty": Tensor([0, 3], values: []),
            "parameter": Tensor([2], values: [1, -1]),
            "half": Tensor([1, 3], values: [0.5, 65504, -2]),
            "brain": Tensor([2], values: [1, 3.140625]),
            "double": Tensor([1], values: [0.1]),
        ]
        for (name, tensor) in expected {
            #expect(try checkpoint.tensor(named: name) == tensor, "\(name)")
        }
        let unread = Set(checkpoint.shapes.keys).subtracting(expected.keys)
        #expect(unread == (name == "views.pth" ? ["steps", "codes"] : ["steps"]))
        for name in unread {
            #expect(throws: PyTorchCheckpointError.self) { try checkpoint.tensor(named: name) }
        }
    }

    @Test func aTrainingCheckpointIsRead() throws {
        let checkpoint = try open("training.pth")
        #expect(
            checkpoint.shapes == [
                "0.weight": [2, 3], "0.bias": [2], "1.weight": [2], "1.bias": [2],
                "1.running_mean": [2], "1.running_var": [2], "1.num_batches_tracked": [],
            ])
        #expect(
            try checkpoint.tensor(named: "0.weight").values == [0, 0.25, 0.5, 0.75, 1, 1.25])
        #expect(try checkpoint.tensor(named: "1.running_var").values == [1, 1])
        var metadata = checkpoint.metadata
        #expect(metadata.removeValue(forKey: "optimizer")?.contains(#""lr":0.5"#) == true)
        #expect(metadata.removeValue(forKey: "lr_scheduler")?.contains(#""T_max":10"#) == true)
        #expect(
            metadata == [
                "epoch": "3", "arch": "tiny", "best": "79.25", "flops": "[0.1,2]",
                "curve": "[[1.0,2.0],[3.0,null]]", "counts": "[[1,2],[3,4]]",
            ])
    }
}

/// The folder of reference outputs: `DVT_REFERENCE`, or beside the package.
private let referenceFolder: String? = {
    let folder = ProcessInfo.processInfo.environment["DVT_REFERENCE"] ?? "../shared/reference"
    let path = folder + "/tiny_deit_s1.pth.tar"
    return FileManager.default.fileExists(atPath: path) ? folder : nil
}()

/// The checkpoints of a whole model.
@Suite(
    .enabled(
        if: referenceFolder != nil,
        "set DVT_REFERENCE to the folder of reference outputs to run this"))
struct TorchReferenceTests {
    /// The value of a weight by the rules of the folder's README.
    private static func weight(_ name: String, _ shape: Shape) -> Tensor {
        func uniform(scale: Float, offset: Float = 0) -> Tensor {
            .uniform(shape, name: name, seed: 1, scale: scale, offset: offset)
        }
        if name.hasSuffix(".bias") { return uniform(scale: 0.1) }
        if name.hasSuffix(".weight"), shape.rank == 1 { return uniform(scale: 0.1, offset: 1) }
        if name.hasSuffix("cls_token") || name.hasSuffix("pos_embed") { return uniform(scale: 0.2) }
        let isHead = name.hasSuffix("head.weight") || name.hasSuffix("head.0.weight")
        let gain = isHead ? 4 : name.hasSuffix("kqv.weight") ? 0.5 : 1
        let fanIn = shape.dimensions.dropFirst().reduce(1, *)
        return uniform(scale: Float(gain * (3 / Double(fanIn)).squareRoot()))
    }

    private func open(_ name: String) throws -> PyTorchCheckpoint {
        try PyTorchCheckpoint(path: #require(referenceFolder) + "/" + name)
    }

    @Test func readsTheOriginalLayout() throws {
        let checkpoint = try open("tiny_deit_s1.pth.tar")
        #expect(checkpoint.shapes.count == 128)
        for (name, shape) in checkpoint.shapes {
            #expect(try checkpoint.tensor(named: name) == Self.weight(name, shape), "\(name)")
        }
        let metadata = checkpoint.metadata
        #expect(
            metadata.keys.sorted() == [
                "anytime_classification", "budgeted_batch_classification", "dynamic_threshold",
                "flops",
            ])
        #expect(metadata["flops"] == "[0.01,0.03,0.08]")
        #expect(metadata["anytime_classification"] == "[60.1,70.2,80.3]")
        #expect(metadata["budgeted_batch_classification"] == "[[0.01,0.02],[60.0,61.0]]")
        let threshold = try JSONValue(parsing: Array((metadata["dynamic_threshold"] ?? "").utf8))
        guard case .array(let rows) = threshold else {
            Issue.record("the thresholds are no list")
            return
        }
        #expect(rows.count == 59)
        for row in rows {
            guard case .array(let exits) = row else { continue }
            #expect(exits.count == 3)
        }
    }

    @Test func readsABareDictionaryOfFloat16() throws {
        let checkpoint = try open("tiny_deit_s1_half_plain.pth")
        #expect(checkpoint.shapes.count == 128)
        #expect(checkpoint.metadata.isEmpty)
        for (name, shape) in checkpoint.shapes {
            let rounded = Self.weight(name, shape).values.map { Float(Float16($0)) }
            #expect(try checkpoint.tensor(named: name).values == rounded, "\(name)")
        }
    }
}
