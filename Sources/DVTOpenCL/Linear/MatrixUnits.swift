import DVTCore
import OpenCLRuntime

/// What linear maps are computed in; everything else is float32 always.
public enum Precision: String, CaseIterable, Sendable {
    /// float32.
    case float32
    /// float16 inputs, summed in float32, on a GPU's matrix units (NVIDIA's tensor cores).
    case mixed
}

/// Units of a GPU that multiply small matrices of float16.
enum MatrixUnits {
    /// Whether a device may have matrix units that `linear_matrix.cl` knows: NVIDIA's, whose
    /// OpenCL compiler takes PTX.
    static func isKnown(_ device: Device) -> Bool {
        device.platform.name == "NVIDIA CUDA"
    }

    /// Why mixed precision does not work on a device, or nil where it does.
    ///
    /// The kernel runs once and is compared with the host, in a context of its own: one that a
    /// fault has broken would be of no more use.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the reason.
    static func problem(on context: Context) -> String? {
        let device = context.device
        guard isKnown(device) else {
            return "\(device.name) has no matrix units that dvt knows (it knows NVIDIA's, from "
                + "compute capability 8.0 on)"
        }
        do {
            let trial = try OpenCLBackend(
                context: Context(device: device, diskCache: context.diskCache),
                kernelStyle: (.tile, nil), linearEngine: .matrix)
            let error = try error(on: trial)
            return error <= tolerance ? nil : "its matrix units are off by \(error)"
        } catch {
            return "its matrix units do not run: \(error)"
        }
    }

    /// float16 rounds each factor by at most 2^-11 of it.
    static let tolerance = 1e-3

    /// The relative L2 error of a linear map whose sizes are no multiples of the tiles.
    static func error(on backend: OpenCLBackend) throws -> Double {
        let (rows, inputs, outputs) = (70, 50, 90)
        let x = Tensor.uniform([rows, inputs], name: "x", seed: 1)
        let weight = Tensor.uniform([outputs, inputs], name: "weight", seed: 1)
        let map = try backend.makeLinear(
            LinearParameters(weight: backend.upload(weight), bias: nil))
        let y = try backend.download(
            backend.linear(backend.upload(x), map, activation: .identity, residual: nil))
        var (difference, square) = (0.0, 0.0)
        for row in 0..<rows {
            for output in 0..<outputs {
                let sum = (0..<inputs).reduce(0.0) {
                    $0 + Double(x.values[row * inputs + $1])
                        * Double(weight.values[output * inputs + $1])
                }
                let off = Double(y.values[row * outputs + output]) - sum
                difference += off * off
                square += sum * sum
            }
        }
        return (difference / square).squareRoot()
    }
}
