import DVTCheckpoints
import DVTCore
import DVTModel
import DVTSupport
import DVTVision

/// A safetensors file of preprocessed images, whose number is known only at the end.
///
/// The header, which contains the number, comes first, so the values wait in a temporary file.
final class PreprocessedFile {
    /// The name of the tensor.
    static let tensorName = "images"

    private let path: String
    private let model: String
    private let preprocessing: Preprocessing
    private let values: SpoolFile
    /// The files of the images.
    private(set) var names: [String] = []

    /// Creates a file, after checking that it can be written.
    ///
    /// - Parameters:
    ///   - path: the file to create or replace.
    ///   - model: the name of the model.
    ///   - preprocessing: how the images were prepared.
    /// - Throws: ``FileError`` if it cannot be written.
    init(path: String, model: String, preprocessing: Preprocessing) throws {
        _ = try AtomicFileWriter(path: path)
        self.path = path
        self.model = model
        self.preprocessing = preprocessing
        values = try SpoolFile(beside: path)
    }

    /// Adds an image.
    ///
    /// - Parameters:
    ///   - image: the values, shape `[3, S, S]`.
    ///   - name: the file.
    /// - Throws: ``FileError`` if the temporary file cannot be written.
    func add(_ image: [Float], name: String) throws {
        try image.withUnsafeBytes { try values.append($0) }
        names.append(name)
    }

    /// Writes the file atomically; there must be an image.
    ///
    /// - Throws: ``SafetensorsError`` if the names do not fit a header, ``FileError`` if writing
    ///   fails.
    func write() throws {
        let shape = preprocessing.shape.withBatch(names.count)
        try SafetensorsWriter.write(
            [(name: Self.tensorName, shape: shape)], integers: [], metadata: metadata, to: path
        ) { _, write in
            for index in names.indices {
                let count = preprocessing.shape.elementCount
                try write(values.read(count, from: index * count))
            }
        }
    }

    private var metadata: [String: String] {
        [
            "files": JSONValue.array(names.map(JSONValue.string)).jsonText, "model": model,
            "preprocessing": preprocessing.json,
        ]
    }
}
