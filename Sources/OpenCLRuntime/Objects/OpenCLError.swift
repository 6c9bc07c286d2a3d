/// A failed OpenCL call, a program that did not build, or a device that was not found.
public enum OpenCLError: Error, Equatable, Sendable {
    /// No OpenCL driver is installed, or none can be loaded.
    case noPlatform
    /// No device matches `selector`; `available` describes the devices of this machine.
    case noDevice(selector: String, available: [String])
    /// Several devices match `selector`.
    case ambiguousDevice(selector: String, candidates: [String])
    /// `function` returned `status`.
    case callFailed(function: String, status: Int32)
    /// `program` did not build with `options`; `log` is the device compiler's complete output.
    case buildFailed(program: String, options: String, log: String)
    /// `program` has no kernel of this name; `available` lists its kernels.
    case kernelNotFound(kernel: String, program: String, available: [String])
    /// A buffer of `byteCount` bytes exceeds the device's limit of `limit` bytes.
    case bufferTooLarge(byteCount: Int, limit: Int)
    /// A transfer exceeds the bounds of a buffer.
    case outsideBuffer(offset: Int, byteCount: Int, bufferByteCount: Int)
    /// A kernel with `expected` parameters received `given` arguments.
    case argumentCount(kernel: String, expected: Int, given: Int)
    /// The driver rejected an argument of a kernel.
    case argumentRefused(kernel: String, index: Int, argument: String, status: Int32)
    /// The `global` and `local` sizes of a launch are inconsistent.
    case workSize(kernel: String, global: [Int], local: [Int])
    /// A work-group of `local` work-items exceeds the limit of the kernel or the device.
    case workGroupTooLarge(kernel: String, local: [Int], limit: [Int])
    /// The kernel was compiled for work-groups of exactly `required` work-items.
    case workGroupFixed(kernel: String, local: [Int], required: [Int])
}

extension OpenCLError: CustomStringConvertible {
    /// One line with the problem and the remedy; the log of a failed build follows.
    public var description: String {
        switch self {
        case .noPlatform, .noDevice, .ambiguousDevice:
            deviceDescription
        case .callFailed(let function, let status):
            "\(function) returned \(Self.explain(status))"
        case .buildFailed(let program, let options, let log):
            "program '\(program)' did not build with options '\(options)'; "
                + (log.isEmpty ? "the device compiler wrote no log" : "the log follows\n\(log)")
        case .kernelNotFound(let kernel, let program, let available):
            "program '\(program)' has no kernel '\(kernel)'; it has "
                + (available.isEmpty ? "none" : available.joined(separator: ", "))
        case .bufferTooLarge(let byteCount, let limit):
            "a buffer of \(byteCount) bytes exceeds the device's limit of \(limit); "
                + "use a smaller batch"
        case .outsideBuffer(let offset, let byteCount, let bufferByteCount):
            "\(byteCount) bytes at offset \(offset) exceed the bounds of a buffer of "
                + "\(bufferByteCount) bytes"
        case .argumentCount, .argumentRefused, .workSize, .workGroupTooLarge, .workGroupFixed:
            launchDescription
        }
    }

    private var deviceDescription: String {
        switch self {
        case .noDevice(let selector, let available):
            "no OpenCL device matches '\(selector)'; "
                + (available.isEmpty
                    ? "no platform has a device"
                    : "available: \(available.joined(separator: "; "))")
        case .ambiguousDevice(let selector, let candidates):
            "'\(selector)' matches several OpenCL devices, select one by its number: "
                + candidates.joined(separator: "; ")
        default:
            "no OpenCL platform found; install a driver (Debian: pocl-opencl-icd for the CPU, "
                + "nvidia-opencl-icd, mesa-opencl-icd or intel-opencl-icd for a GPU)"
        }
    }

    private var launchDescription: String {
        switch self {
        case .argumentCount(let kernel, let expected, let given):
            "kernel '\(kernel)' takes \(expected) arguments, but received \(given)"
        case .argumentRefused(let kernel, let index, let argument, let status):
            "argument \(index) of kernel '\(kernel)' (\(argument)) was rejected: "
                + Self.explain(status)
        case .workSize(let kernel, let global, let local):
            "kernel '\(kernel)' cannot run over \(global) work-items in groups of \(local); both "
                + "need the same 1 to 3 dimensions, and groups at least 1 work-item along each"
        case .workGroupTooLarge(let kernel, let local, let limit):
            "groups of \(local) work-items exceed the limit of \(limit) for kernel '\(kernel)' "
                + "on this device"
        case .workGroupFixed(let kernel, let local, let required):
            "kernel '\(kernel)' was compiled for groups of \(required) work-items, but received "
                + "\(local)"
        default:
            ""
        }
    }

    private static func explain(_ status: Int32) -> String {
        let name = "\(OpenCLStatus.name(status)) (\(status))"
        return OpenCLStatus.remedy(status).map { "\(name): \($0)" } ?? name
    }
}
