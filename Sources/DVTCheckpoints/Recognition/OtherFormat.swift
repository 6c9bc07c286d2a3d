import DVTSupport

/// What a file is that holds no weights in a supported format, and what to do with it.
struct OtherFormat: Equatable {
    /// What the file is, as the predicate of a sentence: `is an HTML page`.
    let statement: String
    /// What to do.
    let remedy: String

    /// The formats that are read, for messages.
    static let supported = "safetensors, PyTorch, MindSpore and NumPy's .npz"

    private static let conversion = """
        dvt reads \(supported): load the model where it was made and save its weights so, with \
        timm's names
        """

    /// A model of another framework, whose weights can be converted.
    static func convertible(_ statement: String) -> OtherFormat {
        OtherFormat(statement: statement, remedy: conversion)
    }

    /// Recognizes a file by its bytes.
    ///
    /// - Parameter file: the file.
    /// - Returns: what it is, or nil if it is none of the known formats.
    /// - Throws: ``FileError`` if it has been truncated.
    static func of(_ file: MappedFile) throws -> OtherFormat? {
        guard file.byteCount > 0 else { return empty }
        let start = 0..<min(file.byteCount, TarHeader.byteCount)
        let format = try file.withBytes(in: start) { bytes in
            signature(bytes) ?? tar(bytes) ?? protobuf(bytes) ?? messagePack(bytes) ?? pickle(bytes)
                ?? text(bytes, isWhole: start.upperBound == file.byteCount) ?? zeros(bytes)
        }
        return try format ?? gzip(file) ?? tensorFlowIndex(file)
    }

    private static let empty = OtherFormat(
        statement: "is empty", remedy: "copy or download it again")
}

/// Files with a fixed start.
extension OtherFormat {
    private static func signature(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        signatures.first { bytes.dropFirst($0.offset).starts(with: $0.bytes) }?.format
    }

    private static func compressed(by name: String, command: String) -> OtherFormat {
        OtherFormat(
            statement: "is compressed by \(name)",
            remedy: "unpack it with \(command) and give the file inside")
    }

    private static let signatures: [(offset: Int, bytes: [UInt8], format: OtherFormat)] = [
        (
            0, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A],
            convertible("is an HDF5 file (.h5), as Keras and TensorFlow save weights")
        ),
        (0, Array("GGUF".utf8), convertible("is a GGUF file, the format of llama.cpp and ggml")),
        (4, Array("TFL3".utf8), convertible("is a TensorFlow Lite model")),
        (
            0, [0x93] + Array("NUMPY".utf8),
            OtherFormat(
                statement: "is one NumPy array (.npy), not a model's weights",
                remedy: "save all weights in one file with numpy.savez")
        ),
        (0, Array("BZh".utf8), compressed(by: "bzip2", command: "bzip2 -d")),
        (0, [0xFD] + Array("7zXZ".utf8) + [0], compressed(by: "xz", command: "xz -d")),
        (0, [0x28, 0xB5, 0x2F, 0xFD], compressed(by: "zstd", command: "zstd -d")),
        (0, [0x04, 0x22, 0x4D, 0x18], compressed(by: "lz4", command: "lz4 -d")),
        (0, Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], compressed(by: "7-Zip", command: "7z x")),
        (0, Array("Rar!".utf8) + [0x1A, 7], compressed(by: "RAR", command: "unrar x")),
    ]
}

/// Archives.
extension OtherFormat {
    /// A tar archive, unless PyTorch wrote it before 0.1.10.
    private static func tar(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        guard let header = TarHeader(bytes), !header.isPyTorchs else { return nil }
        return OtherFormat(
            statement: "is a tar archive that begins with \(quoted(header.name))",
            remedy: "unpack it with tar -xf and give the file of the weights inside")
    }

    private static func gzip(_ file: MappedFile) throws -> OtherFormat? {
        // More than the header of a tar archive can take, and the name of the file.
        try file.withBytes(in: 0..<min(file.byteCount, 4096), gzip)
    }

    private static func gzip(_ bytes: UnsafeRawBufferPointer) -> OtherFormat? {
        guard bytes.starts(with: [0x1F, 0x8B, 8]) else { return nil }
        var start = [UInt8](repeating: 0, count: TarHeader.byteCount)
        let isTar = start.withUnsafeMutableBytes { target in
            Inflation.inflate(bytes, .gzip, into: target).flatMap { result in
                TarHeader(UnsafeRawBufferPointer(rebasing: target[..<result.count]))
            } != nil
        }
        return isTar
            ? OtherFormat(
                statement: "is a tar archive compressed by gzip",
                remedy: "unpack it with tar -xzf and give the file of the weights inside")
            : compressed(by: "gzip", command: "gunzip")
    }

    /// A zip archive without PyTorch's or NumPy's weights.
    ///
    /// - Parameter names: the names of its entries.
    /// - Returns: what it is.
    static func zip(_ names: [String]) -> OtherFormat {
        let files = Set(names.map { String($0.split(separator: "/").last ?? "") })
        if files.contains("model.weights.h5") { return convertible("is a Keras model (.keras)") }
        if files.contains("saved_model.pb") {
            return convertible("is a zip archive with a TensorFlow SavedModel")
        }
        let endings = [".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".npz", ".tar"]
        let count = names.count == 1 ? "one entry" : "\(names.count) entries"
        if let weights = names.first(where: { name in endings.contains(where: name.hasSuffix) }) {
            return OtherFormat(
                statement: "is a zip archive of \(count), among them \(quoted(weights))",
                remedy: "unpack it with unzip and give the file of the weights inside")
        }
        let first = names.first.map { ", first \(quoted($0))" } ?? ""
        return OtherFormat(
            statement: "is a zip archive of \(count)\(first), but no weights",
            remedy: "check the path: the file must be written by torch.save or numpy.savez")
    }

    /// A program that `torch.export.save` wrote.
    static let exportedProgram = OtherFormat(
        statement: "is a program that torch.export saved (.pt2)",
        remedy: "save the model's state_dict() with torch.save instead")
}

/// The header of a tar archive's first member.
struct TarHeader {
    /// The size of a header.
    static let byteCount = 512

    /// The name of the member.
    let name: String

    /// Reads a header; nil unless its checksum is right.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.byteCount, bytes[0] != 0 else { return nil }
        let field = 148..<156
        let digits = bytes[field].drop { $0 == UInt8(ascii: " ") }.prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0)
        }
        let stated = Int(String(decoding: digits, as: UTF8.self), radix: 8)
        // The checksum's own field is summed as blanks.
        let sum = bytes.prefix(Self.byteCount).enumerated().reduce(0) { sum, byte in
            sum + (field.contains(byte.offset) ? 0x20 : Int(byte.element))
        }
        guard stated == sum else { return nil }
        name = String(decoding: bytes.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether the archive may be a checkpoint of PyTorch before 0.1.10.
    var isPyTorchs: Bool {
        ["sys_info", "pickle", "storages", "tensors"].contains(
            name.hasPrefix("./") ? String(name.dropFirst(2)) : name)
    }
}
