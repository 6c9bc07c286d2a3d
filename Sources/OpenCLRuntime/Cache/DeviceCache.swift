/// A persistent store of short texts per device, such as tuning results.
///
/// They are stored with the program binaries and, like them, become invalid when the device's
/// driver changes.
package struct DeviceCache: Sendable {
    private let diskCache: DiskCache

    /// Creates the store.
    ///
    /// - Parameter diskCache: the cache that holds the texts.
    package init(_ diskCache: DiskCache = .standard) {
        self.diskCache = diskCache
    }

    /// A stored text.
    ///
    /// - Parameters:
    ///   - key: its key, which should include a version of its meaning.
    ///   - device: the device.
    /// - Returns: the text, or nil if it is missing or damaged.
    package func value(for key: String, device: Device) -> String? {
        let bytes = diskCache.entry(.value, [key] + device.fingerprint)?.load()
        return bytes.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// The path of a text's file that exists but is damaged or not trusted, or nil.
    ///
    /// - Parameters:
    ///   - key: its key.
    ///   - device: the device.
    /// - Returns: the path.
    package func damagedFile(for key: String, device: Device) -> String? {
        guard let entry = diskCache.entry(.value, [key] + device.fingerprint),
            FileTree().exists(entry.path), entry.load() == nil
        else { return nil }
        return entry.path
    }

    /// Stores a text, replacing an earlier one.
    ///
    /// - Parameters:
    ///   - value: the text.
    ///   - key: its key.
    ///   - device: the device.
    /// - Returns: whether it was stored.
    @discardableResult
    package func store(_ value: String, for key: String, device: Device) -> Bool {
        let entry = diskCache.entry(.value, [key] + device.fingerprint)
        return entry?.store(Array(value.utf8)) ?? false
    }
}
