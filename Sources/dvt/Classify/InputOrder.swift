import DVTModel

/// Restores the input order of images that finish out of order.
struct InputOrder {
    private var images: [(path: String, prediction: Prediction?)] = []
    /// The stream index of the first entry of `images`.
    private var first = 0
    /// The number of leading entries already returned.
    private var given = 0

    /// The number of images not returned yet.
    var count: Int { images.count - given }

    /// Adds submitted images, in order.
    mutating func add(_ paths: [String]) {
        images.removeFirst(given)
        (first, given) = (first + given, 0)
        images += paths.map { ($0, nil) }
    }

    /// Records the predictions of finished images.
    mutating func finish(_ finished: [FinishedImage]) {
        for image in finished {
            images[image.index - first].prediction = image.prediction
        }
    }

    /// Returns the next image in input order, or nil while it is unfinished.
    mutating func next() -> (path: String, prediction: Prediction)? {
        guard given < images.count, let prediction = images[given].prediction else { return nil }
        given += 1
        return (images[given - 1].path, prediction)
    }
}
