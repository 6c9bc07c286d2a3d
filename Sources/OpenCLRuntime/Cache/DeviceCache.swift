/// Short texts remembered between runs for a device, such as a choice that was measured on it.
///
/// They are kept beside the program binaries and, like them, forgotten when the device's driver
/// changes.
package struct DeviceCache: Sendable {
    private let diskCache: DiskCache

    /// Creates the store.
    ///
    /// - Parameter diskCache: where texts are kept.
    package init(_ diskCache: DiskCache = .standard) {
        self.diskCache = diskCache
    }

    /// A remembered text.
    ///
    /// - Parameters:
    ///   - key: what it is called; a version of its meaning had best be a part.
    ///   - device: the device it is for.
    /// - Returns: the text, or nil if it is missing or damaged.
    package func value(for key: String, device: Device) -> String? {
        let bytes = diskCache.entry(.value, [key] + device.fingerprint)?.load()
        return bytes.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The file of a text that is there but cannot be trusted, or nil.
    ///
    /// - Parameters:
    ///   - key: what it is called.
    ///   - device: the device it is for.
    /// - Returns: the file's path.
    package func damagedFile(for key: String, device: Device) -> String? {
        guard let entry = diskCache.entry(.value, [key] + device.fingerprint),
            FileTree().exists(entry.path), entry.load() == nil
        else { return nil }
        return entry.path
    }

    /// Remembers a text, where that can be done.
    ///
    /// - Parameters:
    ///   - value: the text; it replaces an earlier one.
    ///   - key: what it is called.
    ///   - device: the device it is for.
    /// - Returns: whether it is remembered.
    @discardableResult
    package func store(_ value: String, for key: String, device: Device) -> Bool {
        let entry = diskCache.entry(.value, [key] + device.fingerprint)
        return entry?.store(Array(value.utf8)) ?? false
    }
}
