import DVTSupport

/// The place of a page of a document among its pages.
struct ExplanationPlace {
    /// The page, from 0.
    let page: Int
    /// Whether another page follows.
    let hasNext: Bool
    /// The images listed by the page's index: its own, and on the first page those of all pages.
    let entries: [ExplanationEntry]
    /// The names of the pages' files.
    let files: ExplanationFiles
}

/// An image of an index.
struct ExplanationEntry {
    /// The page with the image, from 0.
    let page: Int
    /// The ID of its section's heading.
    let id: String
    /// Its file.
    let name: String
    /// The exit and class of the image.
    let summary: String
}

/// The files of a document's pages: `all.html`, `all-2.html` and so on.
struct ExplanationFiles {
    private let stem: Substring
    private let ending: Substring

    /// The names beside the first page's file, whose name has an ending.
    init(first path: String) {
        let dot = path.lastIndex(of: ".") ?? path.endIndex
        (stem, ending) = (path[..<dot], path[dot...])
    }

    /// The path of a page, from 0.
    func path(_ page: Int) -> String {
        page == 0 ? "\(stem)\(ending)" : "\(stem)-\(page + 1)\(ending)"
    }

    /// The relative link to a page from another one.
    func link(_ page: Int) -> String {
        let name = path(page).split(separator: "/").last ?? ""
        return name.utf8.reduce(into: "") { link, byte in
            let isPlain = Character(UnicodeScalar(byte)).isLetter && byte < 0x80
            if isPlain || (0x30...0x39).contains(byte) || "-_.~".utf8.contains(byte) {
                link.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                link += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }
}
