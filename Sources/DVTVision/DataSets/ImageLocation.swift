/// The location of an image.
enum ImageLocation: Sendable {
    /// An image file.
    case file(String)
    /// A record of a CIFAR archive, with its index from 0.
    case record(CIFARFile, Int)

    /// The path, followed for a record by its index in brackets.
    var name: String {
        switch self {
        case .file(let path): path
        case .record(let file, let index): "\(file.path)[\(index)]"
        }
    }

    /// Decodes the image.
    func decode(_ options: DecodingOptions) throws(ImageError) -> DecodedImage {
        switch self {
        case .file(let path):
            try ImageDecoder.decode(path: path, options: options)
        case .record(let file, let index):
            DecodedImage(image: try file.image(at: index), incomplete: nil)
        }
    }
}
