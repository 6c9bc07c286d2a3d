import DVTCore
import DVTOutput
import DVTTraining

/// What one epoch of training came to.
struct EpochRecord {
    let epoch: Int
    let step: Int
    let learningRate: Double
    let training: TrainingTally
    /// On pictures that are not trained on, or nil where there are none.
    let validation: TrainingTally?
    /// The time spent on training so far, seconds.
    let seconds: Double
    let imagesPerSecond: Double
    let deviceName: String

    /// The columns of a record.
    static func columns(exits: Int, validates: Bool) -> [OutputColumn] {
        let numbers = 1...exits
        var columns: [OutputColumn] = [
            .number("epoch", title: "Epoch"), OutputColumn("step", audience: .machines),
            .number("lr", title: "Rate", forPeople: OutputValue.scientific),
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

    /// The record's values, in the order of the columns.
    var values: [OutputValue] {
        var values: [OutputValue] = [.int(epoch + 1), .int(step), .double(learningRate)]
        for tally in [training, validation].compactMap({ $0 }) {
            values += tally.meanLosses.map(OutputValue.double)
            values += tally.accuracies.map(OutputValue.double)
        }
        return values + [
            .double(seconds), .double(imagesPerSecond), .string(deviceName),
        ]
    }

    /// The record as a line of the run's log.
    var json: String {
        func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.double)) }
        var members: [(key: String, value: JSONValue)] = [
            ("epoch", .int(epoch)), ("step", .int(step)), ("lr", .double(learningRate)),
            ("train_loss", numbers(training.meanLosses)),
            ("train_top1", numbers(training.accuracies)),
        ]
        if let validation {
            members += [
                ("eval_loss", numbers(validation.meanLosses)),
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
