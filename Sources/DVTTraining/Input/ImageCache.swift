internal import DVTVision
import Synchronization

/// Caches decoded images for later epochs up to a byte limit.
final class ImageCache: Sendable {
    private struct State {
        var images: [Int: RGBImage] = [:]
        var byteCount = 0
    }

    private let byteLimit: Int
    private let state = Mutex(State())

    /// Creates an empty cache.
    ///
    /// - Parameter byteLimit: the maximum number of bytes of samples.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Returns a cached image, or decodes it and caches it if there is room.
    ///
    /// - Parameters:
    ///   - index: the index of the image in the set.
    ///   - decode: decodes the image.
    /// - Returns: the decoded image.
    /// - Throws: the error of `decode`.
    func image(
        _ index: Int, decode: () throws(ImageError) -> RGBImage
    ) throws(ImageError) -> RGBImage {
        if let kept = state.withLock({ $0.images[index] }) { return kept }
        let image = try decode()
        state.withLock { state in
            let byteCount = state.byteCount + image.pixels.count
            guard byteCount <= byteLimit, state.images[index] == nil else { return }
            state.images[index] = image
            state.byteCount = byteCount
        }
        return image
    }
}
