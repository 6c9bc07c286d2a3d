import DVTEvaluation
import DVTModel
import DVTOutput
import DVTVision

extension EvaluationPage {
    /// The maximum number of classes in the table.
    private static let classLimit = 50
    /// The maximum number of classes in the matrix.
    private static let matrixLimit = 20
    /// The maximum number of confusions in the list.
    private static let confusionLimit = 10

    /// The section on the accuracy and exits of the classes.
    var classes: Markup {
        let (all, half) = (findings.classes, Self.classLimit / 2)
        let ranked = all.sorted { $0.accuracy < $1.accuracy }
        let shown =
            all.count <= Self.classLimit
            ? all : Array(ranked.prefix(half) + ranked.suffix(half))
        let omitted =
            all.count > Self.classLimit
            ? """
             Shown: the \(half) classes with the lowest and \(half) with the highest accuracy, of \
            \(all.count); --per-class writes all.
            """ : ""
        let rows = ClassRecord(summaries: shown, matrix: findings.matrix, labels: names)
        return .section(
            "Classes",
            [
                .note(
                    "Accuracy at the exits taken, and the number of images at each exit.\(omitted)"),
                .element(
                    "div", ["class": "panel classes"],
                    [
                        .table(
                            rows.columns(exits: findings.costs.count), rows: rows.values)
                    ]),
            ])
    }

    /// The section on wrong predictions.
    var confusions: Markup {
        let confusions = findings.matrix.confusions
        guard !confusions.isEmpty else {
            return .section("Confusions", [.note("No image is predicted as another class.")])
        }
        let rows = ConfusionRecord(matrix: findings.matrix, labels: names)
        let listed = confusions.prefix(Self.confusionLimit)
        let counts =
            listed.count < confusions.count ? ", \(listed.count) of \(confusions.count)" : ""
        return .section(
            "Confusions",
            [
                .element(
                    "div", ["class": "gallery confused"],
                    [
                        .panel(
                            "Most frequent confusions\(counts)",
                            note: "Share: of the images of the class.",
                            [.table(rows.columns, rows: listed.map(rows.values))]),
                        matrix,
                    ])
            ])
    }

    /// The names of the classes, or their numbers.
    private var names: ClassLabels {
        ClassLabels((0..<findings.record.card.configuration.classes).map(findings.subject.name))
    }

    private var matrix: Markup {
        let matrix = findings.matrix
        let shown = matrix.shownClasses(limit: Self.matrixLimit)
        let isWhole = Set(matrix.cells.flatMap { [$0.label, $0.prediction] }).count == shown.count
        let titles = shown.map(findings.subject.name) + (isWhole ? [] : ["other classes"])
        let head = titles.map {
            Markup.element(
                "th", ["scope": "col", "title": $0], [.element("span", [:], [Markup($0)])])
        }
        let omitted =
            isWhole
            ? "" : " Shown: the classes of the most frequent confusions; --confusions writes all."
        return .panel(
            "Confusion matrix",
            note: "Rows: class of the image. Columns: predicted class.\(omitted)",
            [
                .element(
                    "div", ["class": "scroll"],
                    [
                        .element(
                            "table", ["class": "matrix"],
                            [
                                .element(
                                    "thead", [:],
                                    [.element("tr", [:], [.element("td")] + head)]),
                                .element(
                                    "tbody", [:],
                                    [.lines(shown.map { row($0, shown, isWhole: isWhole) })]),
                            ])
                    ])
            ])
    }

    private func row(_ label: Int, _ shown: [Int], isWhole: Bool) -> Markup {
        let (matrix, name) = (findings.matrix, findings.subject.name(label))
        let total = matrix.images(of: label)
        let counts = shown.map { matrix[label, $0] }
        let others = isWhole ? [] : [(total - counts.reduce(0, +), "other classes", false)]
        let cells = zip(shown, counts).map { ($1, findings.subject.name($0), $0 == label) } + others
        return .element(
            "tr", [:],
            [.element("th", ["scope": "row", "title": name], [Markup(name)])]
                + cells.map { count, prediction, isHit in
                    cell(count, of: total, "\(name) as \(prediction)", isHit: isHit)
                })
    }

    /// A cell whose color shows its share of the images of the class.
    private func cell(_ count: Int, of total: Int, _ pair: String, isHit: Bool) -> Markup {
        guard count > 0 else { return .element("td", ["class": "number"]) }
        // At most half: the text keeps its contrast.
        let share = 5 + 45 * Double(count) / Double(total)
        return .element(
            "td",
            [
                "class": "number \(isHit ? "hit" : "miss")",
                "style": "--share: \(shortNumber(share))%",
                "title": "\(pair): \(count) of \(total)",
            ], [Markup("\(count)")])
    }
}
