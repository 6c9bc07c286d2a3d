import DVTCore
import DVTSupport
import DVTVision
import Glibc

/// The image files of a command line: files, folders, and `-` for paths on standard input.
struct InputPaths: Sequence, Sendable {
    let arguments: [String]
    let failures: FailureLog

    /// Whether standard input lists images, so that their number is unknown.
    var readsStandardInput: Bool { arguments.contains("-") }

    func makeIterator() -> AnyIterator<String> {
        var rest = arguments[...]
        var found: ArraySlice<String> = []
        var list = PathList(descriptor: STDIN_FILENO, name: "standard input")
        return AnyIterator {
            while found.isEmpty, let argument = rest.first {
                do throws(PathListError) {
                    let path = argument == "-" ? try list.next() : argument
                    if argument != "-" || path == nil { rest.removeFirst() }
                    found = path.map(expanded) ?? []
                } catch {
                    failures.report(error.description)
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
