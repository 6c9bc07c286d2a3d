import DVTVision
import Synchronization

/// Decoded images, kept for the next epochs as long as there is room.
final class ImageCache: Sendable {
    private struct State {
        var images: [Int: RGBImage] = [:]
        var byteCount = 0
    }

    private let byteLimit: Int
    private let state = Mutex(State())

    /// Creates an empty cache.
    ///
    /// - Parameter byteLimit: the most bytes of samples that are kept.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// An image that was kept, or that is decoded now.
    ///
    /// - Parameters:
    ///   - index: its number in the set.
    ///   - decode: decodes it.
    /// - Returns: the image.
    /// - Throws: what `decode` throws.
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
