import DVTSupport

extension TrainingRecipe {
    /// The size limit of a recipe file, in bytes.
    private static let byteLimit = 1 << 20

    /// Reads a recipe file: YAML if its name ends in `.yaml` or `.yml`, otherwise JSON.
    ///
    /// - Parameter path: the file.
    /// - Throws: `FileError` if the file cannot be read, or
    ///   ``TrainingError/invalidRecipe(origin:reason:)``.
    package init(path: String) throws {
        let text = try readFile(path, limit: Self.byteLimit)
        let name = path.lowercased()
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            try self.init(yaml: text, origin: path)
        } else {
            try self.init(json: text, origin: path)
        }
    }
}
