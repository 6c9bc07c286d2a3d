import DVTCheckpoints
import DVTCore
import Foundation
import Testing

/// The folder of reference outputs: `DVT_REFERENCE`, or beside the package.
private let referenceFile: String? = {
    let folder = ProcessInfo.processInfo.environment["DVT_REFERENCE"] ?? "../shared/reference"
    let path = folder + "/tiny_deit_f1r1_s1.safetensors"
    return FileManager.default.fileExists(atPath: path) ? path : nil
}()

@Suite struct SafetensorsReferenceTests {
    /// A file written by the Python library.
    @Test(
        .enabled(
            if: referenceFile != nil,
            "set DVT_REFERENCE to the folder of reference outputs to run this"))
    func readsAFileWrittenByTheReferenceImplementation() throws {
        let file = try SafetensorsFile(path: #require(referenceFile))
        #expect(file.metadata["model"] == "tiny_deit")
        #expect(file.shapes.count == 26)
        #expect(file.shapes["logits0"] == [2, 10])
        #expect(file.shapes["stage0.block0.relation"] == [2, 2, 50, 50])
        for (name, shape) in file.shapes {
            let tensor = try file.tensor(named: name)
            #expect(tensor.shape == shape)
            #expect(tensor.values.allSatisfy { $0.isFinite }, "\(name)")
            #expect(tensor.values.contains { $0 != 0 }, "\(name)")
        }
    }
}
