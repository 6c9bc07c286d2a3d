/// Whether an image of a set is held out to evaluate what was chosen on the others.
///
/// One image of every `count` is held out, at a pseudorandom place: a fixed place would select one
/// class in a set whose classes alternate. In the first `count` images it is the last one. The choice
/// depends on the arguments alone.
///
/// - Parameters:
///   - image: its place in the set, from 0.
///   - count: one of this many images is held out; 0 holds none out.
/// - Returns: whether the image is held out.
package func isHeldOut(_ image: Int, every count: Int) -> Bool {
    guard count > 0 else { return false }
    let (block, place) = image.quotientAndRemainder(dividingBy: count)
    guard block > 0 else { return place == count - 1 }
    let chosen = SeededValues(name: "held out", seed: UInt64(count)).bits(block)
    return place == Int(chosen % UInt64(count))
}
