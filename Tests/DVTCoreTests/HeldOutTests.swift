import DVTCore
import DVTSupport
import Testing

/// The images that others are judged on.
struct HeldOutTests {
    @Test(arguments: [1, 2, 3, 10])
    func isOneOfEverySoMany(count: Int) {
        for block in 0..<50 {
            let images = block * count..<(block + 1) * count
            #expect(images.count { isHeldOut($0, every: count) } == 1)
        }
        #expect(isHeldOut(count - 1, every: count))
        #expect(!isHeldOut(0, every: 0))
    }

    /// Ten classes that take turns are all judged.
    @Test func takesFromEveryClass() {
        for count in [2, 5, 10] {
            let classes = Set((0..<2000).filter { isHeldOut($0, every: count) }.map { $0 % 10 })
            #expect(classes.count == 10)
        }
    }
}
