/// How class folders are numbered.
public enum ClassFolderNumbering: String, CaseIterable, Sendable {
    /// As the classes of the model that have the folders' names; folders whose names are all
    /// numbers, such as `0`, `007` and `10`, as the classes of these numbers; otherwise in the
    /// order of their names, sorted by bytes.
    case matched
    /// In the order of their names, sorted by bytes, as torchvision's `ImageFolder` does: `10`
    /// comes before `2`, and the names of the model's classes are ignored.
    case sorted
}
