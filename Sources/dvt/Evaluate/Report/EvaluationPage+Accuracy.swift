import DVTCore
import DVTEvaluation
import DVTOutput
import DVTSupport

extension EvaluationPage {
    /// The section on accuracy, cost and speed.
    var accuracy: Markup {
        let panels = [costPanel, speedPanel, exitPanel]
        return .section(
            "Accuracy, cost and speed",
            [
                .plots(panels),
                .table(findings.record.columns, rows: findings.record.rows),
            ])
    }

    private var costPanel: Markup {
        var keys = [Plot.key(.square, kind: "soft", "all images at one exit")]
        if findings.curve != nil {
            keys.insert(Plot.key(.dot, kind: "one", "swept thresholds"), at: 0)
        }
        if findings.early != nil {
            keys.append(Plot.key(.diamond, kind: "three", "this run"))
        }
        return .panel(
            "Accuracy against multiply-adds", note: curveNote,
            [plots.costs, .legend(keys)])
    }

    private var curveNote: String {
        switch findings.curve?.origin {
        case nil: "The model has one exit, so there is no threshold to sweep."
        case .sameImages:
            """
            The swept thresholds, one point for each of the authors' \
            \(GeometricBudgets.budgets.count) budgets, were chosen on these same images; results \
            on other images may be worse.
            """
        case .file(let path):
            """
            The swept thresholds come from \(shown(path)). If they were chosen on these images, \
            the results are optimistic.
            """
        }
    }

    private var speedPanel: Markup {
        let title = "Accuracy against throughput"
        guard let drawing = plots.throughputs else {
            return .panel(title, note: "Not timed: all images are from an earlier run.", [])
        }
        var keys = [Plot.key(.square, kind: "soft", "measured")]
        if findings.costs.count > 1 {
            keys.append(Plot.key(.square, kind: "soft hollow", "derived"))
        }
        if findings.early?.times.imagesPerSecond != nil {
            keys.append(Plot.key(.diamond, kind: "three", "measured, this run"))
        }
        return .panel(title, note: speedNote, [drawing, .legend(keys)])
    }

    private var speedNote: String {
        let (timed, images) = (findings.record.times.images, findings.record.tally.images)
        let part = timed < images ? "Times cover the last \(timed) images. " : ""
        guard findings.costs.count > 1 else {
            return part + "Measured with one exit."
        }
        let early = findings.early == nil ? "" : ", and early exits, batch by batch"
        return part + """
            Measured: all exits\(early). Derived: a cascade truncated at an exit, from the time of \
            its output in the all-exits run, including features passed on to later stages.
            """
    }

    private var exitPanel: Markup {
        let titles = ["Exit", "", "Share, %", "Images", "Accuracy, %"].enumerated().map {
            Markup.element(
                "th", ["scope": "col", "class": $0.offset < 2 ? nil : "number"],
                [Markup($0.element)])
        }
        let rows = findings.summaries.enumerated().map { exitRow($0.offset, $0.element) }
        return .panel(
            "Exit distribution", note: "Accuracy: top-1 over the images that take the exit.",
            [
                .element(
                    "table", ["class": "shares"],
                    [
                        .element("thead", [:], [.element("tr", [:], titles)]),
                        .element("tbody", [:], [.lines(rows)]),
                    ])
            ])
    }

    private func exitRow(_ exit: Int, _ summary: ExitSummary) -> Markup {
        let share = 100 * Double(summary.exiting) / Double(findings.record.tally.images)
        let right = 100 * Double(summary.exitingCorrect) / Double(max(summary.exiting, 1))
        let numbers = [
            decimalText(share, decimals: 1), "\(summary.exiting)",
            summary.exiting > 0 ? decimalText(right, decimals: 1) : "-",
        ]
        let bar = Markup.element("span", ["style": "width: \(shortNumber(share))%"])
        return .element(
            "tr", [:],
            [
                .element("th", ["scope": "row"], ["\(exit + 1)"]),
                .element("td", ["class": "share"], [.element("div", ["class": "bar"], [bar])]),
            ] + numbers.map { .element("td", ["class": "number"], [Markup($0)]) })
    }
}
