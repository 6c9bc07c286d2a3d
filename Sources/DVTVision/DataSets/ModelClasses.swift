/// What a labeled set may assume about the classes of the model that will run on it.
public struct ModelClasses: Sendable {
    /// The names of the classes, or nil if unknown.
    public let labels: ClassLabels?
    /// The number of classes, or nil if it follows from the set, as in training.
    public let count: Int?
    /// How class folders are numbered.
    public let numbering: ClassFolderNumbering

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - labels: the names of the classes, or nil.
    ///   - count: the number of classes, or nil; by default that of the names.
    ///   - numbering: how class folders are numbered.
    public init(
        _ labels: ClassLabels? = nil, count: Int? = nil, numbering: ClassFolderNumbering = .matched
    ) {
        self.labels = labels
        self.count = count ?? labels?.names.count
        self.numbering = numbering
    }
}
