import DVTCore
import DVTSupport
import DVTVision

/// The image files of a command line: files, folders, and `-` for paths on standard input.
struct InputPaths: Sequence, Sendable {
    let arguments: [String]
    let failures: FailureLog

    /// Whether standard input lists images, so that their number is unknown.
    var readsStandardInput: Bool { arguments.contains("-") }

    func makeIterator() -> AnyIterator<String> {
        var rest = arguments[...]
        var found: ArraySlice<String> = []
        return AnyIterator {
            while found.isEmpty, let argument = rest.first {
                if argument == "-" {
                    guard let line = readLine() else {
                        rest.removeFirst()
                        continue
                    }
                    // Generated lists may contain empty lines.
                    found = line.isEmpty ? [] : expanded(line)
                } else {
                    rest.removeFirst()
                    found = expanded(argument)
                }
            }
            return found.popFirst()
        }
    }

    /// The images below a path, in order; the loader reports a path that does not exist.
    private func expanded(_ path: String) -> ArraySlice<String> {
        do throws(ImageError) {
            let files = try ImageFiles.find(in: path)
            if files.isEmpty {
                failures.report(
                    """
                    \(shown(path)): contains no .jpg, .jpeg, .png or .webp file
                    """)
            }
            return files[...]
        } catch {
            failures.report(error.description)
            return []
        }
    }
}
