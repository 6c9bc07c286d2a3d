internal import DVTCore
internal import DVTModel
import DVTSupport

/// The position of a run: its state apart from weights and moments.
///
/// Random draws depend only on the seed and on these numbers.
package struct TrainingPosition: Hashable, Sendable {
    /// The epoch, from 0.
    package internal(set) var epoch = 0
    /// The next batch of the epoch, from 0.
    package internal(set) var batch = 0
    /// The number of batches in an epoch, known once a batch has been run.
    package internal(set) var batchesPerEpoch: Int?
    /// The number of completed optimizer steps.
    package internal(set) var step = 0
    /// The training time in seconds.
    package internal(set) var seconds = 0.0
    /// The losses and hits of the epoch's batches so far.
    package internal(set) var tally: TrainingTally

    init(exits: Int) {
        tally = TrainingTally(exits: exits)
    }
}

/// The losses and hits of an epoch at every exit.
package struct TrainingTally: Hashable, Sendable {
    /// The number of images.
    package internal(set) var images = 0
    /// The sum of the images' losses at every exit.
    package internal(set) var losses: [Double]
    /// The images whose most probable class was their label; for mixed images, the first label.
    package internal(set) var hits: [Int]

    /// Creates an empty tally.
    ///
    /// - Parameter exits: the number of exits.
    package init(exits: Int) {
        losses = Array(repeating: 0, count: exits)
        hits = Array(repeating: 0, count: exits)
    }

    /// The mean loss of every exit.
    package var meanLosses: [Double] { losses.map { $0 / Double(max(images, 1)) } }
    /// The accuracy of every exit in percent.
    package var accuracies: [Double] { hits.map { 100 * Double($0) / Double(max(images, 1)) } }

    /// Adds a batch.
    ///
    /// - Parameters:
    ///   - exits: the losses and classes of every exit.
    ///   - labels: the class of each image.
    package mutating func add(_ exits: [ExitLoss], labels: [Int]) {
        images += labels.count
        for (exit, result) in exits.enumerated() {
            losses[exit] += result.losses.reduce(0) { $0 + Double($1) }
            hits[exit] += zip(result.classes, labels).count { $0 == $1 }
        }
    }
}

extension TrainingPosition {
    var json: String {
        JSONValue.object([
            ("epoch", .int(epoch)), ("batch", .int(batch)), ("step", .int(step)),
            ("batches", .optional(batchesPerEpoch, JSONValue.int)),
            ("seconds", .double(seconds)), ("images", .int(tally.images)),
            ("losses", .array(tally.losses.map(JSONValue.double))),
            ("hits", .array(tally.hits.map(JSONValue.int))),
        ]).jsonText
    }

    init(json: String, origin: String, exits: Int) throws {
        let fault: DescriptionReader.Fault = {
            TrainingError.invalidCheckpoint(origin: $0, reason: $1)
        }
        var reader = try DescriptionReader(
            JSONValue(parsing: Array(json.utf8)), origin: origin, fault: fault)
        self.init(exits: exits)
        epoch = try reader.int("epoch") ?? 0
        batch = try reader.int("batch") ?? 0
        step = try reader.int("step") ?? 0
        batchesPerEpoch = try reader.int("batches")
        seconds = try reader.number("seconds") ?? 0
        tally.images = try reader.int("images") ?? 0
        guard case .array(let losses) = reader.value("losses"),
            case .array(let hits) = reader.value("hits"), losses.count == exits,
            hits.count == exits
        else {
            throw fault(origin, "it is of another number of exits than \(exits)")
        }
        tally.losses = losses.map { $0.number ?? .nan }
        tally.hits = hits.map { Int($0.number ?? 0) }
        try reader.finish()
    }
}
