import Foundation
import Testing

/// A temporary folder for one test, removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("dvt-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, creating its parent folders, and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let file = try place(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Copies a file here and returns its new path.
    @discardableResult
    func copy(_ source: String, as name: String) throws -> String {
        let file = try place(name)
        try FileManager.default.copyItem(atPath: source, toPath: file)
        return file
    }

    private func place(_ name: String) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        return url.path
    }
}

/// Files of this repository.
enum Fixtures {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The folder of the drawn images.
    static let photos = "\(root)/Examples/photos"
    /// Photos of classes of the shipped model.
    static let snapshots = "\(root)/Examples/snapshots"
    /// The demonstration.
    static let demo = "\(root)/scripts/demo.sh"
    /// The drawn images in the order of their names.
    static let photoFiles = [
        "01-ball", "02-apple", "03-moon", "04-cup", "05-fish", "06-boat", "07-cottage",
        "08-bicycle", "09-forest", "10-street", "11-shelves", "12-drawer",
    ].map { "\(photos)/\($0).jpg" }
    /// A PNG file.
    static let png = "\(root)/Tests/DVTVisionTests/Fixtures/png-c2-d08.png"

    /// Checksums of preprocessed drawn images.
    static let torchvision = "\(root)/Tests/DVTVisionTests/Fixtures/photos.txt"

    /// A drawn image by the beginning of its name, for example `01`.
    static func photo(_ number: Int) -> String { photoFiles[number - 1] }

    /// Logits of tiny-deit, computed by the authors' implementation.
    static func logits(features: Bool, relations: Bool) -> String {
        "\(root)/Tests/Fixtures/reference/\(logitsName(features: features, relations: relations))"
    }

    /// The large file of all intermediates, or nil if it is missing.
    static let layers: String? = {
        let folder = ProcessInfo.processInfo.environment["DVT_REFERENCE"]
        let path = "\(folder ?? "\(root)/../shared/reference")/tiny_deit_f1r1_s1.safetensors"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    private static func logitsName(features: Bool, relations: Bool) -> String {
        "tiny_deit_f\(features ? 1 : 0)r\(relations ? 1 : 0)_s1.safetensors"
    }
}
