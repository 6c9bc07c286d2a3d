import DVT
import DVTTestSupport
import Testing

/// The classifier of the umbrella product.
struct ClassifierTests {
    private static let root =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    private static let snapshots = ["cat", "dog", "truck"].map {
        "\(root)/Examples/snapshots/\($0).jpg"
    }
    private static let checkpoint = "\(root)/Models/dvt-cifar10/weights.safetensors"

    @Test func shippedModelKnowsSnapshots() throws {
        let classifier = try Classifier(backend: ReferenceBackend())
        #expect(classifier.origin.hasPrefix("dvt-cifar10"))
        #expect(classifier.deviceName == ReferenceBackend().deviceName)
        #expect(classifier.policy == classifier.card.exitPolicy)
        let images = try classifier.classify(Self.snapshots)
        #expect(images.map(\.path) == Self.snapshots)
        #expect(images.map(\.label) == ["cat", "dog", "truck"])
        for image in images {
            #expect((0..<classifier.card.configuration.stages.count).contains(image.exit))
            #expect(image.classIndex == image.prediction.classIndex)
            #expect(image.probability == image.prediction.probability)
        }
    }

    /// A batch of two leaves one image for the last, smaller batch.
    @Test func batchesAndPoliciesAreTheUsers() throws {
        let classifier = try Classifier(backend: ReferenceBackend())
        let together = try classifier.classify(Self.snapshots, topK: 3)
        #expect(together.allSatisfy { $0.prediction.top.count == 3 })
        classifier.batchSize = 2
        #expect(try classifier.classify(Self.snapshots, topK: 3) == together)
        classifier.policy = .exit(0)
        #expect(try classifier.classify(Self.snapshots).map(\.exit) == [0, 0, 0])
        #expect(try classifier.classify([]).isEmpty)
    }

    @Test func aCheckpointIsReadFromItsFile() throws {
        let classifier = try Classifier(checkpoint: Self.checkpoint, backend: ReferenceBackend())
        #expect(classifier.origin == Self.checkpoint)
        let shipped = try Classifier(backend: ReferenceBackend())
        #expect(try classifier.classify(Self.snapshots) == shipped.classify(Self.snapshots))
    }

    @Test func classesWithoutNamesAreNumbered() throws {
        let folder = try TemporaryFolder()
        let file = try Checkpoint.open(path: Self.checkpoint)
        var card = try ModelCard(storedIn: file)
        card.labels = nil
        let path = "\(folder.path)/plain.safetensors"
        let tensors = try file.shapes.keys.sorted().map {
            (name: $0, tensor: try file.tensor(named: $0))
        }
        try SafetensorsWriter.write(
            tensors, metadata: [ModelCard.metadataKey: card.json], to: path)
        let classifier = try Classifier(checkpoint: path, backend: ReferenceBackend())
        #expect(classifier.labels == nil)
        let image = try classifier.classify(Self.snapshots.prefix(1))[0]
        #expect(image.label == "class \(image.classIndex)")
    }

    @Test func errorsNameTheFileAndTheRemedy() throws {
        let folder = try TemporaryFolder()
        let missing = "\(folder.path)/none.safetensors"
        #expect(throws: FileError.self) {
            try Classifier(checkpoint: missing, backend: ReferenceBackend())
        }
        let path = "\(folder.path)/plain.safetensors"
        try SafetensorsWriter.write([(name: "x", tensor: Tensor([1], repeating: 0))], to: path)
        #expect(throws: ModelError.noCard(origin: path)) {
            try Classifier(checkpoint: path, backend: ReferenceBackend())
        }
        let classifier = try Classifier(backend: ReferenceBackend())
        #expect(throws: ImageError.self) {
            try classifier.classify(Self.snapshots + ["\(folder.path)/none.jpg"])
        }
        classifier.policy = .exit(7)
        #expect(throws: ModelError.self) { try classifier.classify(Self.snapshots) }
    }

    @Test(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
    @MainActor func openCLAgreesWithTheReference() throws {
        let backend = try TestDevice.makeBackend(.vector)
        let classifier = try Classifier(backend: backend)
        #expect(classifier.deviceName == backend.deviceName)
        let images = try classifier.classify(Self.snapshots)
        let expected = try Classifier(backend: ReferenceBackend()).classify(Self.snapshots)
        for (image, expected) in zip(images, expected) {
            #expect(image.label == expected.label && image.exit == expected.exit)
            #expect(abs(image.probability - expected.probability) < 1e-4)
        }
    }

    /// scripts/examples.sh runs the initializer on a device.
    @Test(.enabled(if: TestDevice.isAvailable, Comment(rawValue: TestDevice.comment)))
    func missingDevicesAreErrors() {
        #expect(throws: OpenCLError.self) { try Classifier(device: "nonesuch") }
    }
}
