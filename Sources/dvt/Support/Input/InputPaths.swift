import DVTCore
import DVTSupport
import DVTVision
import Glibc

/// The image files of a command line: files, folders, and `-` for paths on standard input; errors
/// take the place of what cannot be listed.
struct InputPaths: Sequence, Sendable {
    let arguments: [String]
    let skipped: SkippedLog

    /// Whether standard input lists images, so that their number is unknown.
    var readsStandardInput: Bool { arguments.contains("-") }

    func makeIterator() -> AnyIterator<Result<String, ImageError>> {
        var rest = arguments[...]
        var found: ArraySlice<Result<String, ImageError>> = []
        var list = PathList(descriptor: STDIN_FILENO, name: "standard input")
        return AnyIterator {
            while found.isEmpty, let argument = rest.first {
                do throws(ImageError) {
                    let path = argument == "-" ? try list.next() : argument
                    if argument != "-" || path == nil { rest.removeFirst() }
                    found = try path.map(expanded) ?? []
                } catch {
                    found = [.failure(error)]
                }
            }
            return found.popFirst()
        }
    }

    /// The images below a path, in order, and what cannot be listed.
    private func expanded(
        _ path: String
    ) throws(ImageError) -> ArraySlice<Result<String, ImageError>> {
        let search = try ImageFiles.search(in: path)
        guard !(search.paths.isEmpty && search.problems.isEmpty) else {
            throw .noImages(path: path, skipped: search.skipped.text)
        }
        skipped.add(search.skipped)
        return ArraySlice(
            search.problems.map { .failure($0) } + search.paths.map { .success($0) })
    }
}
