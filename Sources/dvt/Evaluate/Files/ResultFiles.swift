import DVTEvaluation
import DVTOutput
import DVTSupport
import DVTVision

/// Writes the files with the details of an evaluation.
struct ResultFiles {
    let predictions: RecordFile?
    let confusions: RecordFile?
    let classes: RecordFile?

    /// Writes each file atomically, also after an interruption, for the images evaluated until then.
    ///
    /// - Parameters:
    ///   - record: the results.
    ///   - set: the data set.
    ///   - labels: the names of the classes, or nil.
    /// - Throws: `FileError` if the system fails to write.
    func write(_ record: EvaluateRecord, _ set: LabeledImages, _ labels: ClassLabels?) throws {
        let tally = record.tally
        guard tally.images > 0 else {
            for file in [predictions, confusions, classes].compactMap({ $0 }) {
                printError("\(shown(file.path)): not written because no image was evaluated")
            }
            return
        }
        if let predictions {
            let rows = PredictionRecord(record: record, set: set, labels: labels)
            try predictions.write(rows.columns, rows: (0..<tally.images).lazy.map(rows.values))
            report(predictions, tally.images, "image")
        }
        if let confusions {
            let rows = ConfusionRecord(matrix: record.confusionMatrix, labels: labels)
            try confusions.write(rows.columns, rows: rows.values)
            report(confusions, rows.values.count, "pair")
        }
        if let classes {
            let rows = ClassRecord(
                summaries: record.classSummaries, matrix: record.confusionMatrix, labels: labels)
            try classes.write(rows.columns(exits: tally.exits), rows: rows.values)
            report(classes, rows.values.count, "class", "classes")
        }
    }

    private func report(_ file: RecordFile, _ count: Int, _ one: String, _ many: String? = nil) {
        printError("\(shown(file.path)): \(count) \(count == 1 ? one : many ?? one + "s")")
    }
}
