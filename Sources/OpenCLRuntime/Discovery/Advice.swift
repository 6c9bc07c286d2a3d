/// What a person can do to give a machine the OpenCL devices it could have.
struct Advice {
    let drivers: [OpenCLReport.Driver]
    let hardware: [GPUHardware]
    let platforms: [Discovery.Entry]
    /// Makers' libraries that are there and that no `.icd` file names.
    let unregistered: [String]
    /// Where the user told the loader to look.
    let userSource: String?

    /// One line for each thing to do.
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
            return ["OCL_ICD_VENDORS is set to \(userSource), where no driver is; unset it"]
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

    /// Whether a maker's GPU shows and could be used, and OpenCL has none of the maker's.
    private func lacksDriver(_ vendor: GPUVendor) -> Bool {
        hardware.contains { $0.vendor == vendor && $0.problem == nil }
            && !devices.contains { $0.vendorID == vendor.rawValue && $0.types.contains(.gpu) }
    }

    private func driverLine(_ vendor: GPUVendor) -> String {
        if let library = unregistered.first(where: { fileName($0) == vendor.library }) {
            let file = "/etc/OpenCL/vendors/\(vendor.registrationName)"
            return "\(vendor.name)'s driver is there but not registered: echo \(library) > \(file)"
        }
        return "\(vendor.name) GPU without an OpenCL driver: install \(vendor.packages)"
    }

    private var noDeviceLines: [String] {
        devices.isEmpty
            ? ["no OpenCL device: to run on the CPU, install pocl-opencl-icd"] : []
    }
}
