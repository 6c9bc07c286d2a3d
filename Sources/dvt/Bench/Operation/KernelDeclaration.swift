import DVTParity
import DVTSupport
import OpenCLRuntime

/// What a kernel of the user's declares, compared with the arguments.
struct KernelDeclaration {
    let kernel: Kernel
    let file: String

    /// Compares the number and, if the driver reports the declarations, the kinds of arguments.
    ///
    /// - Parameter arguments: the arguments.
    /// - Throws: ``UserKernelError``.
    func check(_ arguments: [ArgumentText]) throws {
        guard arguments.count == kernel.argumentCount else {
            throw UserKernelError(
                """
                \(shown(file)): kernel \(kernel.name) takes \(kernel.argumentCount) \
                arguments\(declared), but \(arguments.count) --arg were given
                """)
        }
        for (index, (parameter, argument)) in zip(kernel.parameters ?? [], arguments).enumerated()
        where !Self.fits(argument.kind, parameter) {
            throw UserKernelError(
                """
                \(shown(file)): --arg \(index + 1), \(quoted(argument.text)), does not fit \
                kernel \(kernel.name)\(declared)
                """)
        }
    }

    private var declared: String {
        guard let parameters = kernel.parameters, !parameters.isEmpty else { return "" }
        return " (\(parameters.map { printable($0.description) }.joined(separator: ", ")))"
    }

    private static func fits(_ kind: ArgumentText.Kind, _ parameter: KernelParameter) -> Bool {
        switch (kind, parameter.space) {
        case (.buffer(let type, _), .global), (.buffer(let type, _), .constant):
            // Of other types, such as structures, the buffer holds the bytes.
            return elementType(parameter.type).map { $0 == type } ?? true
        case (.local, .local): return true
        case (.integer(let type, _), .value), (.negative(let type, _), .value),
            (.number(let type, _), .value):
            return scalarType(parameter.type) == type
        default: return false
        }
    }

    /// The scalar type of a pointer to scalars or vectors.
    private static func elementType(_ text: String) -> ScalarType? {
        let name = text.filter { $0 != "*" }.split(separator: " ").joined(separator: " ")
        let vectors = ["2", "3", "4", "8", "16"]
        let width = vectors.last {
            name.hasSuffix($0) && scalarType(name.dropLast($0.count)) != nil
        }
        return scalarType(name.dropLast(width?.count ?? 0))
    }

    /// The type that a driver names.
    private static func scalarType(_ text: some StringProtocol) -> ScalarType? {
        let unsigned = "unsigned "
        return text.hasPrefix(unsigned)
            ? ScalarType(rawValue: "u\(text.dropFirst(unsigned.count))")
            : ScalarType(rawValue: String(text))
    }
}
