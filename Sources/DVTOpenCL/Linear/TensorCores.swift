import DVTCore
import OpenCLRuntime

/// The precision of linear layers; all other operations use float32.
public enum Precision: String, CaseIterable, Sendable {
    /// float32.
    case float32
    /// float16 factors with float32 accumulation, on a GPU's tensor cores.
    case mixed
}

/// Mixed precision on tensor cores, which multiply small float16 matrices.
enum TensorCores {
    /// Whether `linear_matrix.cl` can use a device's tensor cores: NVIDIA's, whose OpenCL compiler
    /// accepts PTX.
    static func areKnown(on device: Device) -> Bool {
        device.platform.name == "NVIDIA CUDA"
    }

    /// The reason why mixed precision does not work on a device, or nil if it works.
    ///
    /// Runs the kernel once and compares the result with the host's. A separate context is used
    /// because a faulting kernel makes its context unusable.
    ///
    /// - Parameter context: the device's context.
    /// - Returns: the reason.
    static func problem(on context: Context) -> String? {
        let device = context.device
        guard areKnown(on: device) else {
            return "\(device.name) has no tensor cores that dvt supports (NVIDIA's, from compute "
                + "capability 8.0 on)"
        }
        do {
            let trial = try OpenCLBackend(
                context: Context(device: device, diskCache: context.diskCache),
                kernelStyle: (.tile, nil), linearEngine: .matrix)
            let error = try error(on: trial)
            return error <= tolerance ? nil : "the relative error of its tensor cores is \(error)"
        } catch {
            return "its tensor cores do not run: \(error)"
        }
    }

    /// The tolerance for the relative error; rounding a factor to float16 has at most 2^-11.
    static let tolerance = 1e-3

    /// The relative L2 error of a linear layer whose sizes are not multiples of the tiles.
    static func error(on backend: OpenCLBackend) throws -> Double {
        let (rows, inputs, outputs) = (70, 50, 90)
        let x = Tensor.uniform([rows, inputs], name: "x", seed: 1)
        let weight = Tensor.uniform([outputs, inputs], name: "weight", seed: 1)
        let layer = try backend.makeLinear(
            LinearParameters(weight: backend.upload(weight), bias: nil))
        let y = try backend.download(
            backend.linear(backend.upload(x), layer, activation: .identity, residual: nil))
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
