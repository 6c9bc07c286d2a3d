import DVTSupport

/// Formats a shape from a file for a message.
///
/// - Parameter shape: the extents.
/// - Returns: the first eight extents and, if there are more, the number of axes.
func shown(_ shape: [Int]) -> String {
    let extents = shape.prefix(8).map(String.init).joined(separator: ", ")
    return shape.count > 8 ? "[\(extents), … \(shape.count) axes]" : "[\(extents)]"
}
