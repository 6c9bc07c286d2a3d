import DVTCore
import DVTSupport

/// The classes that the folders of a set stand for.
struct FolderClasses {
    /// The class of every folder, or nil where it is left aside.
    let numbers: [Int?]
    /// The names of the classes.
    let labels: ClassLabels
    /// What was supposed of the folders where their names do not say it, or nil.
    let assumption: String?
    /// What is left aside, or nil.
    let problem: String?

    /// Numbers the folders by the model's names; in their own order where none of them is one.
    ///
    /// - Parameters:
    ///   - names: the folders' names, sorted by bytes; at least one.
    ///   - classes: the names of the model's classes, or nil.
    ///   - root: the folder that they are in, for messages.
    init(_ names: [String], classes: ClassLabels?, root: String) {
        let found = classes.map { classes in
            let numbers = ClassNumbers(classes)
            return names.map { numbers[$0] }
        }
        if let classes, let found, found.contains(where: { $0 != nil }) {
            (numbers, labels, assumption) = (found, classes, nil)
            let others = zip(names, found).filter { $0.1 == nil }.map(\.0)
            problem = others.isEmpty ? nil : Self.leftAside(others, root: root)
        } else {
            (numbers, labels, problem) = (names.indices.map { $0 }, ClassLabels(names), nil)
            assumption = Self.order(names, classes: classes, root: root)
        }
    }

    private static func leftAside(_ names: [String], root: String) -> String {
        let shownNames = names.prefix(5).map { quoted($0) }.joined(separator: ", ")
        let are = names.count == 1 ? "1 folder is" : "\(names.count) folders are"
        return "\(shown(root)): \(are) none of the model's classes and left aside: \(shownNames)"
            + (names.count > 5 ? " and more" : "")
    }

    private static func order(_ names: [String], classes: ClassLabels?, root: String) -> String {
        let reason =
            classes == nil
            ? "the model's classes have no names"
            : "none of its folders is called as one of the model's classes"
        func pair(_ index: Int) -> String {
            "\(quoted(names[index])) is class \(index)"
                + (classes?[index].map { ", \(printable($0))" } ?? "")
        }
        let last = names.count - 1
        return "\(shown(root)): \(reason), so the order of the folders' names counts: "
            + pair(0) + (last > 0 ? (last > 1 ? " ... " : "; ") + pair(last) : "")
    }
}
