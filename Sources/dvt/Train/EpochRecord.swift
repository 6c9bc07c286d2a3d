import DVTCore
import DVTOutput
import DVTSupport
import DVTTraining

/// The results of one training epoch.
struct EpochRecord {
    /// The results of a pass over images, by exit.
    struct Measures {
        let losses: [Double]
        /// Top-1 accuracy, percent.
        let accuracies: [Double]
    }

    /// The epoch, from 0.
    let epoch: Int
    /// The part of its batches that ran, percent; below 100 where a time limit ended the run.
    let percent: Double
    /// The number of steps up to its end.
    let step: Int
    /// The learning rate at its end.
    let learningRate: Double
    let training: Measures
    /// On validation images, or nil if there are none.
    let validation: Measures?
    /// The training time so far, seconds.
    let seconds: Double
    let imagesPerSecond: Double
    let deviceName: String

    static func columns(exits: Int, validates: Bool) -> [OutputColumn] {
        let numbers = 1...exits
        var columns: [OutputColumn] = [
            .number("epoch", title: "Epoch", forPeople: OutputValue.oneBased),
            .number("epoch_percent", title: "Part, %", decimals: 0),
            OutputColumn("step", audience: .machines),
            .number("lr", title: "LR", forPeople: OutputValue.scientific),
        ]
        columns += numbers.map { .number("train_loss\($0 - 1)", title: "Loss \($0)", decimals: 3) }
        columns += numbers.map {
            .number("train_top1_\($0 - 1)", title: "Top-1 \($0)", decimals: 1)
        }
        if validates {
            columns += numbers.map {
                .number("eval_loss\($0 - 1)", title: "Eval loss \($0)", decimals: 3)
            }
            columns += numbers.map {
                .number("eval_top1_\($0 - 1)", title: "Eval top-1 \($0)", decimals: 2)
            }
        }
        return columns + [
            .number("seconds", title: "Seconds", decimals: 0),
            .number("samples_per_sec", title: "Images/s", decimals: 0),
            OutputColumn("device", audience: .machines),
        ]
    }

    /// The values, in the order of the columns.
    var values: [OutputValue] {
        var values: [OutputValue] = [
            .int(epoch), .double(percent), .int(step), .double(learningRate),
        ]
        for measures in [training, validation].compactMap({ $0 }) {
            values += measures.losses.map(OutputValue.double)
            values += measures.accuracies.map(OutputValue.double)
        }
        return values + [
            .double(seconds), .double(imagesPerSecond), .string(deviceName),
        ]
    }

    /// The record as a line of the log.
    var json: String {
        func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.double)) }
        var members: [(key: String, value: JSONValue)] = [
            ("epoch", .int(epoch)), ("epoch_percent", .double(percent)), ("step", .int(step)),
            ("lr", .double(learningRate)),
            ("train_loss", numbers(training.losses)),
            ("train_top1", numbers(training.accuracies)),
        ]
        if let validation {
            members += [
                ("eval_loss", numbers(validation.losses)),
                ("eval_top1", numbers(validation.accuracies)),
            ]
        }
        members += [
            ("seconds", .double(seconds)), ("samples_per_sec", .double(imagesPerSecond)),
            ("device", .string(deviceName)),
        ]
        return jsonObject(members)
    }
}

extension EpochRecord.Measures {
    init(_ tally: TrainingTally) {
        self.init(losses: tally.meanLosses, accuracies: tally.accuracies)
    }
}

extension EpochRecord {
    /// Parses a line of the log; nil if it is invalid.
    ///
    /// - Parameter line: a line written by ``json``.
    init?(json line: some Sequence<UInt8>) {
        guard case .object(let members) = try? JSONValue(parsing: Array(line)) else { return nil }
        func value(_ key: String) -> JSONValue? { members.first { $0.key == key }?.value }
        func number(_ key: String) -> Double? { value(key)?.number }
        func numbers(_ key: String) -> [Double]? {
            guard case .array(let elements) = value(key) else { return nil }
            let numbers = elements.compactMap(\.number)
            return numbers.count == elements.count && !numbers.isEmpty ? numbers : nil
        }
        func measures(_ name: String) -> Measures? {
            guard let losses = numbers("\(name)_loss"), let accuracies = numbers("\(name)_top1"),
                losses.count == accuracies.count
            else { return nil }
            return Measures(losses: losses, accuracies: accuracies)
        }
        guard let epoch = number("epoch"), let step = number("step"), let rate = number("lr"),
            let training = measures("train"), let seconds = number("seconds"),
            let speed = number("samples_per_sec"), case .string(let device) = value("device")
        else { return nil }
        // Logs of earlier versions have no parts.
        self.init(
            epoch: Int(epoch), percent: number("epoch_percent") ?? 100, step: Int(step),
            learningRate: rate, training: training,
            validation: measures("eval"), seconds: seconds, imagesPerSecond: speed,
            deviceName: device)
    }
}
