import DVTSupport

/// A shape from a file as a message shows it: never long.
///
/// - Parameter shape: the extents.
/// - Returns: the first eight, and how many there are.
func shown(_ shape: [Int]) -> String {
    let extents = shape.prefix(8).map(String.init).joined(separator: ", ")
    return shape.count > 8 ? "[\(extents), … \(shape.count) axes]" : "[\(extents)]"
}
