/// A device's name, platform and kind, which identify it to a user.
public struct DeviceSummary: Equatable, Sendable, CustomStringConvertible {
    /// The device's name.
    public let name: String
    /// The platform's name.
    public let platformName: String
    /// The kinds of device it reports to be.
    package let types: DeviceTypes

    /// Creates a summary.
    ///
    /// - Parameters:
    ///   - name: the device's name.
    ///   - platformName: the platform's name.
    ///   - types: the kinds of device it reports to be.
    package init(name: String, platformName: String, types: DeviceTypes) {
        self.name = name
        self.platformName = platformName
        self.types = types
    }

    /// The name, followed by kind and platform in parentheses.
    public var description: String {
        "\(name) (\(types), \(platformName))"
    }
}

/// A choice among a machine's OpenCL devices.
///
/// There is no fallback: `gpu` on a machine without a GPU is an error that lists the devices.
public enum DeviceSelector: Equatable, Sendable {
    /// The first GPU, or the first device if there is no GPU.
    case automatic
    /// The device with this number, counted from 0 over all platforms.
    case index(Int)
    /// The first GPU.
    case gpu
    /// The first CPU.
    case cpu
    /// The device whose name or platform name contains this text, ignoring case.
    case name(String)

    /// Parses a selector.
    ///
    /// - Parameter text: a number, `gpu`, `cpu` or part of a name; nil, an empty text and `auto`
    ///   mean ``automatic``.
    public init(_ text: String?) {
        let text = trimmed(text ?? "")
        switch text.lowercased() {
        case "", "auto": self = .automatic
        case "gpu": self = .gpu
        case "cpu": self = .cpu
        default: self = Int(text).map(Self.index) ?? .name(text)
        }
    }

    /// Finds the selected device in a list.
    ///
    /// - Parameter devices: all devices, in order.
    /// - Returns: the index of the selected device.
    /// - Throws: ``OpenCLError/noDevice(selector:available:)`` or
    ///   ``OpenCLError/ambiguousDevice(selector:candidates:)``.
    package func index(in devices: [DeviceSummary]) throws(OpenCLError) -> Int {
        let gpu = devices.firstIndex { $0.types.contains(.gpu) }
        let found: Int?
        switch self {
        case .automatic: found = gpu ?? devices.indices.first
        case .index(let index): found = devices.indices.contains(index) ? index : nil
        case .gpu: found = gpu
        case .cpu: found = devices.firstIndex { $0.types.contains(.cpu) }
        case .name(let name): found = try Self.index(of: name, in: devices)
        }
        guard let found else {
            throw .noDevice(
                selector: description,
                available: devices.indices.map { Self.label($0, devices[$0]) })
        }
        return found
    }

    /// Finds the selected device of this machine.
    ///
    /// - Returns: the device.
    /// - Throws: ``OpenCLError/noPlatform`` if no driver is installed, and ``OpenCLError`` if no device
    ///   or more than one matches.
    public func device() throws(OpenCLError) -> Device {
        let devices = try Device.all()
        return devices[try index(in: devices.map(\.summary))]
    }

    /// An exact match takes precedence over partial ones: a device whose name is a prefix of
    /// another's can still be selected.
    private static func index(
        of name: String, in devices: [DeviceSummary]
    ) throws(OpenCLError) -> Int? {
        let wanted = name.lowercased()
        let exact = devices.indices.filter { devices[$0].name.lowercased() == wanted }
        let partial = devices.indices.filter {
            let device = devices[$0]
            return device.name.lowercased().contains(wanted)
                || device.platformName.lowercased().contains(wanted)
        }
        let matches = exact.isEmpty ? partial : exact
        guard matches.count < 2 else {
            throw .ambiguousDevice(
                selector: name, candidates: matches.map { label($0, devices[$0]) })
        }
        return matches.first
    }

    private static func label(_ index: Int, _ device: DeviceSummary) -> String {
        "\(index) = \(device)"
    }
}

extension DeviceSelector: CustomStringConvertible {
    /// The text that ``init(_:)`` parses to this selector.
    public var description: String {
        switch self {
        case .automatic: "auto"
        case .index(let index): String(index)
        case .gpu: "gpu"
        case .cpu: "cpu"
        case .name(let name): name
        }
    }
}
