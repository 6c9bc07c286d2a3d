import DVTCheckpoints
import DVTCore
import Foundation
import Testing

/// The folder of reference outputs: `DVT_REFERENCE`, or beside the package.
private let referenceFolder: String? = {
    let folder = ProcessInfo.processInfo.environment["DVT_REFERENCE"] ?? "../shared/reference"
    let path = folder + "/mindspore_tiny_f1r1_s1.ckpt"
    return FileManager.default.fileExists(atPath: path) ? folder : nil
}()

@Suite struct MindSporeReferenceTests {
    /// A file of generated weights, written by MindSpore's own `save_checkpoint`.
    @Test(
        .enabled(
            if: referenceFolder != nil,
            "set DVT_REFERENCE to the folder of reference outputs to run this"))
    func readsAFileWrittenByMindSpore() throws {
        let folder = try #require(referenceFolder)
        let path = folder + "/mindspore_tiny_f1r1_s1.ckpt"
        #expect(MindSporeCheckpoint.recognizes(try bytes(at: path).prefix(64)))
        let file = try MindSporeCheckpoint(path: path)
        let json = try Data(
            contentsOf: URL(fileURLWithPath: folder + "/mindspore_parameter_shapes.json"))
        let shapes = try JSONDecoder().decode([String: [String: [Int]]].self, from: json)
        #expect(file.shapes.count == 96)
        #expect(file.shapes == shapes["mindspore_tiny"]?.mapValues(Shape.init))
        for (name, shape) in file.shapes {
            #expect(try file.dtype(named: name) == .float32)
            #expect(try file.tensor(named: name) == expected(name, shape), "\(name)")
        }
    }

    /// The generated weight.
    private func expected(_ name: String, _ shape: Shape) -> Tensor {
        let (scale, offset) = spread(name, shape)
        return .uniform(shape, name: name, seed: 1, scale: scale, offset: offset)
    }

    private func spread(_ name: String, _ shape: Shape) -> (scale: Float, offset: Float) {
        switch name.split(separator: ".").last {
        case "gamma": return (0.1, 1)
        case "bias", "beta": return (0.1, 0)
        case "cls_token", "pos_embedding": return (0.2, 0)
        default:
            let fanIn = Double(shape.elementCount / shape[0])
            let isHead = name.hasSuffix("head.weight") || name.hasSuffix("head.0.weight")
            return (Float((isHead ? 4 : 1) * (3 / fanIn).squareRoot()), 0)
        }
    }
}
