import DVTTraining
import DVTVision
import Foundation

/// Registers the input pipeline of training.
func registerTraining() {
    for (name, augmentation) in presets {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("dvt-benchmark-\(UUID().uuidString)")
        measure(
            "Training batches of 1280 at 32x32, \(name)",
            setup: { try smallImages(in: folder, augmentation) },
            teardown: { try FileManager.default.removeItem(at: folder) }
        ) { try epoch(of: $0) }
    }
    measure("Training batch of 12 photos, standard", setup: { try photos() }) { try epoch(of: $0) }
}

private let presets = [
    ("none", AugmentationConfiguration.none), ("light", .light), ("standard", .standard),
]

/// Ten batches of images of CIFAR-10's size; decoded images are cached.
private func smallImages(
    in folder: URL, _ augmentation: AugmentationConfiguration
) throws -> TrainingInput {
    let scenes = SyntheticScenes(seed: 1, size: 32)
    var bytes = Data()
    for index in 0..<1280 {
        let pixels = scenes.image(index).image.pixels
        bytes.append(UInt8(index % 10))
        for channel in 0..<3 {
            bytes.append(contentsOf: (0..<1024).map { pixels[3 * $0 + channel] })
        }
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appendingPathComponent("data_batch_1.bin")
    try bytes.write(to: file)
    return try TrainingInput(
        .cifar(path: file.path), classes: 10,
        preprocessing: Preprocessing(shorterSide: 32, imageSize: 32), augmentation: augmentation,
        options: .init(batchSize: 128, seed: 1, workers: 2, cacheByteLimit: 1 << 28))
}

private func photos() throws -> TrainingInput {
    let table = FileManager.default.temporaryDirectory
        .appendingPathComponent("dvt-benchmark-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: table) }
    let lines = try photoPaths().map { "\"\($0)\",0\n" }.joined()
    try lines.write(to: table, atomically: true, encoding: .utf8)
    return try TrainingInput(
        .csv(path: table.path), classes: 1, preprocessing: .default, augmentation: .standard,
        options: .init(batchSize: 12, seed: 1, workers: 2))
}

private func epoch(of input: TrainingInput) throws -> Int {
    let batches = input.batches(epoch: 0)
    var count = 0
    while let batch = try batches.next() { count += batch.labels.count }
    return count
}
