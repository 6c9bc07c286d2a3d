extension MindSporeCheckpoint {
    /// Whether a file's first bytes are those of a MindSpore checkpoint, encrypted or not.
    ///
    /// - Parameter prefix: the first bytes, up to 64.
    /// - Returns: whether they are the start of a value with a name.
    package static func recognizes(_ prefix: some Collection<UInt8>) -> Bool {
        if isEncrypted(prefix) { return true }
        var bytes = Array(prefix.prefix(64))[...]
        guard bytes.popFirst() == MindSporeValues.valueKey, let length = popLength(&bytes),
            bytes.popFirst() == MindSporeValues.valueKey, let nameLength = popLength(&bytes)
        else { return false }
        // A name, followed by the key of the tensor. A safetensors file may begin with the same
        // four bytes (the header's length), but then zeros follow.
        guard nameLength > 0, nameLength < length else { return false }
        let name = bytes.prefix(nameLength)
        let tensorKey = bytes.dropFirst(nameLength).first
        return !name.isEmpty && !name.contains(0) && (tensorKey == nil || tensorKey == 0x12)
    }

    /// Whether a file's first bytes are those of a checkpoint encrypted by MindSpore.
    ///
    /// - Parameter prefix: the first bytes.
    /// - Returns: whether they are a magic number of AES-GCM, AES-CBC or SM4-CBC in MindSpore's
    ///   `crypto.h`, 0x7F3A5ED8 to 0x7F3A5EDA.
    static func isEncrypted(_ prefix: some Collection<UInt8>) -> Bool {
        let magic = Array(prefix.prefix(4))
        return magic.count == 4 && (0xD8...0xDA).contains(magic[0])
            && magic[1...].elementsEqual([0x5E, 0x3A, 0x7F])
    }

    /// Removes and returns a variable-length integer below 2^35, or nil if there is none.
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
