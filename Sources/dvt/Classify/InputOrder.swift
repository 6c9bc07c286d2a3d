import DVTModel
import DVTVision

/// Restores the input order of images that finish out of order.
struct InputOrder {
    /// What became of an input.
    typealias Outcome = Result<Prediction, ImageError>

    private var inputs: [(path: String, outcome: Outcome?)] = []
    /// The number of inputs before `inputs`.
    private var first = 0
    /// The number of leading inputs already returned.
    private var given = 0
    /// The number, among all inputs, of each image that is not finished, by its stream index.
    private var unfinished: [Int: Int] = [:]
    private var imageCount = 0

    /// The number of inputs not returned yet.
    var count: Int { inputs.count - given }

    /// Adds inputs, in order; those without an error are submitted to the stream.
    mutating func add(_ added: [ImageBatch.Input]) {
        inputs.removeFirst(given)
        (first, given) = (first + given, 0)
        for input in added {
            if input.error == nil {
                unfinished[imageCount] = first + inputs.count
                imageCount += 1
            }
            inputs.append((input.path, input.error.map { .failure($0) }))
        }
    }

    /// Records the predictions of finished images.
    mutating func finish(_ finished: [FinishedImage]) {
        for image in finished {
            guard let number = unfinished.removeValue(forKey: image.index) else { continue }
            inputs[number - first].outcome = .success(image.prediction)
        }
    }

    /// Returns the next input in order, or nil while it is unfinished.
    mutating func next() -> (path: String, outcome: Outcome)? {
        guard given < inputs.count, let outcome = inputs[given].outcome else { return nil }
        given += 1
        return (inputs[given - 1].path, outcome)
    }
}
