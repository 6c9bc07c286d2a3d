/// A failed OpenCL call, a program that the device compiler refused, or a device that is not there.
public enum OpenCLError: Error, Equatable, Sendable {
    /// No OpenCL driver is installed, or none can be loaded.
    case noPlatform
    /// No device answers to `selector`; `available` describes those that are there.
    case noDevice(selector: String, available: [String])
    /// Several devices answer to `selector`.
    case ambiguousDevice(selector: String, candidates: [String])
    /// `function` returned `status`.
    case callFailed(function: String, status: Int32)
    /// `program` did not build with `options`; `log` is the device compiler's output, whole.
    case buildFailed(program: String, options: String, log: String)
    /// `program` has no kernel of this name; `available` lists those it has.
    case kernelNotFound(kernel: String, program: String, available: [String])
    /// A buffer of `byteCount` bytes was asked of a device that allows `limit`.
    case bufferTooLarge(byteCount: Int, limit: Int)
    /// A transfer reaches outside a buffer.
    case outsideBuffer(offset: Int, byteCount: Int, bufferByteCount: Int)
    /// A kernel takes `expected` arguments and was given `given`.
    case argumentCount(kernel: String, expected: Int, given: Int)
    /// The driver refused one argument of a kernel.
    case argumentRefused(kernel: String, index: Int, argument: String, status: Int32)
    /// A launch has `global` and `local` sizes that do not go together.
    case workSize(kernel: String, global: [Int], local: [Int])
    /// A work-group of `local` work-items is more than `limit`, the kernel's or the device's.
    case workGroupTooLarge(kernel: String, local: [Int], limit: [Int])
    /// The kernel was compiled for work-groups of `required` work-items only.
    case workGroupFixed(kernel: String, local: [Int], required: [Int])
}

extension OpenCLError: CustomStringConvertible {
    /// One line that says what happened and what to do; for a failed build, the log follows it.
    public var description: String {
        switch self {
        case .noPlatform, .noDevice, .ambiguousDevice:
            deviceDescription
        case .callFailed(let function, let status):
            "\(function) returned \(Self.explain(status))"
        case .buildFailed(let program, let options, let log):
            "program '\(program)' did not build with options '\(options)'; "
                + (log.isEmpty ? "the device compiler gave no log" : "its log follows\n\(log)")
        case .kernelNotFound(let kernel, let program, let available):
            "program '\(program)' has no kernel '\(kernel)'; it has "
                + (available.isEmpty ? "none" : available.joined(separator: ", "))
        case .bufferTooLarge(let byteCount, let limit):
            "a buffer of \(byteCount) bytes is more than the \(limit) that the device allows; "
                + "use a smaller batch"
        case .outsideBuffer(let offset, let byteCount, let bufferByteCount):
            "\(byteCount) bytes at offset \(offset) reach outside a buffer of "
                + "\(bufferByteCount) bytes"
        case .argumentCount, .argumentRefused, .workSize, .workGroupTooLarge, .workGroupFixed:
            launchDescription
        }
    }

    private var deviceDescription: String {
        switch self {
        case .noDevice(let selector, let available):
            "no OpenCL device answers to '\(selector)'; "
                + (available.isEmpty
                    ? "no platform offers any" : "there are: \(available.joined(separator: "; "))")
        case .ambiguousDevice(let selector, let candidates):
            "'\(selector)' names several OpenCL devices, choose one by its number: "
                + candidates.joined(separator: "; ")
        default:
            "no OpenCL platform found; install a driver (Debian: pocl-opencl-icd for the CPU, "
                + "nvidia-opencl-icd, mesa-opencl-icd or intel-opencl-icd for a GPU)"
        }
    }

    private var launchDescription: String {
        switch self {
        case .argumentCount(let kernel, let expected, let given):
            "kernel '\(kernel)' takes \(expected) arguments and was given \(given)"
        case .argumentRefused(let kernel, let index, let argument, let status):
            "argument \(index) of kernel '\(kernel)' (\(argument)) was refused: "
                + Self.explain(status)
        case .workSize(let kernel, let global, let local):
            "kernel '\(kernel)' cannot run over \(global) work-items in groups of \(local); both "
                + "need the same 1 to 3 dimensions, and groups at least 1 work-item in each"
        case .workGroupTooLarge(let kernel, let local, let limit):
            "groups of \(local) work-items are more than the \(limit) that kernel '\(kernel)' "
                + "can have on this device"
        case .workGroupFixed(let kernel, let local, let required):
            "kernel '\(kernel)' was compiled for groups of \(required) work-items and was given "
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
