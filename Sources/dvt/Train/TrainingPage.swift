import DVTCore
import DVTOutput
import DVTSupport
import DVTTraining

/// The curves of a training run as a page, which a browser reads again while the run goes on.
struct TrainingPage {
    /// How the run stands.
    enum State {
        case running
        case interrupted
        case failed
        case done
    }

    let model: String
    let recipe: TrainingRecipe
    let epochs: [EpochRecord]
    let state: State

    /// The text of its file.
    var source: String {
        let page = HTMLPage(
            title: "Training of \(printable(model))", rules: Plot.rules + "\n" + Self.rules,
            footer: [method],
            refreshSeconds: state == .running ? 30 : nil)
        guard let last = epochs.last else { return page.source([subject]) }
        return page.source([
            subject, .plots(TrainingPlots(epochs: epochs).panels),
            .table(Self.columns(validates: last.validation != nil), rows: rows(of: last)),
        ])
    }

    private static let rules = "main > .scroll { margin: -1rem 0 2rem; }"

    private var subject: Markup {
        let of = recipe.epochs.map { " of \($0)" } ?? ""
        let hours = recipe.maxHours.map { ", at most \(shortNumber($0)) hours" } ?? ""
        let done = epochs.isEmpty ? "No epoch is done yet" : "Epoch \(epochs.count)\(of) is done"
        let time = epochs.last.map { " Training took \(duration($0.seconds))." } ?? ""
        let device = epochs.last.map { " Device: \(printable($0.deviceName))." } ?? ""
        return .element("p", [:], [Markup("\(done)\(hours). \(status)\(time)\(device)")])
    }

    private var status: String {
        switch state {
        case .running: "The run goes on, and this page with it."
        case .interrupted: "The run was interrupted; it goes on by --resume."
        case .failed: "The run ended with an error."
        case .done: "The run is over."
        }
    }

    /// Seconds as people say them.
    private func duration(_ seconds: Double) -> String {
        let minutes = Int((seconds / 60).rounded())
        guard minutes > 0 else { return "less than a minute" }
        return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }

    private static func columns(validates: Bool) -> [OutputColumn] {
        var columns: [OutputColumn] = [
            .number("exit", title: "Exit"),
            .number("train_loss", title: "Training loss", decimals: 3),
            .number("train_top1", title: "Training top-1, %", decimals: 1),
        ]
        if validates {
            columns += [
                .number("eval_loss", title: "Evaluation loss", decimals: 3),
                .number("eval_top1", title: "Evaluation top-1, %"),
                .number("best", title: "Best, %"), .number("best_epoch", title: "In epoch"),
            ]
        }
        return columns
    }

    /// What every exit has come to.
    private func rows(of last: EpochRecord) -> [[OutputValue]] {
        last.training.losses.indices.map { exit in
            let row: [OutputValue] = [
                .int(exit + 1), .double(last.training.losses[exit]),
                .double(last.training.accuracies[exit]),
            ]
            guard let validation = last.validation else { return row }
            let best = epochs.filter { $0.validation != nil }.max {
                ($0.validation?.accuracies[exit] ?? 0) < ($1.validation?.accuracies[exit] ?? 0)
            }
            return row + [
                .double(validation.losses[exit]), .double(validation.accuracies[exit]),
                .optional(best?.validation?.accuracies[exit], OutputValue.double),
                .optional(best.map { $0.epoch + 1 }, OutputValue.int),
            ]
        }
    }

    private var method: Markup {
        let average = recipe.averageDecay == nil ? "" : " by averaged weights"
        return .element(
            "p", [:],
            [
                """
                Training: means over an epoch's batches, on images and labels changed at random, \
                while the weights change. Evaluation: after the epoch\(average), on images that \
                are not trained on. The log is log.jsonl beside this page. Made by dvt \
                \(Version.number).
                """
            ])
    }
}
