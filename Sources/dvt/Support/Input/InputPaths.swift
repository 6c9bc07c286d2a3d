import DVTCore
import DVTSupport
import DVTVision

/// The image files that a command line names: files, folders, and `-` for paths on standard input.
struct InputPaths: Sequence, Sendable {
    let arguments: [String]
    let failures: FailureLog

    /// Whether standard input names some of them, so that nobody knows how many will come.
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
                    // A list that a script made may well have an empty line.
                    found = line.isEmpty ? [] : expanded(line)
                } else {
                    rest.removeFirst()
                    found = expanded(argument)
                }
            }
            return found.popFirst()
        }
    }

    /// The images below a path, in order; a path that does not exist is left for the loader to
    /// report.
    private func expanded(_ path: String) -> ArraySlice<String> {
        do throws(ImageError) {
            let files = try ImageFiles.find(in: path)
            if files.isEmpty {
                failures.report(
                    """
                    \(shown(path)): holds no .jpg, .jpeg, .png or .webp file; name another folder
                    """)
            }
            return files[...]
        } catch {
            failures.report(error.description)
            return []
        }
    }
}
