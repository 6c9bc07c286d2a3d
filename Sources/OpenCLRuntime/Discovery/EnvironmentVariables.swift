import Glibc

/// The variables of an environment: the process's own, or a test's.
package struct EnvironmentVariables: Sendable {
    private let lookup: @Sendable (String) -> String?

    /// The process's own.
    package static let process = EnvironmentVariables { name in
        getenv(name).map { String(cString: $0) }
    }

    /// Creates an environment of these values.
    package init(_ values: [String: String]) {
        self.init { values[$0] }
    }

    /// The environment as if one of its variables were not set.
    package func without(_ name: String) -> EnvironmentVariables {
        EnvironmentVariables { [lookup] in $0 == name ? nil : lookup($0) }
    }

    private init(lookup: @escaping @Sendable (String) -> String?) {
        self.lookup = lookup
    }

    /// A variable's value; nil when it is missing or empty, which OpenCL's variables take for the
    /// same.
    package subscript(name: String) -> String? {
        lookup(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
