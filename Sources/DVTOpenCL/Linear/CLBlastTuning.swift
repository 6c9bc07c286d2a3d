import CCLBlast
import COpenCL
import Glibc
import OpenCLRuntime
import Synchronization

/// CLBlast parameters for devices on which CLBlast's own are unsuitable.
///
/// CLBlast stores parameters per process, so they are set once per device, before the first
/// product.
enum CLBlastTuning {
    private struct Parameters {
        let kernel: String
        let values: [(name: String, value: Int)]
    }

    /// The parameters for PoCL on a CPU.
    ///
    /// One work-item per work-group, a register tile of 24 x 8 in wide vectors, and the tiled
    /// kernel for small products too. CLBlast would use GPU parameters, with which PoCL runs the
    /// work-items of a group serially.
    private static let pocl = [
        Parameters(
            kernel: "Xgemm",
            values: [
                ("GEMMK", 0), ("KREG", 1), ("KWG", 32), ("KWI", 1), ("MDIMA", 1), ("MDIMC", 1),
                ("MWG", 24), ("NDIMB", 1), ("NDIMC", 1), ("NWG", 8), ("SA", 0), ("SB", 0),
                ("STRM", 0), ("STRN", 0), ("VWM", 8), ("VWN", 4),
            ]),
        Parameters(kernel: "GemmRoutine", values: [("XGEMM_MIN_INDIRECT_SIZE", 1)]),
        Parameters(
            kernel: "Transpose",
            values: [("TRA_DIM", 16), ("TRA_PAD", 1), ("TRA_SHUFFLE", 1), ("TRA_WPT", 8)]),
        Parameters(
            kernel: "Padtranspose",
            values: [("PADTRA_PAD", 1), ("PADTRA_TILE", 64), ("PADTRA_WPT", 1)]),
        Parameters(
            kernel: "Copy",
            values: [("COPY_DIMX", 8), ("COPY_DIMY", 8), ("COPY_VW", 8), ("COPY_WPT", 1)]),
        Parameters(
            kernel: "Pad",
            values: [("PAD_DIMX", 16), ("PAD_DIMY", 16), ("PAD_WPTX", 1), ("PAD_WPTY", 1)]),
    ]

    private static let tunedDevices = Mutex<Set<Device>>([])

    /// Sets the parameters of a device; later calls have no effect.
    ///
    /// - Parameter device: the device.
    /// - Throws: ``OpenCLBackendError/tuningRefused(kernel:status:)`` if CLBlast rejects them.
    static func apply(to device: Device) throws {
        guard device.isPoCL, device.types.contains(.cpu)
        else { return }
        try tunedDevices.withLock { tuned in
            guard !tuned.contains(device) else { return }
            for parameters in pocl {
                try apply(parameters, to: device)
            }
            tuned.insert(device)
        }
    }

    private static func apply(_ parameters: Parameters, to device: Device) throws {
        let names = parameters.values.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        var pointers = names.map { UnsafePointer($0) }
        let status = CLBlastOverrideParameters(
            device.handle, parameters.kernel, CLBlastPrecisionSingle, names.count, &pointers,
            parameters.values.map(\.value))
        guard status == CLBlastSuccess else {
            throw OpenCLBackendError.tuningRefused(
                kernel: parameters.kernel, status: status.rawValue)
        }
    }
}
