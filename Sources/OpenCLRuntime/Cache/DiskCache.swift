import Glibc

/// The location of the persistent cache of program binaries and tuning results.
public enum DiskCache: Equatable, Sendable {
    /// In this folder, which is created on the first store.
    case folder(String)
    /// Nowhere, with the reason.
    case off(reason: String)

    /// `$XDG_CACHE_HOME/dvt`, else `$HOME/.cache/dvt`; off with `DVT_CACHE=off` or if neither
    /// variable is set.
    public static var standard: DiskCache {
        DiskCache(environment: .process)
    }

    /// Chooses a cache by environment variables.
    package init(environment: EnvironmentVariables) {
        if environment["DVT_CACHE"]?.lowercased() == "off" {
            self = .off(reason: "DVT_CACHE is off")
        } else if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") {
            // The XDG specification has programs ignore relative paths.
            self = .folder("\(base)/dvt")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            self = .folder("\(home)/.cache/dvt")
        } else {
            self = .off(reason: "neither XDG_CACHE_HOME nor HOME is set")
        }
    }

    /// The entry of a key, or nil if the cache is off.
    func entry(_ kind: CacheEntry.Kind, _ key: [String]) -> CacheEntry? {
        switch self {
        case .folder(let folder): CacheEntry(folder: folder, kind: kind, key: key)
        case .off: nil
        }
    }
}
