import DVTSupport
import DVTVision
import OpenCLRuntime

/// The folder of a synthetic data set, with its settings.
struct SceneFolder {
    let path: String
    let scenes: SyntheticScenes
    let split: SceneSplit
    let layout: SceneLayout

    private static let settingsName = "synthesis.json"

    /// Creates the folder, or checks that its settings are the same.
    ///
    /// - Throws: ``SynthesisError``, or the file system's error.
    func prepare() throws {
        try makeFolder(path, withParents: true)
        let names = FileTree().names(in: path)
        if names.contains(Self.settingsName) {
            guard try countThere() < split.count else { return }
        } else if !names.isEmpty {
            throw SynthesisError.foreignFiles(path: path)
        }
        let members = settings.map { (key: $0.key, value: $0.value) }
        try replaceFile(
            "\(path)/\(Self.settingsName)",
            with: jsonObject(members + [("count", .int(split.count))]) + "\n")
    }

    /// The image files still to be written.
    func missingFiles() -> [SceneFile] {
        layout.files(split).filter { file in
            let bytes = byteCount(of: "\(path)/\(file.name)") ?? 0
            return !layout.isWhole(file, byteCount: bytes)
        }
    }

    /// Writes the class names and `labels.csv` with each image's path, class and difficulty.
    ///
    /// - Throws: the file system's error.
    func finish() throws {
        let names = SyntheticScenes.labels.names
        try replaceFile(
            "\(path)/\(layout.classesName)", with: names.map { "\($0)\n" }.joined())
        var rows = [String](repeating: "", count: split.count)
        for file in layout.files(split) {
            for (record, index) in file.indices.enumerated() {
                let place = layout.place(of: record, in: file)
                let difficulty = decimalText(scenes.difficulty(index), decimals: 3)
                rows[index] = "\(place),\(names[scenes.label(index)]),\(difficulty)\n"
            }
        }
        try replaceFile(
            "\(path)/labels.csv", with: "path,label,difficulty\n" + rows.joined())
    }

    /// A description of the data set.
    var summary: String {
        let range = scenes.difficulty
        return """
            \(shown(path)): \(split.training.count) images for training and \
            \(split.validation.count) for validation, \(scenes.size) x \(scenes.size) pixels, \
            difficulty \(range.lowerBound)-\(range.upperBound), seed \(scenes.seed)
            """
    }

    /// The settings that must not change when a data set is extended.
    private var settings: [(key: String, option: String, value: JSONValue)] {
        let range = scenes.difficulty
        // JSON readers may round large integers.
        let seed = Int(exactly: scenes.seed).map(JSONValue.int) ?? .string("\(scenes.seed)")
        return [
            ("generator", "version", .int(SyntheticScenes.version)), ("seed", "--seed", seed),
            ("size", "--size", .int(scenes.size)),
            ("difficulty", "--difficulty", [.double(range.lowerBound), .double(range.upperBound)]),
            ("validation_share", "--validation-share", .double(split.validationShare)),
            ("layout", "--layout", .string(layout.rawValue)),
        ]
    }

    /// Checks the settings of the existing data set.
    ///
    /// - Returns: its number of images.
    /// - Throws: ``SynthesisError`` if the settings differ.
    private func countThere() throws -> Int {
        let file = "\(path)/\(Self.settingsName)"
        guard let text = FileTree().text(file),
            case .object(let members)? = try? JSONValue(parsing: Array(text.utf8)),
            case .int(let count)? = members.first(where: { $0.key == "count" })?.value
        else {
            throw SynthesisError.unreadableSettings(path: file)
        }
        for setting in settings {
            let there = members.first { $0.key == setting.key }?.value.jsonText
            guard there == setting.value.jsonText else {
                throw SynthesisError.otherSettings(
                    path: path, option: setting.option, there: there ?? "none",
                    given: setting.value.jsonText)
            }
        }
        guard count <= split.count else {
            throw SynthesisError.fewerImages(path: path, there: count, given: split.count)
        }
        return count
    }
}
