import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// The records of a confusion matrix: one per pair of classes that occurs.
struct ConfusionRecord {
    let matrix: ConfusionMatrix
    /// The names of the classes, or nil.
    let labels: ClassLabels?

    /// The columns; people see the names of classes instead of their numbers.
    var columns: [OutputColumn] {
        OutputColumn.classColumns("truth", title: "Class", areNamed: labels != nil)
            + OutputColumn.classColumns(
                "prediction", title: "Predicted class", areNamed: labels != nil)
            + [.number("images", title: "Images"), .number("share", title: "Of its class, %")]
    }

    var values: [[OutputValue]] { matrix.cells.map(values) }

    /// The record of one pair; its share is of the images of the class, in percent.
    func values(of cell: ConfusionMatrix.Cell) -> [OutputValue] {
        let share = 100 * Double(cell.images) / Double(matrix.images(of: cell.label))
        return [
            .int(cell.label), .optional(labels?[cell.label], OutputValue.string),
            .int(cell.prediction), .optional(labels?[cell.prediction], OutputValue.string),
            .int(cell.images), .double(share),
        ]
    }
}

extension OutputColumn {
    /// The columns of a class: its number and its name; people see one of them.
    ///
    /// - Parameters:
    ///   - key: the key of the number.
    ///   - labelKey: the key of the name, by default `key` and `_label`.
    ///   - title: the title for people.
    ///   - areNamed: whether the classes have names.
    /// - Returns: the two columns.
    static func classColumns(
        _ key: String, labelKey: String? = nil, title: String, areNamed: Bool
    ) -> [OutputColumn] {
        [
            .number(key, title: title, audience: areNamed ? .machines : .everyone),
            OutputColumn(
                labelKey ?? "\(key)_label", title: title, audience: areNamed ? .everyone : .machines
            ),
        ]
    }
}
