import Glibc

/// Environment variables: those of the process, or given values in tests.
package struct EnvironmentVariables: Sendable {
    private let lookup: @Sendable (String) -> String?

    /// The variables of this process.
    package static let process = EnvironmentVariables { name in
        getenv(name).map { String(cString: $0) }
    }

    /// Creates an environment from values.
    package init(_ values: [String: String]) {
        self.init { values[$0] }
    }

    /// A copy of the environment without one variable.
    package func without(_ name: String) -> EnvironmentVariables {
        EnvironmentVariables { [lookup] in $0 == name ? nil : lookup($0) }
    }

    private init(lookup: @escaping @Sendable (String) -> String?) {
        self.lookup = lookup
    }

    /// A variable's value, or nil if it is missing or empty; OpenCL treats both the same.
    package subscript(name: String) -> String? {
        lookup(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
