/// The preprocessing that the architectures of a cascade's stages imply.
///
/// All stages run on the same image, so architectures that differ need the description to decide.
struct StageNormalizations {
    private let stages: [(index: Int, name: String, normalization: ImageNormalization)]

    /// Collects the preprocessing of the stages that name an architecture.
    ///
    /// - Parameter cards: the card of each stage's architecture, or nil without one.
    init(_ cards: [ModelCard?]) {
        stages = cards.enumerated().compactMap { index, card in
            card.map { (index, $0.configuration.name, $0.normalization) }
        }
    }

    /// The preprocessing of the first stage that names an architecture, or nil.
    var first: ImageNormalization? { stages.first?.normalization }

    /// Checks that the stages agree in everything that the description omits.
    ///
    /// - Parameters:
    ///   - described: the description's `normalization`, or nil.
    ///   - reader: the description.
    /// - Throws: an error that shows the differences, if there are any.
    func check(besides described: DescriptionReader?, in reader: DescriptionReader) throws {
        let open = Self.entries.filter { entry in
            described?.holds(entry.key) != true
                && Set(stages.map { entry.text($0.normalization) }).count > 1
        }
        guard !open.isEmpty else { return }
        let texts = stages.map { stage in
            let values = open.map { "\($0.key) \($0.text(stage.normalization))" }
            return "stages[\(stage.index)], \(stage.name), has \(values.joined(separator: ", "))"
        }
        throw reader.fault(
            "normalization",
            """
            must decide, because all stages run on the same image and their models differ: \
            \(texts.joined(separator: "; ")); give \(open.map(\.key).joined(separator: ", ")) in \
            normalization, or stages of one family
            """)
    }

    private static let entries: [(key: String, text: @Sendable (ImageNormalization) -> String)] = [
        ("mean", { color($0.mean) }), ("std", { color($0.standardDeviation) }),
        ("crop_fraction", { "\($0.cropFraction)" }),
        ("interpolation", { $0.interpolation.rawValue }),
    ]

    private static func color(_ value: SIMD3<Float>) -> String {
        "[\((0..<3).map { "\(value[$0])" }.joined(separator: ", "))]"
    }
}
