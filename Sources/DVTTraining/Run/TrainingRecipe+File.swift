import DVTSupport

extension TrainingRecipe {
    /// The most bytes that a recipe's file may have.
    private static let byteLimit = 1 << 20

    /// Reads a recipe's file: YAML if its name ends in `.yaml` or `.yml`, else JSON.
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
