import Testing

@testable import DVTVision

/// Compares resizing with Pillow 11.3 and hand-computed values.
struct ResizeTests {
    @Test func everySizeEqualsPillow() throws {
        let table = try Fixtures.table("resize.txt")
        #expect(table.count >= 100)
        for row in table {
            let image = noiseImage(
                seed: try row.number(0), width: try row.number(1), height: try row.number(2))
            let filter = try #require(ResizeFilter(rawValue: row[5]))
            let resized = image.resized(
                width: try row.number(3), height: try row.number(4), filter: filter)
            #expect(Int(crc32(resized.pixels)) == (try row.number(6)), "\(row)")
        }
    }

    /// A part must equal the crop of the whole, at every position and whichever pass is skipped.
    @Test(arguments: [(40, 30), (23, 30), (40, 17), (23, 17), (9, 61)])
    func partsEqualCropsOfTheWhole(width: Int, height: Int) {
        let image = noiseImage(seed: 5, width: 23, height: 17)
        for filter in ResizeFilter.allCases {
            let whole = image.resized(width: width, height: height, filter: filter)
            for (columns, rows) in [
                (0..<1, 0..<1), (2..<9, 3..<17), (width - 1..<width, height - 1..<height),
            ] {
                let part = image.resized(
                    width: width, height: height, filter: filter, columns: columns, rows: rows)
                let expected = rows.flatMap { row in
                    whole.pixels[
                        (row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound)
                            * 3]
                }
                #expect(part.pixels == expected)
            }
        }
    }

    @Test func equalSizesKeepTheImage() {
        let image = noiseImage(seed: 1, width: 8, height: 5)
        #expect(image.resized(width: 8, height: 5, filter: .bicubic) == image)
    }

    /// Halving a row with the triangle filter: weights 1, 3, 3, 1 over 8, truncated at the ends.
    @Test func halvingEqualsHandComputedValues() {
        let levels: [UInt8] = [10, 20, 40, 80]
        let image = RGBImage(width: 4, height: 1, pixels: levels.flatMap { [$0, $0, $0] })
        let halved = image.resized(width: 2, height: 1, filter: .bilinear)
        // (3 * 10 + 3 * 20 + 40) / 7 and (20 + 3 * 40 + 3 * 80) / 7, rounded.
        #expect(halved.pixels == [19, 19, 19, 54, 54, 54])
    }
}
