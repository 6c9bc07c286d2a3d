import DVTSupport

/// The classes of a set of folders.
struct FolderClasses {
    /// The class of each folder, or nil if the folder is ignored.
    let numbers: [Int?]
    /// The names of the classes.
    let labels: ClassLabels
    /// The assumed numbering if the names do not determine it, or nil.
    let assumption: String?
    /// The ignored folders in one line, or nil.
    let problem: String?

    /// Numbers the folders by the model's class names, or by their own order if none matches.
    ///
    /// - Parameters:
    ///   - names: the folder names, sorted by bytes; at least one.
    ///   - classes: the names of the model's classes, or nil.
    ///   - root: the parent folder, for messages.
    init(_ names: [String], classes: ClassLabels?, root: String) {
        let found = classes.map { classes in
            let numbers = ClassNumbers(classes)
            return names.map { numbers[$0] }
        }
        if let classes, let found, found.contains(where: { $0 != nil }) {
            (numbers, labels, assumption) = (found, classes, nil)
            let others = zip(names, found).filter { $0.1 == nil }.map(\.0)
            problem = others.isEmpty ? nil : Self.ignored(others, root: root)
        } else {
            (numbers, labels, problem) = (names.indices.map { $0 }, ClassLabels(names), nil)
            assumption = Self.order(names, classes: classes, root: root)
        }
    }

    private static func ignored(_ names: [String], root: String) -> String {
        let shownNames = names.prefix(5).map { quoted($0) }.joined(separator: ", ")
        let count =
            names.count == 1
            ? "1 folder matches no class of the model and is ignored"
            : "\(names.count) folders match no class of the model and are ignored"
        return "\(shown(root)): \(count): \(shownNames)" + (names.count > 5 ? " and more" : "")
    }

    private static func order(_ names: [String], classes: ClassLabels?, root: String) -> String {
        let reason =
            classes == nil
            ? "the model's classes have no names"
            : "none of its folders is named after a class of the model"
        func pair(_ index: Int) -> String {
            "\(quoted(names[index])) is class \(index)"
                + (classes?[index].map { ", \(printable($0))" } ?? "")
        }
        let last = names.count - 1
        return "\(shown(root)): \(reason), so classes follow the order of the folder names: "
            + pair(0) + (last > 0 ? (last > 1 ? " ... " : "; ") + pair(last) : "")
    }
}
