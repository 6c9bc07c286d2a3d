import DVTCore
import DVTEvaluation
import DVTModel
import DVTOutput
import DVTSupport
import DVTVision

/// What an evaluation found as a page.
struct EvaluationPage {
    let findings: EvaluationFindings
    let plots: EvaluationPlots

    init(_ findings: EvaluationFindings) {
        self.findings = findings
        plots = EvaluationPlots(findings)
    }

    /// The text of its file.
    var source: String {
        let page = HTMLPage(
            title: "Evaluation of \(printable(findings.record.card.configuration.name))",
            rules: Plot.rules + "\n" + Self.rules, footer: [method])
        return page.source([subject, accuracy, confidences, examples])
    }

    private var subject: Markup {
        let (record, subject) = (findings.record, findings.subject)
        let count = record.tally.images == 1 ? "1 image" : "\(record.tally.images) images"
        let left = record.unreadable > 0 ? "; \(record.unreadable) could not be read" : ""
        let warnings = subject.isUntrained ? [SyntheticWeights.warning] : []
        return .lines(
            [
                .element(
                    "p", [:],
                    [
                        """
                        \(count) of \(shown(subject.set.origin))\(left). Weights: \
                        \(shown(subject.weights)). Device: \(printable(record.deviceName)), \
                        batches of \(subject.batchSize). \(subject.policy.rule)
                        """
                    ])
            ] + warnings.map { .element("p", ["class": "warning"], [Markup($0)]) })
    }

    private var confidences: Markup {
        let panels = findings.summaries.enumerated().map { exit, summary in
            let error = decimalText(summary.calibrationError, decimals: 4)
            return Markup.panel(
                "Exit \(exit + 1)",
                note: """
                    Right for \(decimalText(findings.accuracy(exit: exit))) % of all images; \
                    expected calibration error (ECE) \(error)
                    """,
                [
                    plots.confidences(exit: exit),
                    .legend([
                        Plot.key(.square, kind: "one", "right"),
                        Plot.key(.square, kind: "two", "wrong"),
                    ]), plots.reliability(exit: exit),
                ])
        }
        return .section(
            "Confidence of every exit",
            [
                .note(
                    """
                    All images at each exit, also those that leave before it. Above: how many have \
                    which confidence. Below: how often the exit is right when it is so sure; on \
                    the dashed line confidence says just that.
                    """), .plots(panels),
            ])
    }

    private var examples: Markup {
        let half = findings.examples.count / 2
        let classes =
            findings.leavesOutClasses
            ? " Shown are the \(half) classes that are right most often and the \(half) least." : ""
        let panels = EvaluationGallery(findings: findings).panels
        guard findings.subject.examples > 0 else {
            return .section(
                "Classes",
                [
                    .note("How many of each are right at the exits that they took.\(classes)"),
                    panels,
                ])
        }
        return .section(
            "Easy and hard images",
            [
                .note(
                    """
                    The earlier an image leaves, the easier it is; of those that leave at one \
                    exit, the surer that is. Under each: its exit, the confidence there, and the class \
                    that the exit took it for.\(classes)
                    """), panels,
            ])
    }

    private var method: Markup {
        .element(
            "p", [:],
            [
                """
                GMACs are 10⁹ multiply-adds, from the first stage to the end of an exit's. Images \
                a second are those of the device and the host's part of a batch, decoding apart. \
                Confidences lie in \(ExitReliability.binCount) intervals of equal width; ECE is \
                the mean distance between confidence and accuracy in them, weighted by their \
                images. Made by dvt \(Version.number).
                """
            ])
    }

    private static let rules = """
        h2 { margin-top: 1.5rem; }
        h4 { font-size: 0.875rem; margin: 0; }
        .panel:has(> .shares) { align-self: start; }
        main > section > .scroll { margin: -1rem 0 2.5rem; }
        .shares .share { width: 35%; padding: 0 0.5rem; }
        .shares td, .shares th { padding: 0.125rem 0.25rem; }
        .shares thead th { color: var(--ink-soft); white-space: nowrap; }
        .tiles { display: grid; gap: 0.5rem; grid-template-columns: repeat(3, minmax(0, 1fr)); }
        .tile { margin: 0; font-size: 0.8125rem; line-height: 1.35; }
        .tile img { display: block; width: 100%; aspect-ratio: 1; border-radius: 0.25rem; }
        .tile img.coarse { image-rendering: pixelated; }
        .right { color: var(--good); }
        .wrong { color: var(--bad); }
        """
}
