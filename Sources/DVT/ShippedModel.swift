import ShippedModels

/// The trained model that is part of the package.
enum ShippedModel {
    /// Opens its checkpoint.
    ///
    /// - Returns: the checkpoint.
    /// - Throws: ``/DVTCheckpoints/SafetensorsError`` if the program is damaged.
    static func open() throws -> any NamedTensors {
        let model = dvt_shipped_model
        return try SafetensorsFile(
            permanent: UnsafeRawBufferPointer(start: model.bytes, count: model.byte_count),
            name: "\(String(cString: model.name)) (part of the package)")
    }
}
