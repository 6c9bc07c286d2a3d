/// The GPU vendors whose OpenCL drivers are recognized, by PCI vendor ID.
package enum GPUVendor: UInt32, CaseIterable, Sendable {
    case nvidia = 0x10de
    case amd = 0x1002
    case intel = 0x8086

    /// The vendor's name.
    package var name: String {
        switch self {
        case .nvidia: "NVIDIA"
        case .amd: "AMD"
        case .intel: "Intel"
        }
    }

    /// The Debian packages that contain a driver.
    package var packages: String {
        switch self {
        case .nvidia: "nvidia-opencl-icd"
        case .amd: "rocm-opencl-icd or mesa-opencl-icd"
        case .intel: "intel-opencl-icd"
        }
    }

    /// The driver's library, without its folder.
    var library: String {
        switch self {
        case .nvidia: "libnvidia-opencl.so.1"
        case .amd: "libamdocl64.so"
        case .intel: "libigdrcl.so"
        }
    }

    /// The usual name of the `.icd` file that registers the library.
    var registrationName: String {
        switch self {
        case .nvidia: "nvidia.icd"
        case .amd: "amdocl64.icd"
        case .intel: "intel.icd"
        }
    }
}

/// A GPU known to the operating system, with or without an OpenCL driver.
package struct GPUHardware: Equatable, Sendable {
    /// The vendor.
    package let vendor: GPUVendor
    /// The path at which it was found.
    package let location: String
    /// Why it cannot be used, or nil if no problem was found.
    package let problem: String?

    /// The GPUs listed in `/dev`, `/proc` and `/sys` of a file system.
    package static func all(in files: FileTree) -> [GPUHardware] {
        nvidia(in: files) + cards(in: files).filter { $0.vendor != .nvidia }
    }

    /// NVIDIA GPUs, found by the driver's own files; containers often have no others.
    private static func nvidia(in files: FileTree) -> [GPUHardware] {
        let module = "/proc/driver/nvidia/version"
        let devices = files.names(in: "/dev")
            .filter { isNumbered($0, after: "nvidia") }.map { "/dev/\($0)" }
        guard devices.isEmpty else {
            return devices.map { device in
                let problem =
                    files.isUsable(device) ? nil : "this user lacks permission to open \(device)"
                return GPUHardware(vendor: .nvidia, location: device, problem: problem)
            }
        }
        if files.exists(module) {
            return [
                GPUHardware(
                    vendor: .nvidia, location: module,
                    problem: "the kernel driver is loaded, but there is no /dev/nvidia0; a "
                        + "container must be started with its GPUs (docker run --gpus all)")
            ]
        }
        return cards(in: files).filter { $0.vendor == .nvidia }.map { card in
            GPUHardware(
                vendor: .nvidia, location: card.location,
                problem: "NVIDIA's kernel driver is not loaded; install nvidia-driver")
        }
    }

    /// The graphics cards of all vendors, checked for render nodes that can be opened.
    private static func cards(in files: FileTree) -> [GPUHardware] {
        let folder = "/sys/class/drm"
        let cards = files.names(in: folder).filter { isNumbered($0, after: "card") }
        return cards.compactMap { card in
            let location = "\(folder)/\(card)"
            guard let text = files.lines("\(location)/device/vendor").first, text.hasPrefix("0x"),
                let vendor = UInt32(text.dropFirst(2), radix: 16).flatMap(GPUVendor.init)
            else {
                return nil
            }
            let problem = renderNodeProblem(location, in: files)
            return GPUHardware(vendor: vendor, location: location, problem: problem)
        }
    }

    private static func renderNodeProblem(_ card: String, in files: FileTree) -> String? {
        let names = files.names(in: "\(card)/device/drm").filter { $0.hasPrefix("renderD") }
        guard let name = names.first else {
            return nil
        }
        let node = "/dev/dri/\(name)"
        if !files.exists(node) {
            return "there is no \(node); in a container, pass it (docker run --device \(node))"
        }
        return files.isUsable(node)
            ? nil
            : "this user lacks permission to open \(node); add the user to group render"
    }

    /// Whether a name is a prefix and a number: card0, but not card0-HDMI-A-1.
    private static func isNumbered(_ name: String, after prefix: String) -> Bool {
        name.hasPrefix(prefix) && UInt32(name.dropFirst(prefix.count)) != nil
    }
}
