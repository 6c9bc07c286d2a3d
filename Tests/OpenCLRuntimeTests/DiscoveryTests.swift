import Testing

@testable import OpenCLRuntime

@Suite(.needsDevice)
struct DiscoveryTests {
    /// PoCL 3.1 reports no device to threads that race on the first query.
    @Test
    func concurrentTasksSeeTheSameDevices() async throws {
        let expected = try Device.all()
        #expect(!expected.isEmpty)
        try await withThrowingTaskGroup(of: [Device].self) { group in
            for _ in 0..<64 {
                group.addTask { try Device.all() }
            }
            for try await devices in group {
                #expect(devices == expected)
            }
        }
    }

    @Test
    func platformsListTheirDevices() throws {
        let platforms = try Platform.all()
        #expect(platforms.flatMap(\.devices) == (try Device.all()))
        for platform in platforms {
            #expect(platform.devices.allSatisfy { $0.platform == platform })
            #expect(platform.version.hasPrefix("OpenCL "))
            #expect(!platform.name.isEmpty && !platform.vendor.isEmpty)
        }
    }

    @Test
    func devicesDescribeThemselves() throws {
        for device in try Device.all() {
            #expect(!device.name.isEmpty)
            #expect(device.version.hasPrefix("OpenCL "))
            #expect(device.openCLCVersion.hasPrefix("OpenCL C "))
            #expect(!device.types.isEmpty)
            #expect(device.computeUnits > 0)
            #expect(device.globalMemoryBytes >= device.maxAllocationBytes)
            #expect(device.maxAllocationBytes > 1 << 20)
            #expect(device.localMemoryBytes >= 16 << 10)
            #expect(device.maxWorkGroupSize > 0)
            #expect(device.maxWorkItemSizes.count >= 3)
            #expect((1...4096).contains(device.memoryBaseAlignmentBytes))
            #expect(device.extensions.contains("cl_khr_global_int32_base_atomics"))
        }
    }

    @Test
    func selectorsFindDevices() throws {
        let devices = try Device.all()
        #expect(try DeviceSelector.index(0).device() == devices[0])
        #expect(throws: OpenCLError.self) {
            try DeviceSelector.index(devices.count).device()
        }
    }
}
