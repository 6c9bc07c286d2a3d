import DVTSupport

/// The format of a file, identified by its bytes, never by its name.
enum FileFormat {
    case safetensors
    case pyTorch
    case numPy
    case mindSpore
    /// A file that is not read.
    case other(OtherFormat)

    /// Identifies a file.
    ///
    /// - Parameter file: the file.
    /// - Returns: its format, or nil if it is unknown.
    /// - Throws: ``FileError`` if the file has been truncated.
    static func of(_ file: MappedFile) throws -> Self? {
        let prefix = try file.withBytes(in: 0..<min(file.byteCount, TarHeader.byteCount)) {
            [UInt8]($0)
        }
        if hasShortHeader(prefix) { return .safetensors }
        switch prefix.withUnsafeBytes(TorchLayout.init) {
        case .zip: return try file.withBytes(in: 0..<file.byteCount, zip)
        case .legacy: return .pyTorch
        // The first member of an archive shows whether PyTorch wrote it.
        case .tar, nil: break
        }
        if let other = try OtherFormat.of(file) { return .other(other) }
        if PyTorchCheckpoint.recognizes(prefix) { return .pyTorch }
        if MindSporeCheckpoint.recognizes(prefix) { return .mindSpore }
        return SafetensorsFile.recognizes(prefix) ? .safetensors : nil
    }

    /// Whether the bytes are a safetensors header's first ones, with a length below 2^32: of other
    /// formats some bytes may be equal, but not the zeros.
    private static func hasShortHeader(_ prefix: [UInt8]) -> Bool {
        SafetensorsFile.recognizes(prefix) && prefix[4..<8].allSatisfy { $0 == 0 }
    }

    /// A zip archive by the names of its entries; one whose directory is damaged is taken for
    /// PyTorch's, whose reader reports the damage.
    private static func zip(_ bytes: UnsafeRawBufferPointer) -> Self {
        guard let names = ZipArchive.names(in: bytes) else { return .pyTorch }
        func hasFile(_ name: String) -> Bool {
            names.contains { $0 == name || $0.hasSuffix("/\(name)") }
        }
        if hasFile("serialized_exported_program.json") || hasFile("archive_format") {
            return .other(.exportedProgram)
        }
        if hasFile("data.pkl") { return .pyTorch }
        if !names.isEmpty, names.allSatisfy({ $0.hasSuffix(".npy") }) { return .numPy }
        return .other(.zip(names))
    }
}
