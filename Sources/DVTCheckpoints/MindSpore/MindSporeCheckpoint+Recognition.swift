extension MindSporeCheckpoint {
    /// Whether a file that begins with these bytes looks like a MindSpore checkpoint, encrypted or
    /// not.
    ///
    /// - Parameter prefix: the file's first bytes; 64 are enough, and a whole file may be shorter.
    /// - Returns: true if they begin a first value with a name, as far as they go.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        if isEncrypted(prefix) { return true }
        var bytes = Array(prefix.prefix(64))[...]
        guard bytes.popFirst() == MindSporeValues.valueKey, let length = popLength(&bytes),
            bytes.popFirst() == MindSporeValues.valueKey, let nameLength = popLength(&bytes)
        else { return false }
        // A name, and behind it the key of the tensor. A safetensors file may begin with the same
        // four bytes, the length of a header; zeros follow there.
        guard nameLength > 0, nameLength < length else { return false }
        let name = bytes.prefix(nameLength)
        let tensorKey = bytes.dropFirst(nameLength).first
        return !name.isEmpty && !name.contains(0) && (tensorKey == nil || tensorKey == 0x12)
    }

    /// Whether a file that begins with these bytes was encrypted by MindSpore.
    ///
    /// - Parameter prefix: the file's first bytes.
    /// - Returns: true for the magic numbers of AES-GCM, AES-CBC and SM4-CBC in MindSpore's
    ///   `crypto.h`: 0x7F3A5ED8 to 0x7F3A5EDA.
    static func isEncrypted(_ prefix: some Collection<UInt8>) -> Bool {
        let magic = Array(prefix.prefix(4))
        return magic.count == 4 && (0xD8...0xDA).contains(magic[0])
            && magic[1...].elementsEqual([0x5E, 0x3A, 0x7F])
    }

    /// Takes a variable-length integer below 2^35 away; nil if there is none.
    private static func popLength(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var result = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            result |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        return nil
    }
}
