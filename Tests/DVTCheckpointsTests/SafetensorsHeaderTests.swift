import DVTCheckpoints
import DVTCore
import Testing

/// The problem of a file with this header and 8 bytes of data.
private func headerProblem(
    _ header: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> SafetensorsError.Problem? {
    try problem(
        of: safetensors(header, data: [UInt8](repeating: 0, count: 8)),
        sourceLocation: sourceLocation)
}

@Suite struct SafetensorsHeaderTests {
    @Test func theFirstByteMustBeABrace() throws {
        #expect(try problem(of: safetensors("")) == .headerNotAnObject(firstByte: nil))
        #expect(try headerProblem(" {}") == .headerNotAnObject(firstByte: 0x20))
        #expect(try headerProblem("[]") == .headerNotAnObject(firstByte: 0x5B))
        #expect(try headerProblem("\u{FEFF}{}") == .headerNotAnObject(firstByte: 0xEF))
    }

    @Test func onlySpacesMayFollowTheObject() throws {
        let object = "{" + member("x") + "}"
        let end = object.utf8.count
        #expect(try headerProblem(object + "  ") == nil)
        #expect(try headerProblem(object + " \n") == .bytesAfterHeader(offset: end + 1))
        #expect(try headerProblem(object + "\0") == .bytesAfterHeader(offset: end))
        #expect(try headerProblem(object + "{}") == .bytesAfterHeader(offset: end))
    }

    @Test(arguments: [
        ("{", "'\"' is missing", 1), ("{'x':1}", "'\"' is missing", 1),
        ("{\"x\"}", "':' is missing", 4), ("{\"__metadata__\":{},}", "'\"' is missing", 19),
        ("{\"__metadata__\":{}", "'}' is missing", 18), ("{\"x", "a string without an end", 1),
        ("{\"x\ny\":{}}", "a control character in a string", 3),
        ("{\"\\q\":{}}", "an unknown escape in a string", 2),
        ("{\"x\":{\"a\":nul}}", "'null' is missing", 13),
    ])
    func headersMustBeStrictJSON(header: String, reason: String, offset: Int) throws {
        #expect(try headerProblem(header) == .invalidHeader(reason: reason, offset: offset))
    }

    @Test func headersMustBeUTF8() throws {
        let bytes = Array("{\"".utf8) + [0xFF] + Array("\":{}}".utf8)
        #expect(
            try problem(of: safetensors(bytes))
                == .invalidHeader(reason: "a string that is not UTF-8", offset: 1))
    }

    @Test func repeatedKeysAreRefused() throws {
        let first = "{" + member("a") + ","
        let offset = first.utf8.count
        let twice = first + member("a") + "}"
        #expect(try headerProblem(twice) == .duplicateKey("a", offset: offset))
        let escaped = first + member("\\u0061") + "}"
        #expect(try headerProblem(escaped) == .duplicateKey("a", offset: offset))
        let metadata = #"{"__metadata__":{},"__metadata__":{}}"#
        #expect(try headerProblem(metadata) == .duplicateKey("__metadata__", offset: 19))
        let inMetadata = #"{"__metadata__":{"a":"1","a":"1"}}"#
        #expect(try headerProblem(inMetadata) == .duplicateKey("a", offset: 25))
        let inEntry = #"{"x":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
        #expect(try headerProblem(inEntry) == .duplicateKey("dtype", offset: 20))
    }

    @Test(arguments: ["[", "{\"a\":"])
    func deepNestingIsRefused(opening: String) throws {
        let deep = String(repeating: opening, count: 100_000)
        let found = try headerProblem("{\"x\":{\"extra\":" + deep)
        let offset = 14 + 62 * opening.utf8.count
        #expect(found == .nestedTooDeeply(limit: 64, offset: offset))
    }

    @Test(arguments: ["1", "null", "[]", "\"a\""])
    func metadataMustBeAnObject(value: String) throws {
        #expect(
            try headerProblem("{\"__metadata__\":\(value)}") == .metadataNotText(key: nil))
    }

    @Test(arguments: ["1", "null", "[]", "{}", "true"])
    func metadataValuesMustBeStrings(value: String) throws {
        #expect(
            try headerProblem("{\"__metadata__\":{\"k\":\(value)}}") == .metadataNotText(key: "k"))
    }

    /// Names that would break the line, hide text or never end.
    @Test(arguments: [
        "a\\nb", "a\\r\\nb", "\\u001b[2J", "\\u0085", "\\u2028", "\\u202e", "\\u007f", "\\u0000",
        String(repeating: "long", count: 10_000), "quote\\\"", "back\\\\slash", "\\u200b",
    ])
    func messagesWithAnyNameAreOneLine(name: String) throws {
        let tensor = "{" + member(name, dtype: "F31") + "}"
        #expect(try headerProblem(tensor) != nil)
        #expect(try headerProblem("{" + member("x", dtype: name) + "}") != nil)
        #expect(try headerProblem("{\"__metadata__\":{\"\(name)\":1}}") != nil)
        #expect(try headerProblem("{" + member(name) + "," + member(name) + "}") != nil)
    }

    @Test func messagesContainARemedy() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(safetensors("{" + member("a\\nb\\u001b") + "}"))
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(
            error?.description == """
                \(path): tensor "a\\nb\\u{1B}" ends at byte 8 of the data, which has 0 bytes; the \
                file is truncated or not a safetensors file: copy or download it again
                """)
    }
}
