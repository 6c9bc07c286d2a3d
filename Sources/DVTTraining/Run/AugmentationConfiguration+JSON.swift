internal import DVTCore
internal import DVTModel
import DVTSupport

extension AugmentationConfiguration {
    /// The configuration of a preset.
    ///
    /// - Parameter name: `none`, `light` or `standard`; another name gives nil.
    package init?(preset name: String) {
        switch name {
        case "none": self = .none
        case "light": self = .light
        case "standard": self = .standard
        default: return nil
        }
    }

    /// Reads a configuration; missing entries keep the values of its `preset`, by default ``none``.
    init(reading reader: inout DescriptionReader) throws {
        let preset = try reader.string("preset") ?? "none"
        guard let named = Self(preset: preset) else {
            throw reader.fault("preset", "is \(quoted(preset)); it takes none, light or standard")
        }
        self = named
        try readCrop(&reader)
        flipProbability = try reader.number("hflip") ?? flipProbability
        if let magnitude = try reader.number("randaugment_magnitude") {
            let layers = try reader.int("randaugment_layers") ?? 2
            randAugment = magnitude > 0 ? RandAugment(layers: layers, magnitude: magnitude) : nil
        }
        if let probability = try reader.number("reprob") {
            erasing = probability > 0 ? RandomErasing(probability: probability) : nil
        }
        try readMixing(&reader)
        labelSmoothing = try reader.number("smoothing") ?? labelSmoothing
    }

    private mutating func readCrop(_ reader: inout DescriptionReader) throws {
        if let padding = try reader.int("crop_padding") { crop = .padded(padding) }
        // The reader returns float32; its shortest decimals are the numbers as written.
        guard let area = try reader.numbers("scale")?.compactMap({ Double("\($0)") }) else {
            return
        }
        guard area.count == 2, area[0] > 0, area[0] <= area[1], area[1] <= 1 else {
            throw reader.fault("scale", "takes two parts of the area, such as [0.08, 1]")
        }
        crop = .resized(area: area[0]...area[1])
    }

    private mutating func readMixing(_ reader: inout DescriptionReader) throws {
        let mixup = try reader.number("mixup") ?? mixing?.mixupAlpha ?? 0
        let cutmix = try reader.number("cutmix") ?? mixing?.cutmixAlpha ?? 0
        let probability = try reader.number("mixup_prob") ?? mixing?.probability ?? 1
        mixing =
            mixup > 0 || cutmix > 0
            ? BatchMixing(mixupAlpha: mixup, cutmixAlpha: cutmix, probability: probability) : nil
    }

    var members: [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = []
        switch crop {
        case .center: break
        case .padded(let padding): members.append(("crop_padding", .int(padding)))
        case .resized(let area, _):
            members.append(("scale", [.double(area.lowerBound), .double(area.upperBound)]))
        }
        members.append(("hflip", .double(flipProbability)))
        if let randAugment {
            members += [
                ("randaugment_magnitude", .double(randAugment.magnitude)),
                ("randaugment_layers", .int(randAugment.layers)),
            ]
        }
        if let erasing { members.append(("reprob", .double(erasing.probability))) }
        if let mixing {
            members += [
                ("mixup", .double(mixing.mixupAlpha)), ("cutmix", .double(mixing.cutmixAlpha)),
                ("mixup_prob", .double(mixing.probability)),
            ]
        }
        members.append(("smoothing", .double(labelSmoothing)))
        return members
    }
}
