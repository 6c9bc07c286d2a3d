import DVTSupport

/// Writes a text file atomically.
///
/// - Parameters:
///   - text: the contents.
///   - path: the file to create or replace.
/// - Throws: ``FileError``.
func writeText(_ text: String, to path: String) throws {
    let writer = try AtomicFileWriter(path: path)
    try Array(text.utf8).withUnsafeBytes { try writer.append($0) }
    try writer.commit()
}
