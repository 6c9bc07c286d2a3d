import DVTCore
import DVTSupport
import Testing

/// The choice of held-out images.
struct HeldOutTests {
    @Test(arguments: [1, 2, 3, 10])
    func holdsOutOneOfEveryN(count: Int) {
        for block in 0..<50 {
            let images = block * count..<(block + 1) * count
            #expect(images.count { isHeldOut($0, every: count) } == 1)
        }
        #expect(isHeldOut(count - 1, every: count))
        #expect(!isHeldOut(0, every: 0))
    }

    /// With ten alternating classes, every class has held-out images.
    @Test func holdsOutImagesOfEveryClass() {
        for count in [2, 5, 10] {
            let classes = Set((0..<2000).filter { isHeldOut($0, every: count) }.map { $0 % 10 })
            #expect(classes.count == 10)
        }
    }
}
