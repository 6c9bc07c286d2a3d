internal import DVTCore
import DVTSupport

extension ModelCard {
    /// Reads a card, or the description of a custom cascade, from JSON.
    ///
    /// `docs/checkpoints.md` lists the entries. A cascade is based on a released `model` or on
    /// `stages`, each with an `architecture` or its own sizes.
    ///
    /// - Parameters:
    ///   - json: the text, in UTF-8.
    ///   - origin: the file, for messages.
    /// - Throws: ``ModelError/invalidDescription(origin:reason:)`` if an entry is missing, unknown
    ///   or of the wrong type, or ``ModelError/invalidConfiguration(name:reason:)`` if the numbers
    ///   contradict each other.
    public init(json: [UInt8], origin: String) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: json)
        } catch let error as JSONError {
            throw ModelError.invalidDescription(origin: origin, reason: error.description)
        }
        var reader = try DescriptionReader(value, origin: origin)
        self = try Self.read(&reader, origin: origin)
        try reader.finish()
    }

    private static func read(
        _ reader: inout DescriptionReader, origin: String
    ) throws -> Self {
        reader.accept("normalisation", as: "normalization")
        let base = try reader.string("model").map { try reader.model(named: $0, key: "model") }
        var (card, implied) = try cascade(&reader, base: base, origin: origin)
        let described = try reader.object("normalization")
        try implied.check(besides: described, in: reader)
        card.normalization = implied.first ?? card.normalization
        if var normalization = described {
            try card.normalization.read(&normalization)
        }
        if base?.configuration.classes == card.configuration.classes {
            card.labels = base?.labels
        }
        if let labels = try labels(&reader, classes: card.configuration.classes) {
            card.labels = labels
        }
        card.thresholds = try reader.numbers("thresholds")
        if let thresholds = card.thresholds,
            thresholds.count != card.configuration.stages.count - 1
        {
            throw reader.fault(
                "thresholds",
                """
                has \(thresholds.count) numbers, and \(card.configuration.stages.count) stages \
                take one for every exit but the last
                """)
        }
        card.scoring = try scoring(&reader, of: card)
        // Informational only; the configuration determines both.
        _ = reader.value("parameters")
        _ = reader.value("multiply_adds")
        return card
    }

    private static func scoring(
        _ reader: inout DescriptionReader, of card: Self
    ) throws -> ExitScoring {
        let criterion = try reader.choice("criterion", of: ExitCriterion.self)
        let temperatures = try reader.numbers("temperatures")
        if let key = criterion != nil ? "criterion" : temperatures != nil ? "temperatures" : nil,
            card.thresholds == nil
        {
            throw reader.fault(key, "belongs to thresholds, and the card has none")
        }
        let exits = card.configuration.stages.count
        if let temperatures, temperatures.count != exits || !temperatures.allSatisfy({ $0 > 0 }) {
            throw reader.fault("temperatures", "takes \(exits) numbers above 0, one for every exit")
        }
        return ExitScoring(criterion: criterion ?? .confidence, temperatures: temperatures)
    }

    private static func labels(
        _ reader: inout DescriptionReader, classes: Int
    ) throws -> Labels? {
        switch reader.value("labels") {
        case nil: return nil
        case .string(let name): return .dataSet(name)
        case .array(let elements):
            let names = try elements.map {
                guard case .string(let name) = $0 else {
                    throw reader.fault("labels", "is not a list of names")
                }
                return name
            }
            guard names.count == classes else {
                throw reader.fault("labels", "has \(names.count) names for \(classes) classes")
            }
            return .list(names)
        default: throw reader.fault("labels", "is neither a data set's name nor a list of names")
        }
    }
}

extension ImageNormalization {
    fileprivate mutating func read(_ reader: inout DescriptionReader) throws {
        mean = try reader.color("mean") ?? mean
        standardDeviation = try reader.deviation("std") ?? standardDeviation
        cropFraction = try reader.cropFraction("crop_fraction") ?? cropFraction
        interpolation = try reader.choice("interpolation", of: Interpolation.self) ?? interpolation
        crop = try reader.choice("crop", of: CropMode.self) ?? crop
        try reader.finish()
    }
}
