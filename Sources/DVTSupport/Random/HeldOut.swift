/// Whether an image of a set is held out, to evaluate choices made on the other images.
///
/// One image of every `count` is held out, at a pseudorandom position: a fixed position would
/// always select the same class in a set with alternating classes. Among the first `count` images
/// it is the last one. The choice depends only on the arguments.
///
/// - Parameters:
///   - image: the position of the image in the set, from 0.
///   - count: one of this many images is held out; 0 holds none out.
/// - Returns: whether the image is held out.
package func isHeldOut(_ image: Int, every count: Int) -> Bool {
    guard count > 0 else { return false }
    let (block, place) = image.quotientAndRemainder(dividingBy: count)
    guard block > 0 else { return place == count - 1 }
    let chosen = SeededValues(name: "held out", seed: UInt64(count)).bits(block)
    return place == Int(chosen % UInt64(count))
}
