import Glibc

/// Where program binaries and measured choices are kept between runs.
public enum DiskCache: Equatable, Sendable {
    /// In this folder, which is made when there is something to keep.
    case folder(String)
    /// Nowhere, and why.
    case off(reason: String)

    /// `$XDG_CACHE_HOME/dvt`, else `$HOME/.cache/dvt`; off by `DVT_CACHE=off` or where neither
    /// variable is set.
    public static var standard: DiskCache {
        DiskCache(environment: .process)
    }

    /// Chooses by an environment.
    package init(environment: EnvironmentVariables) {
        if environment["DVT_CACHE"]?.lowercased() == "off" {
            self = .off(reason: "DVT_CACHE is off")
        } else if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") {
            // The standard for this variable has programs ignore relative paths.
            self = .folder("\(base)/dvt")
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            self = .folder("\(home)/.cache/dvt")
        } else {
            self = .off(reason: "neither XDG_CACHE_HOME nor HOME is set")
        }
    }

    /// The entry that belongs to a key, or nil if the cache is off.
    func entry(_ kind: CacheEntry.Kind, _ key: [String]) -> CacheEntry? {
        switch self {
        case .folder(let folder): CacheEntry(folder: folder, kind: kind, key: key)
        case .off: nil
        }
    }
}
