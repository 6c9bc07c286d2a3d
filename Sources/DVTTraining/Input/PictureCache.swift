import DVTVision
import Synchronization

/// Decoded pictures, kept for the next epochs as long as there is room.
final class PictureCache: Sendable {
    private struct State {
        var pictures: [Int: RGBImage] = [:]
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

    /// A picture that was kept, or that is decoded now.
    ///
    /// - Parameters:
    ///   - index: its number in the set.
    ///   - decode: decodes it.
    /// - Returns: the picture.
    /// - Throws: what `decode` throws.
    func picture(
        _ index: Int, decode: () throws(ImageError) -> RGBImage
    ) throws(ImageError) -> RGBImage {
        if let kept = state.withLock({ $0.pictures[index] }) { return kept }
        let picture = try decode()
        state.withLock { state in
            let byteCount = state.byteCount + picture.pixels.count
            guard byteCount <= byteLimit, state.pictures[index] == nil else { return }
            state.pictures[index] = picture
            state.byteCount = byteCount
        }
        return picture
    }
}
