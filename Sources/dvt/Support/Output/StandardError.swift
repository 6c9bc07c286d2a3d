import Glibc

/// Writes one line to standard error.
///
/// - Parameter line: the text without its line feed.
func printError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in
        // A failed message is no reason to end the run.
        _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
}
