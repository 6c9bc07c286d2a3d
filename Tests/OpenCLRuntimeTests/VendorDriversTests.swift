import Testing

@testable import OpenCLRuntime

struct VendorDriversTests {
    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
    }

    private func drivers(_ variables: [String: String] = [:]) -> VendorDrivers {
        VendorDrivers(
            files: FileTree(root: root.path), environment: EnvironmentVariables(variables))
    }

    @Test
    func readsRegistrations() throws {
        try root.write("etc/OpenCL/vendors/pocl.icd", "/usr/lib/libpocl.so.2\n")
        try root.write("etc/OpenCL/vendors/nvidia.icd", " libnvidia-opencl.so.1 ")
        try root.write("etc/OpenCL/vendors/empty.icd", "")
        try root.write("etc/OpenCL/vendors/README", "not a driver")
        let folder = "/etc/OpenCL/vendors"
        #expect(
            drivers().registrations == [
                .init(path: "\(folder)/empty.icd", library: ""),
                .init(path: "\(folder)/nvidia.icd", library: "libnvidia-opencl.so.1"),
                .init(path: "\(folder)/pocl.icd", library: "/usr/lib/libpocl.so.2"),
            ])
    }

    @Test
    func readsRegistrationsNamedByTheVariable() throws {
        try root.write("mine/a.icd", "liba.so")
        let expected = [VendorDrivers.Registration(path: "/mine/a.icd", library: "liba.so")]
        for source in ["/mine", "/mine/", "/mine/a.icd"] {
            #expect(drivers(["OCL_ICD_VENDORS": source]).registrations == expected)
        }
        #expect(
            drivers(["OCL_ICD_VENDORS": "/x/liba.so.1"]).registrations == [
                .init(path: "/x/liba.so.1", library: "/x/liba.so.1")
            ])
    }

    @Test
    func bareMachinesHaveNoDrivers() {
        #expect(drivers().registrations.isEmpty)
        #expect(drivers().replacement == nil)
    }

    @Test(
        arguments: [
            ("usr/lib/x86_64-linux-gnu/libnvidia-opencl.so.1", [:]),
            ("usr/local/nvidia/lib64/libnvidia-opencl.so.1", [:]),
            ("opt/rocm/lib/libamdocl64.so", [:]),
            ("usr/lib/x86_64-linux-gnu/intel-opencl/libigdrcl.so", [:]),
            ("mine/libamdocl64.so", ["LD_LIBRARY_PATH": "/other:/mine"]),
        ] as [(String, [String: String])])
    func findsALibraryWithoutARegistration(
        path: String, variables: [String: String]
    ) throws {
        try root.write(path)
        #expect(drivers(variables).replacement == "/\(path)")
    }

    @Test
    func findsALibraryInTheDynamicLoadersFolders() throws {
        try root.write("etc/ld.so.conf.d/gpu.conf", "# comment\n/opt/gpu/lib\n")
        try root.write("opt/gpu/lib/libnvidia-opencl.so.1")
        #expect(drivers().replacement == "/opt/gpu/lib/libnvidia-opencl.so.1")
    }

    @Test
    func workingRegistrationsAreKept() throws {
        try root.write("usr/lib/libnvidia-opencl.so.1")
        try root.write("etc/OpenCL/vendors/pocl.icd", "libpocl.so.2\n")
        #expect(drivers().replacement == "/usr/lib/libnvidia-opencl.so.1")
        try root.write("usr/lib/x86_64-linux-gnu/libpocl.so.2")
        #expect(drivers().replacement == nil)
    }

    @Test
    func theUsersChoiceIsKept() throws {
        try root.write("usr/lib/libnvidia-opencl.so.1")
        #expect(drivers(["OCL_ICD_VENDORS": "/nowhere"]).replacement == nil)
    }

    @Test
    func preparationsRespectTheUsersChoice() throws {
        try root.write("usr/lib/libnvidia-opencl.so.1")
        func preparations(_ variables: [String: String]) -> [String: String] {
            let list = Discovery.preparations(
                environment: EnvironmentVariables(variables), drivers: drivers(variables))
            return Dictionary(uniqueKeysWithValues: list.map { ($0.variable, $0.value) })
        }
        #expect(
            preparations([:]) == [
                "POCL_AFFINITY": "1", "OCL_ICD_VENDORS": "/usr/lib/libnvidia-opencl.so.1",
            ])
        #expect(preparations(["POCL_AFFINITY": "0", "OCL_ICD_VENDORS": "/x"]).isEmpty)
    }
}
