import DVTCore
import DVTSupport

extension OpenCLBackend {
    /// Runs a linear layer whose sizes are no multiples of any tile, and compares it with the host.
    ///
    /// - Returns: the relative L2 error of the float32 output for factors rounded to the backend's
    ///   precision.
    /// - Throws: the device's error.
    func linearError() throws -> Double {
        let (rows, inputs, outputs) = (70, 51, 90)
        let x = rounded(.uniform([rows, inputs], name: "x", seed: 1))
        let weight = rounded(.uniform([outputs, inputs], name: "weight", seed: 1))
        let layer = try makeLinear(LinearParameters(weight: upload(weight), bias: nil))
        let y = try download(logits(upload(x), layer))
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

    /// The values as the device stores them.
    private func rounded(_ tensor: Tensor) -> Tensor {
        guard let format = precision.halfFormat else { return tensor }
        return Tensor(tensor.shape, values: tensor.values.map { format.decode(format.encode($0)) })
    }
}
