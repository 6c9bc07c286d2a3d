import CPNGWriter
import DVTCore
import DVTSupport
import DVTVision
import Foundation

/// Registers decoding, resizing, preprocessing and loading.
func registerImages() {
    measure("Decode JPEG, 320x240", setup: { try photoBytes() }) { bytes in
        try ImageDecoder.decode(bytes, name: photo, applyingOrientation: true)
    }
    measure("Decode PNG, 320x240", setup: { try pngBytes(of: photoBytes()) }) { bytes in
        try ImageDecoder.decode(bytes, name: "the photo as PNG", applyingOrientation: true)
    }
    measure("Resize 500x375 to 341x256, bicubic", setup: { seededImage(500, 375) }) { image in
        image.resized(width: 341, height: 256, filter: .bicubic)
    }
    measure("Preprocess 500x375 to [3,224,224]", setup: { seededImage(500, 375) }) { image in
        Preprocessing.default.tensor(from: image)
    }
    for workers in 0...2 {
        measure("Load 12 photos, workers: \(workers)", setup: { try photoPaths() }) { paths in
            let loader = ImageLoader(paths: paths, preprocessing: .default, workers: workers)
            var values: [Float] = []
            while let image = loader.next() {
                values = try image.result.get()
            }
            return values
        }
    }
}

private let photo = "11-shelves.jpg"

/// Examples/photos relative to this file, independent of the working directory.
private let photoFolder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../Examples/photos").standardizedFileURL.path

func photoPaths() throws -> [String] {
    let paths = try ImageFiles.find(in: photoFolder)
    guard paths.count == 12 else {
        throw InputError(description: "\(photoFolder) has \(paths.count) images, not 12")
    }
    return paths
}

private func photoBytes() throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(photoFolder)/\(photo)")))
}

/// Encodes a decoded photo as PNG with libpng's default settings; the test fixtures are too small
/// to time.
private func pngBytes(of jpeg: [UInt8]) throws -> [UInt8] {
    let decoded = try ImageDecoder.decode(jpeg, name: photo, applyingOrientation: true)
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(decoded.width)
    image.height = png_uint_32(decoded.height)
    image.format = png_uint_32(PNG_FORMAT_RGB)
    // Sufficient for incompressible samples.
    var byteCount = decoded.pixels.count * 2
    var bytes = [UInt8](repeating: 0, count: byteCount)
    guard png_image_write_to_memory(&image, &bytes, &byteCount, 0, decoded.pixels, 0, nil) != 0
    else {
        throw InputError(description: "libpng could not write \(photo) as PNG")
    }
    return Array(bytes.prefix(byteCount))
}

/// An image of seeded random samples.
private func seededImage(_ width: Int, _ height: Int) -> RGBImage {
    let stream = SeededValues(name: "pixels", seed: 1)
    let pixels = (0..<width * height * 3).map { UInt8(stream.bits($0) >> 56) }
    return RGBImage(width: width, height: height, pixels: pixels)
}
