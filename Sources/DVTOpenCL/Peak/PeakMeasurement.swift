/// The measurement of a peak rate or a launch time.
package struct PeakMeasurement: Sendable {
    /// The measured quantity.
    package enum Quantity: String, Sendable {
        /// Float32 multiply-adds on registers, two operations each.
        case multiplyAdds = "fma"
        /// Products of pairs of bfloat16 numbers on registers, summed in float32; four operations
        /// each.
        case bfloat16Dot = "bfloat16 dot"
        /// Products of fragments of 16-bit numbers by matrix instructions, two operations each.
        case matrix16 = "16-bit matrix"
        /// The same of float32 numbers, each as three products of TF32.
        case matrix32 = "float32 matrix"
        /// A copy between two buffers of a device's memory, in bytes read and written.
        case copy
        /// An empty kernel, from enqueueing to completion.
        case launch
        /// An empty kernel in a long queue of empty kernels.
        case queuedLaunch = "queued launch"

        /// Whether it is a rate of products by instructions that not every device has.
        var isProduct: Bool {
            switch self {
            case .bfloat16Dot, .matrix16, .matrix32: true
            case .multiplyAdds, .copy, .launch, .queuedLaunch: false
            }
        }
        /// Whether the value is a rate and not a time.
        package var isRate: Bool { self != .launch && self != .queuedLaunch }
        /// The unit of the value.
        package var unit: String {
            switch self {
            case .multiplyAdds, .bfloat16Dot, .matrix16, .matrix32: "GFLOP/s"
            case .copy: "GB/s"
            case .launch, .queuedLaunch: "us"
            }
        }
    }

    /// The measured quantity.
    package let quantity: Quantity
    /// The name of the kernel in reports; the fastest of several.
    package let kernel: String
    /// The operations, bytes or launches of one run.
    package let work: Int
    /// The times of the runs, milliseconds.
    package let milliseconds: [Double]

    /// GFLOP/s or GB/s of the fastest run, or the median run's microseconds per launch.
    package var value: Double {
        let sorted = milliseconds.sorted()
        return quantity.isRate
            ? Double(work) / sorted[0] / 1e6 : 1e3 * sorted[sorted.count / 2] / Double(work)
    }
}

/// A failure of a kernel of `peak.cl` or `peak_mma.cl`, which makes its time meaningless.
package enum PeakError: Error, Equatable {
    /// `kernel` computed wrong results.
    case wrongResult(kernel: String)
}

extension PeakError: CustomStringConvertible {
    /// One line with the kernel and the next step.
    package var description: String {
        switch self {
        case .wrongResult(let kernel):
            """
            the device computed wrong results in kernel \(kernel); run `dvt parity --operations` to \
            check the other kernels
            """
        }
    }
}
