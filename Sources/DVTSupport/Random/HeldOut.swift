/// Whether an image of a set is held out, so that something chosen on the others can be judged.
///
/// Of every so many images it is one, not always at the same place: in a set whose classes take
/// turns, all would be of one class. Of the first it is the last one. The choice depends on the
/// numbers alone.
///
/// - Parameters:
///   - image: its place in the set, from 0.
///   - count: of how many images one is held out; 0 holds none out.
/// - Returns: whether it is.
package func isHeldOut(_ image: Int, every count: Int) -> Bool {
    guard count > 0 else { return false }
    let (block, place) = image.quotientAndRemainder(dividingBy: count)
    guard block > 0 else { return place == count - 1 }
    let chosen = SeededValues(name: "held out", seed: UInt64(count)).bits(block)
    return place == Int(chosen % UInt64(count))
}
