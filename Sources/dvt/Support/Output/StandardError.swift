import Glibc

/// Writes one line to standard error, clear of a progress bar.
///
/// - Parameter line: the text without its line feed.
func printError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in
        // What cannot be told is no reason to end the run.
        _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
}
