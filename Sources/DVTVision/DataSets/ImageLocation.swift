/// Where an image is read from.
enum ImageLocation: Sendable {
    /// A JPEG, PNG or WebP file.
    case file(String)
    /// A record of a CIFAR archive, from 0.
    case record(CIFARFile, Int)

    /// What messages call it: the path, and the record in brackets.
    var name: String {
        switch self {
        case .file(let path): path
        case .record(let file, let index): "\(file.path)[\(index)]"
        }
    }

    /// Reads the image.
    ///
    /// - Parameter applyingOrientation: whether it is turned upright as its EXIF data asks.
    /// - Returns: the image.
    /// - Throws: ``ImageError`` if there is no whole, undamaged image.
    func decode(applyingOrientation: Bool) throws(ImageError) -> RGBImage {
        switch self {
        case .file(let path):
            try ImageDecoder.decode(path: path, applyingOrientation: applyingOrientation)
        case .record(let file, let index):
            try file.image(at: index)
        }
    }
}
