import DVTSupport
import DVTVision

extension ClassLabels? {
    /// The display name of a class: its name, or its number if the classes have no names.
    func shownName(_ label: Int) -> String {
        self?[label].map(printable) ?? "class \(label)"
    }
}

/// The classes of a model in one line, such as `3 classes: cat, dog, bird`.
///
/// - Parameters:
///   - labels: the names of the classes, or nil.
///   - count: the number of classes.
/// - Returns: the number and at most 20 names, of more the first ones and the last.
func classesText(_ labels: ClassLabels?, count: Int) -> String {
    let number = "\(count) class\(count == 1 ? "" : "es")"
    guard let names = labels?.names, let last = names.last else { return number + " without names" }
    let shownNames = names.count <= 20 ? names : Array(names.prefix(8))
    let list = shownNames.map(printable).joined(separator: ", ")
    return "\(number): \(list)" + (names.count <= 20 ? "" : " ... \(printable(last))")
}
