/// The names of a model's classes.
public struct ClassLabels: Equatable, Sendable {
    /// The names, in the order of the classes; two classes may have the same.
    public let names: [String]

    /// Creates labels from names.
    ///
    /// - Parameter names: the names, in the order of the classes.
    public init(_ names: [String]) {
        self.names = names
    }

    /// The name of a class, or nil if there is no such class.
    public subscript(index: Int) -> String? {
        names.indices.contains(index) ? names[index] : nil
    }

    /// What ``named(_:)`` knows.
    public static let knownNames = [
        "imagenet-1k", "imagenet-1001", "imagenet-1001-mindspore", "cifar10", "cifar100",
    ]

    /// Finds the labels of a data set.
    ///
    /// - Parameter name: one of ``knownNames``; `cifar-10` and `cifar-100` are taken as well.
    /// - Returns: the labels, or nil if there are none of that name.
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

    /// Checks that there is one name for each class.
    ///
    /// - Parameters:
    ///   - classes: the number of the model's classes.
    ///   - origin: what messages call the labels: their file, or their name.
    /// - Throws: ``LabelError`` if there are more or fewer.
    public func check(classes: Int, origin: String) throws(LabelError) {
        guard names.count == classes else {
            throw .wrongCount(origin: origin, names: names.count, classes: classes)
        }
    }
}
