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

    /// Numbers the folders.
    ///
    /// - Parameters:
    ///   - names: the folder names, sorted by bytes; at least one.
    ///   - model: what is known of the model's classes.
    ///   - root: the parent folder, for messages.
    /// - Throws: ``DataSetError/invalidFolder(path:reason:)`` if the names are numbers, and one is
    ///   not a class of the model or two are equal.
    init(_ names: [String], model: ModelClasses, root: String) throws(DataSetError) {
        if model.numbering == .sorted {
            self.init(sorted: names, model, reason: "as requested", root: root)
        } else if let classes = model.labels, let found = Self.found(names, in: classes) {
            self.init(matched: names, found, classes, root: root)
        } else if names.allSatisfy(Self.isNumber) {
            try self.init(numbered: names, model, root: root)
        } else {
            let reason =
                model.labels == nil
                ? "the model's classes have no names"
                : "none of its folders is named after a class of the model"
            self.init(sorted: names, model, reason: reason + ", so", root: root)
        }
    }

    /// The classes that have the folders' names, or nil if there are none.
    private static func found(_ names: [String], in classes: ClassLabels) -> [Int?]? {
        let numbers = ClassNumbers(classes)
        let found = names.map { numbers[$0] }
        return found.contains { $0 != nil } ? found : nil
    }

    private init(matched names: [String], _ found: [Int?], _ classes: ClassLabels, root: String) {
        (numbers, labels, assumption) = (found, classes, nil)
        let others = zip(names, found).filter { $0.1 == nil }.map(\.0)
        problem = others.isEmpty ? nil : Self.ignored(others, root: root)
    }

    private init(sorted names: [String], _ model: ModelClasses, reason: String, root: String) {
        (numbers, labels, problem) = (names.indices.map { $0 }, ClassLabels(names), nil)
        assumption =
            "\(shown(root)): \(reason) classes follow the order of the folder names: "
            + Self.pairs(names, Array(names.indices), model.labels)
    }

    /// Numbers folders by their names, or by the order of these numbers if the number of classes is
    /// unknown.
    private init(numbered names: [String], _ model: ModelClasses, root: String) throws(DataSetError)
    {
        let values = try Self.values(names, below: model.count, root: root)
        let ordered = values.indices.sorted { values[$0] < values[$1] }
        let sortedNames = ordered.map { names[$0] }
        var numbers = values
        if let count = model.count {
            var all = (0..<count).map(String.init)
            for (name, value) in zip(names, values) { all[value] = name }
            labels = model.labels ?? ClassLabels(all)
        } else {
            for (rank, index) in ordered.enumerated() { numbers[index] = rank }
            labels = ClassLabels(sortedNames)
        }
        self.numbers = numbers
        problem = nil
        assumption =
            "\(shown(root)): its folders have numbers as names, so they are "
            + (model.count == nil ? "in the order of these numbers: " : "these classes: ")
            + Self.pairs(sortedNames, ordered.map { numbers[$0] }, model.labels)
    }

    private static func isNumber(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func values(
        _ names: [String], below count: Int?, root: String
    ) throws(DataSetError) -> [Int] {
        var owners: [Int: String] = [:]
        var values: [Int] = []
        for name in names {
            guard let value = Int(name), value < count ?? .max else {
                throw .invalidFolder(
                    path: root,
                    reason: """
                        has the class folder \(quoted(name)), and the model has the classes \
                        0...\((count ?? .max) - 1); rename the folders to class numbers from 0, \
                        or number them in the order of their names (sorted)
                        """)
            }
            if let other = owners.updateValue(name, forKey: value) {
                throw .invalidFolder(
                    path: root,
                    reason: """
                        has the class folders \(quoted(other)) and \(quoted(name)), which are the \
                        same number; merge or rename them
                        """)
            }
            values.append(value)
        }
        return values
    }

    private static func ignored(_ names: [String], root: String) -> String {
        let shownNames = names.prefix(5).map { quoted($0) }.joined(separator: ", ")
        let count =
            names.count == 1
            ? "1 folder matches no class of the model and is ignored"
            : "\(names.count) folders match no class of the model and are ignored"
        return "\(shown(root)): \(count): \(shownNames)" + (names.count > 5 ? " and more" : "")
    }

    /// The classes of the first folders and the last one.
    private static func pairs(
        _ names: [String], _ numbers: [Int], _ classes: ClassLabels?
    ) -> String {
        let texts = zip(names, numbers).map { name, number in
            "\(quoted(name)) is class \(number)"
                + (classes?[number].map { ", \(printable($0))" } ?? "")
        }
        guard texts.count > 4, let last = texts.last else { return texts.joined(separator: "; ") }
        return texts.prefix(3).joined(separator: "; ") + " ... " + last
    }
}
