/// One ceiling of a device, measured.
package struct PeakMeasurement: Sendable {
    /// What was measured.
    package enum Quantity: String, Sendable {
        /// Float32 multiply-adds on registers, two operations each.
        case multiplyAdds = "fma"
        /// A copy between two buffers of a device's memory; what is read and written counts.
        case copy
        /// An empty kernel, from enqueueing it to its end.
        case launch
        /// An empty kernel in a long queue of such.
        case queuedLaunch = "queued launch"

        /// Whether the value is a rate, of which more is better, and not a time.
        package var isRate: Bool { self == .multiplyAdds || self == .copy }
        /// The unit of the value.
        package var unit: String {
            switch self {
            case .multiplyAdds: "GFLOP/s"
            case .copy: "GB/s"
            case .launch, .queuedLaunch: "us"
            }
        }
    }

    /// What was measured.
    package let quantity: Quantity
    /// The kernel, for people; of several the one that was fastest.
    package let kernel: String
    /// The operations, bytes or launches of one run.
    package let work: Int
    /// The times of the runs, milliseconds.
    package let milliseconds: [Double]

    /// GFLOP/s or GB/s of the fastest run; microseconds a launch of the middle one.
    ///
    /// A ceiling is what the device reaches when nothing disturbs it; a launch costs what it
    /// usually costs.
    package var value: Double {
        let sorted = milliseconds.sorted()
        return quantity.isRate
            ? Double(work) / sorted[0] / 1e6 : 1e3 * sorted[sorted.count / 2] / Double(work)
    }
}

/// A kernel of `peak.cl` that did not do its work, so that its time says nothing.
package enum PeakError: Error, Equatable {
    /// `kernel` stored other numbers than it should have.
    case wrongResult(kernel: String)
}

extension PeakError: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .wrongResult(let kernel):
            """
            the device computed wrong numbers in \(kernel) of peak.cl; see `dvt parity \
            --operations` for what else it gets wrong
            """
        }
    }
}
