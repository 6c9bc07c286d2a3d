import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTOpenCL
import DVTReference
import DVTTestSupport
import Foundation
import Testing

/// A file of the original JAX code, compared with the logits of timm, which loads such files itself;
/// scripts/pretrained-fixtures.py writes the fixture.
@Suite struct JAXWeightsTests {
    private let file: JAXFile

    init() throws {
        file = try JAXFile()
    }

    private func model(heads: Int = 2) throws -> CascadeConfiguration {
        var stage = VisionTransformerConfiguration(
            patch: PatchGeometry(kernel: 8), width: 32, depth: 2, heads: heads, classes: 10)
        stage.imageSize = 32
        return try CascadeConfiguration([stage], name: "test", naming: .timm)
    }

    private func distance(
        _ tensors: any NamedTensors, on backend: some Backend
    ) throws -> Double {
        let configuration = try model()
        let network = try DynamicVisionTransformer(
            configuration, weights: CheckpointWeights(tensors), backend: backend)
        let images = SyntheticImages.batch(configuration.imageShape(batch: 4), seed: 1)
        return try relativeDistance(network.logits(images)[0].values, from: file.logits)
    }

    /// The weights are float32, and every operation of the reference is rounded to it.
    @Test func referenceEqualsTimm() throws {
        let opened = try Checkpoint.open(path: file.path)
        #expect((opened as? JAXVisionTransformer)?.heads == 2)
        #expect(try distance(opened, on: ReferenceBackend()) < 1e-6)
    }

    @MainActor
    @Test(
        .enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)),
        arguments: KernelStyle.allCases)
    func openCLEqualsTimm(style: KernelStyle) throws {
        let opened = try Checkpoint.open(path: file.path)
        #expect(try distance(opened, on: TestDevice.makeBackend(style)) < 3e-6)
    }

    /// A conversion writes timm's names and shapes, which give the same logits.
    @Test func conversionsHaveTimmsNames() throws {
        let configuration = try model()
        let weights = CheckpointWeights(try Checkpoint.open(path: file.path))
        try weights.check(configuration)
        #expect(weights.notes(for: configuration).isEmpty)
        let parts = configuration.parameters.flatMap { weights.parts(of: $0, in: configuration) }
        let path = file.path + ".safetensors"
        try SafetensorsWriter.write(try parts.map { ($0.name, try $0.read()) }, to: path)
        let copy = try SafetensorsFile(path: path)
        #expect(copy.shapes["blocks.1.attn.qkv.weight"] == [96, 32])
        #expect(try distance(copy, on: ReferenceBackend()) < 1e-6)
    }

    /// The shapes give the number of heads, so another one is certainly wrong.
    @Test func headsMustBeTheModels() throws {
        let weights = CheckpointWeights(try Checkpoint.open(path: file.path))
        #expect(weights.heads == 2)
        let error = #expect(throws: ModelError.self) { try weights.check(model(heads: 4)) }
        #expect(
            error?.description.hasSuffix("its attention has 2 heads, and the model 4") == true)
    }
}

/// The fixture as an `.npz` file without compression; removed with the value.
private final class JAXFile {
    let path: String
    let logits: [Double]

    private struct Fixture: Decodable {
        let tensors: [String: TensorDistribution]
        let logits: [[Double]]
    }

    init() throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Pretrained/jax_vit.json")
        let contents = try JSONDecoder().decode(
            Fixture.self, from: Data(contentsOf: fixture))
        logits = contents.logits.flatMap { $0 }
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("jax-\(UUID().uuidString)").path
        let arrays = contents.tensors.sorted { $0.key < $1.key }.map { name, values in
            let shape = values.shape.map { "\($0)," }.joined()
            return (
                name + ".npy",
                Self.array("(\(shape))", values.tensor(named: name).values)
            )
        }
        try Self.archive(arrays).write(to: URL(fileURLWithPath: path))
    }

    deinit {
        for file in [path, path + ".safetensors"] {
            try? FileManager.default.removeItem(atPath: file)
        }
    }

    /// A float32 array of NumPy.
    private static func array(_ shape: String, _ values: [Float]) -> Data {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape)}\n"
        var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
        data += bytes(UInt16(header.utf8.count)) + Data(header.utf8)
        values.withUnsafeBytes { data += Data($0) }
        return data
    }

    /// A zip archive without compression.
    private static func archive(_ entries: [(name: String, data: Data)]) -> Data {
        var (contents, directory) = (Data(), Data())
        for (name, data) in entries {
            let size = bytes(UInt32(data.count))
            // Versions, flags, method and time are 0, as are all other fields.
            var common = Data(count: 10) + bytes(checksum(data)) + size + size
            common += bytes(UInt16(name.utf8.count)) + Data(count: 2)
            directory += bytes(UInt32(0x0201_4B50)) + Data(count: 2) + common + Data(count: 10)
            directory += bytes(UInt32(contents.count)) + Data(name.utf8)
            contents += bytes(UInt32(0x0403_4B50)) + common + Data(name.utf8) + data
        }
        let count = bytes(UInt16(entries.count))
        var end = bytes(UInt32(0x0605_4B50)) + Data(count: 4) + count + count
        end += bytes(UInt32(directory.count)) + bytes(UInt32(contents.count)) + Data(count: 2)
        return contents + directory + end
    }

    private static func bytes(_ number: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: number.littleEndian) { Data($0) }
    }

    private static func checksum(_ data: Data) -> UInt32 {
        ~data.reduce(UInt32.max) { value, byte in
            (0..<8).reduce(value ^ UInt32(byte)) { value, _ in
                value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0)
            }
        }
    }
}
