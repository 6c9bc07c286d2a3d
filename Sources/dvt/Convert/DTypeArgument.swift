import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTSupport

/// The data type of a weight file.
enum DTypeArgument: String, ExpressibleByArgument, CaseIterable {
    case float32
    case float16
    case bfloat16

    /// The type whose rounding error is `roundoff`.
    init(roundoff: Double) {
        self = roundoff >= 0x1p-8 ? .bfloat16 : roundoff >= 0x1p-11 ? .float16 : .float32
    }

    var fileType: SafetensorsWriter.ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// Checks that all values are finite in this type.
    ///
    /// - Parameters:
    ///   - tensor: the values.
    ///   - name: the tensor's name.
    ///   - path: the source file.
    /// - Throws: ``ConversionError``.
    func check(_ tensor: Tensor, named name: String, from path: String) throws {
        for value in tensor.values where !rounded(value).isFinite {
            throw ConversionError(path: path, tensor: name, value: value, type: rawValue)
        }
    }

    /// The value after rounding to this type.
    private func rounded(_ value: Float) -> Float {
        switch self {
        case .float32: value
        case .float16: HalfFormat.float16.decode(HalfFormat.float16.encode(value))
        case .bfloat16: HalfFormat.bfloat16.decode(HalfFormat.bfloat16.encode(value))
        }
    }
}

/// A value that the output type cannot represent.
struct ConversionError: Error, Equatable, CustomStringConvertible {
    let path: String
    let tensor: String
    let value: Float
    let type: String

    var description: String {
        let number = value.isNaN ? "nan" : "\(value)"
        let place = "\(shown(path)): tensor \(quoted(tensor)) holds \(number)"
        return value.isFinite
            ? "\(place), which overflows \(type); use --dtype float32"
            : "\(place), not a valid weight; the checkpoint is damaged or training diverged"
    }
}
