import COpenCL
import Glibc

/// The platforms and devices of this machine, discovered once per process.
///
/// PoCL 3.1 reports no devices to threads that race on the first `clGetDeviceIDs`; a global is
/// initialized by one thread while the others wait.
package struct Discovery: Sendable {
    /// A platform and its devices.
    package struct Entry: Sendable {
        package let platform: Platform
        package let devices: [Device]
        /// The error if the devices, or one of them, could not be queried.
        package let failure: OpenCLError?
    }

    /// The platforms, in the loader's order.
    package let platforms: [Entry]
    /// Why no platform was found.
    package let failure: OpenCLError?
    /// The environment variables set before the first OpenCL call.
    package let preparations: [Preparation]

    /// An environment variable set for the OpenCL loader or a driver.
    package struct Preparation: Equatable, Sendable {
        package let variable: String
        package let value: String
        package let reason: String
    }

    /// The discovery of this process.
    package static let shared = Discovery()

    /// Sets the environment variables of ``preparations`` for the whole process; no other thread
    /// may read the environment meanwhile.
    private init() {
        preparations = Self.preparations(environment: .process, drivers: VendorDrivers())
        for preparation in preparations {
            setenv(preparation.variable, preparation.value, 1)
        }
        do throws(OpenCLError) {
            platforms = try Self.platformHandles().compactMap(Self.entry)
            failure = platforms.isEmpty ? .noPlatform : nil
        } catch {
            platforms = []
            failure = error
        }
    }

    /// The platforms, or the error if there is none.
    func get() throws(OpenCLError) -> [Entry] {
        if let failure {
            throw failure
        }
        return platforms
    }

    /// The variables to set before the first call, when the loader and PoCL read them.
    package static func preparations(
        environment: EnvironmentVariables, drivers: VendorDrivers
    ) -> [Preparation] {
        var preparations: [Preparation] = []
        if environment["POCL_AFFINITY"] == nil {
            preparations.append(
                Preparation(
                    variable: "POCL_AFFINITY", value: "1",
                    reason: "PoCL's unpinned threads can share a core for the first launches"))
        }
        if let library = drivers.replacement {
            preparations.append(
                Preparation(
                    variable: "OCL_ICD_VENDORS", value: library,
                    reason: "no driver is registered in \(drivers.source); this one is installed"))
        }
        return preparations
    }

    private static func platformHandles() throws(OpenCLError) -> [Handle] {
        var count: cl_uint = 0
        let status = clGetPlatformIDs(0, nil, &count)
        guard status != CL_PLATFORM_NOT_FOUND_KHR else {
            throw .noPlatform
        }
        try check("clGetPlatformIDs", status)
        guard count > 0 else {
            return []
        }
        var handles = [cl_platform_id?](repeating: nil, count: Int(count))
        try check("clGetPlatformIDs", clGetPlatformIDs(count, &handles, nil))
        return handles.compactMap { $0.map(Handle.init) }
    }

    /// Isolates failing drivers: a platform without a name is dropped, one that fails to list its
    /// devices has none, and a device whose properties cannot be queried is dropped.
    private static func entry(_ id: Handle) -> Entry? {
        guard let platform = try? Platform(id: id) else {
            return nil
        }
        var devices: [Device] = []
        var failure: OpenCLError?
        do throws(OpenCLError) {
            for handle in try deviceHandles(id) {
                do throws(OpenCLError) {
                    devices.append(try Device(id: handle, platform: platform))
                } catch {
                    failure = error
                }
            }
        } catch {
            failure = error
        }
        return Entry(platform: platform, devices: devices, failure: failure)
    }

    private static func deviceHandles(_ platform: Handle) throws(OpenCLError) -> [Handle] {
        let every = cl_device_type(CL_DEVICE_TYPE_ALL)
        var count: cl_uint = 0
        let status = clGetDeviceIDs(platform.pointer, every, 0, nil, &count)
        // Mesa's Clover can be a platform without devices.
        guard status != CL_DEVICE_NOT_FOUND, count > 0 || status != CL_SUCCESS else {
            return []
        }
        try check("clGetDeviceIDs", status)
        var handles = [cl_device_id?](repeating: nil, count: Int(count))
        try check(
            "clGetDeviceIDs", clGetDeviceIDs(platform.pointer, every, count, &handles, nil))
        return handles.compactMap { $0.map(Handle.init) }
    }
}
