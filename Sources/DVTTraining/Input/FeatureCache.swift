internal import DVTCheckpoints
package import DVTCore

/// The features of all exits for a set of images, computed once by a frozen backbone and kept on
/// disk; a run that trains only heads reads them instead of the images.
package final class FeatureCache {
    /// What the features are computed from.
    package struct Subject: Codable, Equatable, Sendable {
        package let model: String
        /// A digest of the frozen parameters.
        package let weights: String
        package let data: String
        package let images: Int
        /// How images become inputs, as JSON.
        package let preprocessing: String
        package let precision: String
        /// The width of each exit's features.
        package let widths: [Int]

        package init(
            model: String, weights: String, data: String, images: Int, preprocessing: String,
            precision: String, widths: [Int]
        ) {
            self.model = model
            self.weights = weights
            self.data = data
            self.images = images
            self.preprocessing = preprocessing
            self.precision = precision
            self.widths = widths
        }
    }

    private let journal: RowJournal<Subject>

    /// Opens the cache in a folder, or creates it.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - subject: what the features are computed from.
    /// - Throws: `RowJournalError` if the folder holds features of something else, or `FileError`.
    package init(folder: String, subject: Subject) throws {
        journal = try RowJournal(
            folder: folder, subject: subject, images: subject.images,
            columns: subject.widths.enumerated().map {
                RowJournal<Subject>.Column("exit\($0.offset)", width: $0.element)
            }, integers: ["images"], resuming: nil)
    }

    /// The number of images processed so far, unreadable ones included.
    package var taken: Int { journal.taken }
    /// Whether the features of all images are stored.
    package var isComplete: Bool { taken == journal.subject.images }

    /// Adds a batch, which is stored once this returns.
    ///
    /// - Parameters:
    ///   - features: the features of each exit, `[B, D]`.
    ///   - images: the indices of the B images in the set.
    ///   - taken: the number of images processed so far.
    /// - Throws: `FileError` if the system fails to write.
    package func add(_ features: [Tensor], images: [Int], taken: Int) throws {
        try journal.add(features.map(\.values), integers: [images], taken: taken)
    }

    /// The stored features.
    ///
    /// - Returns: the features.
    /// - Throws: `RowJournalError` if a file is incomplete, or `FileError`.
    package func table() throws -> FeatureTable {
        var rows = [Int?](repeating: nil, count: journal.subject.images)
        for (row, image) in try journal.integers(0).enumerated() {
            guard rows.indices.contains(image) else {
                throw RowJournalError<Subject>.damaged(path: journal.folder)
            }
            rows[image] = row
        }
        return FeatureTable(
            exits: try journal.subject.widths.indices.compactMap { try journal.table($0) },
            rows: rows)
    }
}

/// Features of all exits by the image's index in its set.
package struct FeatureTable: Sendable {
    let exits: [MappedRows]
    /// The row of each image, or nil if it was unreadable.
    let rows: [Int?]

    /// The features of some images.
    ///
    /// - Parameter images: their indices in the set, none of them unreadable.
    /// - Returns: `[images.count, D]` for each exit.
    /// - Throws: `FileError` if a file was truncated.
    func features(of images: [Int]) throws -> [Tensor] {
        let rows = images.compactMap { self.rows[$0] }
        return try exits.map { exit in
            Tensor([rows.count, exit.width], values: try exit.rows(rows))
        }
    }
}
