import DVTCore
import DVTSupport
import Testing

@testable import DVTTraining

/// The erased part of an image.
@Suite struct RandomErasingTests {
    @Test func aQuarterOfImagesLosesARectangle() {
        let side = 32
        var (noise, areas, ratios) = ([Double](), [Double](), [Double]())
        for index in 0..<2000 {
            var random = SeededGenerator(name: "erasing.\(index)", seed: 1)
            var values = [Float](repeating: 100, count: 3 * side * side)
            RandomErasing().apply(to: &values, side: side, random: &random)
            let changed = values.indices.filter { values[$0] != 100 }
            guard !changed.isEmpty else { continue }
            let first = changed.filter { $0 < side * side }
            let rows = Set(first.map { $0 / side })
            let columns = Set(first.map { $0 % side })
            // One rectangle, the same in all three planes.
            #expect(first.count == rows.count * columns.count && changed.count == 3 * first.count)
            areas.append(Double(first.count) / Double(side * side))
            ratios.append(Double(rows.count) / Double(columns.count))
            noise += changed.map { Double(values[$0]) }
        }
        // 500 with a deviation of 19.
        #expect(abs(areas.count - 500) < 97)
        // Whole pixels: the smallest, of 20.5, may be of 2 x 8 to 3 x 8.
        #expect(areas.allSatisfy { (0.014...0.36).contains($0) })
        #expect(abs(areas.mean - 0.17) < 0.025)
        #expect(ratios.contains { $0 < 0.5 } && ratios.contains { $0 > 2 })
        // 240,000 numbers.
        #expect(abs(noise.mean) < 0.015 && abs(noise.variance - 1) < 0.02)
    }

    @Test func probabilitiesZeroAndOneAreExact() {
        var random = numbers()
        var values = [Float](repeating: 7, count: 3 * 64)
        RandomErasing(probability: 0).apply(to: &values, side: 8, random: &random)
        #expect(values.allSatisfy { $0 == 7 })
        RandomErasing(probability: 1).apply(to: &values, side: 8, random: &random)
        #expect(values.contains { $0 != 7 })
        // No rectangle is smaller than a single pixel.
        var pixel: [Float] = [1, 2, 3]
        RandomErasing(probability: 1).apply(to: &pixel, side: 1, random: &random)
        #expect(pixel == [1, 2, 3])
    }
}
