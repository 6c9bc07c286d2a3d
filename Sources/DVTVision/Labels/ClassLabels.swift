/// The names of a model's classes.
public struct ClassLabels: Equatable, Sendable {
    /// The names in class order; names may repeat.
    public let names: [String]

    /// Creates labels from names.
    ///
    /// - Parameter names: the names in class order.
    public init(_ names: [String]) {
        self.names = names
    }

    /// The name of a class, or nil if the index is out of range.
    public subscript(index: Int) -> String? {
        names.indices.contains(index) ? names[index] : nil
    }

    /// The names that ``named(_:)`` accepts.
    public static let knownNames = [
        "imagenet-1k", "imagenet-1001", "imagenet-1001-mindspore", "cifar10", "cifar100",
    ]

    /// Returns the labels of a data set.
    ///
    /// - Parameter name: one of ``knownNames``; `cifar-10` and `cifar-100` are accepted too.
    /// - Returns: the labels, or nil for an unknown name.
    public static func named(_ name: String) -> ClassLabels? {
        switch name {
        case "imagenet-1k": imageNet1k
        case "imagenet-1001": imageNet1001
        case "imagenet-1001-mindspore": imageNet1001MindSpore
        case "cifar10", "cifar-10": cifar10
        case "cifar100", "cifar-100": cifar100
        default: nil
        }
    }

    /// Whether these are the classes of a model in some order, each named as class folders are.
    ///
    /// - Parameter model: the names of the model's classes.
    /// - Returns: whether each name is that of one class and no class is missing.
    package func areClasses(of model: ClassLabels) -> Bool {
        let numbers = ClassNumbers(model)
        return names.count == model.names.count
            && Set(names.compactMap { numbers[$0] }).count == names.count
    }

    /// Checks that the number of names equals the number of classes.
    ///
    /// - Parameters:
    ///   - classes: the number of the model's classes.
    ///   - origin: the file or name of the labels, for messages.
    /// - Throws: ``LabelError/wrongCount(origin:names:classes:)``.
    public func check(classes: Int, origin: String) throws(LabelError) {
        guard names.count == classes else {
            throw .wrongCount(origin: origin, names: names.count, classes: classes)
        }
    }
}
