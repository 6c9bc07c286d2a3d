import DVTSupport

/// Text instead of weights.
extension OtherFormat {
    /// Recognizes text by the start of a file.
    ///
    /// - Parameters:
    ///   - bytes: the start.
    ///   - isWhole: whether the file has no other bytes.
    /// - Returns: what the text is, or nil if the file is not text.
    static func text(_ bytes: UnsafeRawBufferPointer, isWhole: Bool) -> OtherFormat? {
        guard let text = decoded(bytes, isWhole: isWhole) else { return nil }
        let start = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        let lowercased = start.lowercased()
        if start.hasPrefix("version https://git-lfs.github.com/") { return pointer(start) }
        if lowercased.hasPrefix("<!doctype html") || lowercased.hasPrefix("<html") {
            return page("an HTML page")
        }
        if lowercased.hasPrefix("<?xml") { return page("an XML text") }
        if start.hasPrefix("{") || start.hasPrefix("[") { return json(start) }
        return OtherFormat(
            statement: "is text that begins with \(quoted(String(start), limit: 40))",
            remedy: "check the path, or download the file again")
    }

    private static func page(_ what: String) -> OtherFormat {
        OtherFormat(
            statement: "is \(what) instead of weights, as servers answer a failed download",
            remedy: """
                open the address in a browser: it may need a login or a confirmation; then \
                download the file again
                """)
    }

    /// The pointer that Git stores instead of a large file.
    private static func pointer(_ text: Substring) -> OtherFormat {
        let size = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("size ") }
            .flatMap { Int($0.dropFirst("size ".count)) }
        let file = size.map { "a file of \($0) bytes" } ?? "a file"
        return OtherFormat(
            statement: "is a Git LFS pointer to \(file), not the file itself",
            remedy: "run git lfs pull in its repository, or download the file itself")
    }

    private static func json(_ text: Substring) -> OtherFormat {
        text.contains("\"weight_map\"")
            ? OtherFormat(
                statement: "is the index of a checkpoint in shards",
                remedy: "give the folder that holds it, the shards and config.json")
            : OtherFormat(
                statement: "is JSON text, not weights",
                remedy: """
                    give a description of a model by --model, and by --weights the file of its \
                    weights
                    """)
    }

    /// The text, without a character that the end of the start cuts; nil unless it is UTF-8 without
    /// control characters.
    private static func decoded(_ bytes: UnsafeRawBufferPointer, isWhole: Bool) -> String? {
        let blanks = [UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C]
        guard bytes.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || blanks.contains($0) }) else {
            return nil
        }
        for cut in 0...(isWhole ? 0 : 3) {
            if let text = String(validating: bytes.dropLast(cut), as: UTF8.self) { return text }
        }
        return nil
    }

    /// A file whose start was never written.
    static func zeros(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        guard bytes.count >= 16, bytes.allSatisfy({ $0 == 0 }) else { return nil }
        return OtherFormat(
            statement: "begins with \(bytes.count) zeros, as an unfinished download does",
            remedy: "copy or download it again")
    }
}
