import DVTModel

/// Images that finish in any order, given back in the order of their files.
struct InputOrder {
    private var images: [(path: String, prediction: Prediction?)] = []
    /// The place in the stream of the first of them.
    private var first = 0
    /// Those of them that have been given back.
    private var given = 0

    /// The images that have not been given back.
    var count: Int { images.count - given }

    /// Adds images that have begun, in the order they were submitted.
    mutating func add(_ paths: [String]) {
        images.removeFirst(given)
        (first, given) = (first + given, 0)
        images += paths.map { ($0, nil) }
    }

    /// Notes images that have finished.
    mutating func finish(_ finished: [FinishedImage]) {
        for image in finished {
            images[image.index - first].prediction = image.prediction
        }
    }

    /// The next image in the files' order, or nil while it has not finished.
    mutating func next() -> (path: String, prediction: Prediction)? {
        guard given < images.count, let prediction = images[given].prediction else { return nil }
        given += 1
        return (images[given - 1].path, prediction)
    }
}
