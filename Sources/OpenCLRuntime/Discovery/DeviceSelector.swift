/// What a person needs to tell a device from others.
public struct DeviceSummary: Equatable, Sendable, CustomStringConvertible {
    /// The device's name.
    public let name: String
    /// Its platform's name.
    public let platformName: String
    /// Whether it is a GPU, a CPU or something else.
    public let types: DeviceTypes

    /// Creates a summary.
    ///
    /// - Parameters:
    ///   - name: the device's name.
    ///   - platformName: its platform's name.
    ///   - types: its kinds.
    public init(name: String, platformName: String, types: DeviceTypes) {
        self.name = name
        self.platformName = platformName
        self.types = types
    }

    /// The name, with kind and platform in brackets.
    public var description: String {
        "\(name) (\(types), \(platformName))"
    }
}

/// Which of a machine's OpenCL devices to use.
///
/// Nothing falls back: `gpu` on a machine without one is an error that says what there is.
public enum DeviceSelector: Equatable, Sendable {
    /// The first GPU, or without one the first device.
    case automatic
    /// The device of this number, counted over all platforms from 0.
    case index(Int)
    /// The first GPU.
    case gpu
    /// The first CPU.
    case cpu
    /// The device whose name, or whose platform's name, is or holds this text, in any case.
    case name(String)

    /// Reads a selector as people write it.
    ///
    /// - Parameter text: a number, `gpu`, `cpu` or part of a name; nil, an empty text and `auto`
    ///   leave the choice to the program.
    public init(_ text: String?) {
        let text = trimmed(text ?? "")
        switch text.lowercased() {
        case "", "auto": self = .automatic
        case "gpu": self = .gpu
        case "cpu": self = .cpu
        default: self = Int(text).map(Self.index) ?? .name(text)
        }
    }

    /// Finds the device in a list.
    ///
    /// - Parameter devices: all devices, in order.
    /// - Returns: the index of the one that is meant.
    /// - Throws: ``OpenCLError/noDevice(selector:available:)`` or
    ///   ``OpenCLError/ambiguousDevice(selector:candidates:)``; both list devices.
    public func index(in devices: [DeviceSummary]) throws(OpenCLError) -> Int {
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

    /// Finds the device among this machine's.
    ///
    /// - Returns: the device.
    /// - Throws: ``OpenCLError/noPlatform`` if no driver is there, else as ``index(in:)``.
    public func device() throws(OpenCLError) -> Device {
        let devices = try Device.all()
        return devices[try index(in: devices.map(\.summary))]
    }

    /// A whole name wins over part of another, so that a device whose name begins another's can
    /// still be named.
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
    /// The selector as people write it.
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
