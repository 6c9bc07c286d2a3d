import Testing

@testable import DVTVision

/// Drawn images: reproducible, balanced, and of the stated difficulty.
@Suite struct SyntheticScenesTests {
    /// Pixels that every machine must produce; a change of them requires a change of
    /// ``SyntheticScenes/version``.
    @Test(
        arguments: [
            (1, 32, 0, 0xF0D2_8EE0), (1, 32, 5, 0x235A_050B), (1, 32, 12_347, 0x4E6E_28A7),
            (7, 32, 9, 0x4C3B_DFD9), (1, 33, 8, 0x7D47_AF85), (1, 224, 3, 0x7938_F08A),
            (UInt64.max, 16, 1, 0xD902_F74B),
        ] as [(UInt64, Int, Int, UInt32)])
    func pixelsAreKnown(seed: UInt64, size: Int, index: Int, crc: UInt32) {
        let image = SyntheticScenes(seed: seed, size: size).image(index)
        #expect(crc32(image.image.pixels) == crc)
    }

    @Test func classesTakeTurnsInTheOrderOfTheAlphabet() {
        let scenes = SyntheticScenes(seed: 3, size: 16)
        let names = SyntheticScenes.labels.names
        #expect(names.count == 10 && names == names.sorted() && Set(names).count == 10)
        #expect((0..<25).map { scenes.image($0).label } == (0..<25).map { $0 % 10 })
    }

    @Test func difficultiesFillTheirRange() {
        let scenes = SyntheticScenes(seed: 1, difficulty: 0.25...0.75)
        let all = (0..<4000).map { scenes.difficulty($0) }
        #expect(all.allSatisfy { (0.25...0.75).contains($0) })
        #expect(all.allSatisfy { $0 == ($0 * 1000).rounded() / 1000 })
        // Each tenth of the range has 400 of them, within five standard deviations.
        for tenth in 0..<10 {
            let low = 0.25 + 0.05 * Double(tenth)
            let count = all.count { $0 >= low && $0 < low + 0.05 }
            #expect((300...500).contains(count), "\(low)")
        }
        #expect(SyntheticScenes(seed: 1, difficulty: 0.4...0.4).image(3).difficulty == 0.4)
    }

    @Test(arguments: 0..<20)
    func harderThingsAreSmaller(index: Int) {
        let shares = [0, 0.2, 0.4, 0.6, 0.8, 1].map { difficulty in
            SyntheticScenes(seed: 2, difficulty: difficulty...difficulty)
                .scene(index).object.share(size: 64)
        }
        for (easier, harder) in zip(shares, shares.dropFirst()) {
            #expect(harder < easier)
        }
        #expect(shares[0] > 0.12 && shares[5] > 0.02)
    }

    /// The object lies within the image at every position and rotation.
    @Test(arguments: [0, 0.5, 1])
    func nothingIsCutOff(difficulty: Double) {
        let scenes = SyntheticScenes(seed: 5, difficulty: difficulty...difficulty)
        for index in 0..<50 {
            let box = scenes.scene(index).object.bounds
            #expect(box.lower.min() > -0.04 && box.upper.max() < 1.04, "\(index)")
        }
    }

    @Test func easyScenesHaveAPlainBackground() {
        let scenes = SyntheticScenes(seed: 4, size: 48, difficulty: 0...0)
        for index in 0..<30 {
            let pixels = scenes.image(index).image.pixels
            let corners = [0, 47, 47 * 48, 48 * 48 - 1].map { Array(pixels[$0 * 3..<$0 * 3 + 3]) }
            #expect(Set(corners).count == 1)
            // The background's color and four of the object's, except for the pixels at edges.
            var counts: [[UInt8]: Int] = [:]
            for start in stride(from: 0, to: pixels.count, by: 3) {
                counts[Array(pixels[start..<start + 3]), default: 0] += 1
            }
            let flat = counts.values.sorted(by: >).prefix(5).reduce(0, +)
            #expect(flat > 48 * 48 * 3 / 4, "\(index)")
        }
    }

    /// An image of seven times the size shows the same scene; where the edges of two parts meet,
    /// pixels of different sizes blend them differently, by a quarter of white at the cube's edges.
    @Test(arguments: 0..<10)
    func anotherSizeShowsTheSameScene(index: Int) {
        func image(_ size: Int) -> [UInt8] {
            SyntheticScenes(seed: 6, size: size, difficulty: 0...0).image(index).image.pixels
        }
        let (small, large) = (image(32), image(224))
        var total = 0.0
        for place in small.indices {
            let (pixel, channel) = place.quotientAndRemainder(dividingBy: 3)
            let (row, column) = pixel.quotientAndRemainder(dividingBy: 32)
            var sum = 0
            for y in row * 7..<row * 7 + 7 {
                for x in column * 7..<column * 7 + 7 {
                    sum += Int(large[(y * 224 + x) * 3 + channel])
                }
            }
            let difference = abs(Double(sum) / 49 - Double(small[place]))
            #expect(difference < 64)
            total += difference
        }
        #expect(total / Double(small.count) < 1)
    }
}

/// The coverage of pixels by areas.
@Suite struct SceneCanvasTests {
    private func mask(_ outline: Outline, size: Int) -> [Double] {
        var canvas = SceneCanvas(size: size, color: .zero)
        canvas.fill(outline, .one)
        return canvas.pixels.map(\.x)
    }

    @Test func rectanglesCoverTheirArea() {
        let pixels = mask(Outline(x: 0.125...0.75, y: 0.25...1.5), size: 4)
        let row = [0.5, 1, 1, 0]
        #expect(pixels == [0, 0, 0, 0] + row + row + row)
    }

    @Test(arguments: [16, 64, 130])
    func circlesWithHolesCoverTheirArea(size: Int) {
        let hole = Outline(center: [0.5, 0.5], radii: [0.2, 0.2])
        let ring = Outline(center: [0.5, 0.5], radii: [0.4, 0.4]).without(hole)
        let area = mask(ring, size: size).reduce(0, +) / Double(size * size)
        #expect(abs(area - .pi * (0.16 - 0.04)) < 0.002)
    }

    @Test func aLineLeavesOneSide() {
        let square = Outline(x: 0...1, y: 0...1)
        let left = square.clipped(at: [0.5, 0], normal: [-1, 0])
        #expect(mask(left, size: 2) == [1, 0, 1, 0])
        let none = square.clipped(at: [2, 0], normal: [1, 0])
        #expect(mask(none, size: 2) == [0, 0, 0, 0])
        let corner = square.clipped(at: [0.5, 0.5], normal: [1, 1])
        #expect(abs(mask(corner, size: 8).reduce(0, +) - 32) < 1e-9)
    }

    /// Parts outside the image are clipped.
    @Test func areasMayExtendBeyondTheImage() {
        #expect(mask(Outline(x: -3 ... -2, y: -1...5), size: 3).allSatisfy { $0 == 0 })
        #expect(mask(Outline(x: -3...7, y: 2...5), size: 3).allSatisfy { $0 == 0 })
        #expect(mask(Outline(x: -3...7, y: -8...9), size: 3).allSatisfy { $0 == 1 })
    }

    @Test func linesHaveTheirLengthAndRoundEnds() {
        let line = Outline(from: [0.3, 0.5], to: [0.7, 0.5], width: 0.2)
        let area = mask(line, size: 64).reduce(0, +) / 4096
        #expect(abs(area - (0.08 + .pi * 0.01)) < 0.002)
    }
}
