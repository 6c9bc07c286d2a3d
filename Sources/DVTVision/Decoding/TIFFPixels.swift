#if MoreImageFormats
import CImageCodecs

/// Collects the strips or tiles of a TIFF file.
struct TIFFPixels {
    private let layout: tiff_layout
    private let colors: TIFFColors
    private let columnCount: Int
    private let blocksPerPlane: Int
    /// The samples of a pixel in a block.
    private let samplesPerBlock: Int
    /// The used samples of all pixels, where each plane has its own blocks.
    private var samples: [UInt16]
    private var pixels: [UInt8]

    private var width: Int { Int(layout.width) }
    private var height: Int { Int(layout.height) }

    /// Creates an empty image.
    init(_ layout: tiff_layout, _ colors: TIFFColors) {
        self.layout = layout
        self.colors = colors
        columnCount = Self.count(layout.width, layout.block_width)
        blocksPerPlane = columnCount * Self.count(layout.height, layout.block_height)
        samplesPerBlock = layout.has_planes != 0 ? 1 : Int(layout.samples_per_pixel)
        let pixelCount = Int(layout.width) * Int(layout.height)
        let planeSamples = layout.has_planes != 0 ? colors.sampleCount * pixelCount : 0
        samples = [UInt16](repeating: 0, count: planeSamples)
        pixels = [UInt8](repeating: 0, count: 3 * pixelCount)
    }

    private static func count(_ length: UInt32, _ blockLength: UInt32) -> Int {
        (Int(length) + Int(blockLength) - 1) / Int(blockLength)
    }

    /// Whether the blocks cover the image, and their sizes are those of their samples.
    static func fits(_ layout: tiff_layout) -> Bool {
        let area = Int(layout.block_width) * Int(layout.block_height)
        // Tiles of small images may exceed them.
        guard area > 0, area <= max(1 << 22, Int(layout.width) * Int(layout.height)),
            (1...8).contains(layout.samples_per_pixel), layout.bits_per_sample <= 64
        else { return false }
        let planes = layout.has_planes != 0 ? Int(layout.samples_per_pixel) : 1
        let perBlock = layout.has_planes != 0 ? 1 : Int(layout.samples_per_pixel)
        let bits = Int(layout.block_width) * perBlock * Int(layout.bits_per_sample)
        let blocks =
            count(layout.width, layout.block_width) * count(layout.height, layout.block_height)
        return layout.row_size == (bits + 7) / 8
            && layout.block_size == layout.row_size * Int(layout.block_height)
            && Int(layout.block_count) >= blocks * planes
    }

    /// Whether a block holds samples that are used.
    func isNeeded(_ index: Int) -> Bool {
        index < blocksPerPlane * (layout.has_planes != 0 ? colors.sampleCount : 1)
    }

    /// Adds a decoded block; what lies beyond the image is ignored.
    mutating func add(_ block: [UInt8], _ index: Int) {
        let (plane, place) = index.quotientAndRemainder(dividingBy: blocksPerPlane)
        let left = place % columnCount * Int(layout.block_width)
        let top = place / columnCount * Int(layout.block_height)
        for row in 0..<min(Int(layout.block_height), height - top) {
            let start = row * layout.row_size
            for column in 0..<min(Int(layout.block_width), width - left) {
                let pixel = (top + row) * width + left + column
                if layout.has_planes != 0 {
                    samples[colors.sampleCount * pixel + plane] = sample(block, start, column)
                } else {
                    var found = SIMD4<UInt16>()
                    for position in 0..<colors.sampleCount {
                        found[position] = sample(
                            block, start, column * samplesPerBlock + position)
                    }
                    set(pixel, found)
                }
            }
        }
    }

    /// The sample at a position of a row that starts at a byte of a block.
    private func sample(_ block: [UInt8], _ start: Int, _ position: Int) -> UInt16 {
        switch layout.bits_per_sample {
        case 16:
            let offset = start + 2 * position
            return UInt16(littleEndian: UInt16(block[offset]) | UInt16(block[offset + 1]) << 8)
        case 8: return UInt16(block[start + position])
        case let bits:
            // The first sample is in the highest bits.
            let bit = position * Int(bits)
            let mask = 1 << Int(bits) - 1
            let byte = Int(block[start + bit / 8])
            return UInt16(byte >> (8 - Int(bits) - bit % 8) & mask)
        }
    }

    private mutating func set(_ pixel: Int, _ samples: SIMD4<UInt16>) {
        (pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2]) =
            colors.color(samples)
    }

    /// The image, once all blocks are there.
    mutating func image() -> RGBImage {
        if layout.has_planes != 0 {
            for pixel in 0..<width * height {
                var found = SIMD4<UInt16>()
                for position in 0..<colors.sampleCount {
                    found[position] = samples[colors.sampleCount * pixel + position]
                }
                set(pixel, found)
            }
        }
        return RGBImage(width: width, height: height, pixels: pixels)
    }
}
#endif
