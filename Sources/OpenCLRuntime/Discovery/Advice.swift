/// Instructions for making missing OpenCL devices available.
struct Advice {
    let drivers: [OpenCLReport.Driver]
    let hardware: [GPUHardware]
    let platforms: [Discovery.Entry]
    /// Vendor libraries that are installed but not named by any `.icd` file.
    let unregistered: [String]
    /// The value of `OCL_ICD_VENDORS`, if the user set it.
    let userSource: String?

    /// One line per instruction.
    var lines: [String] {
        driverLines + hardwareLines + noDeviceLines
    }

    private var devices: [Device] {
        platforms.flatMap(\.devices)
    }

    private var driverLines: [String] {
        let broken = drivers.compactMap { driver in
            driver.problem.map { "\(driver.path) names a driver that does not load: \($0)" }
        }
        if let userSource, drivers.isEmpty {
            return ["OCL_ICD_VENDORS is set to \(userSource), which holds no driver; unset it"]
        }
        return broken
    }

    private var hardwareLines: [String] {
        let problems = hardware.compactMap { gpu in
            gpu.problem.map { "\(gpu.vendor.name) GPU at \(gpu.location): \($0)" }
        }
        let drivers = GPUVendor.allCases.filter(lacksDriver).map(driverLine)
        return problems + drivers
    }

    /// Whether a vendor's GPU is present and usable, but OpenCL lists none of that vendor.
    private func lacksDriver(_ vendor: GPUVendor) -> Bool {
        hardware.contains { $0.vendor == vendor && $0.problem == nil }
            && !devices.contains { $0.vendorID == vendor.rawValue && $0.types.contains(.gpu) }
    }

    private func driverLine(_ vendor: GPUVendor) -> String {
        if let library = unregistered.first(where: { fileName($0) == vendor.library }) {
            let file = "/etc/OpenCL/vendors/\(vendor.registrationName)"
            return "\(vendor.name)'s driver is installed but not registered: "
                + "echo \(library) > \(file)"
        }
        return "\(vendor.name) GPU without an OpenCL driver: install \(vendor.packages)"
    }

    private var noDeviceLines: [String] {
        devices.isEmpty
            ? ["no OpenCL device: to run on the CPU, install pocl-opencl-icd"] : []
    }
}
