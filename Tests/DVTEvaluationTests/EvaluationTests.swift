import DVTCore
import DVTEvaluation
import DVTModel
import DVTSupport
import Foundation
import Testing

@Suite struct EvaluationTallyTests {
    @Test func countsRanksAndConfidences() {
        var tally = EvaluationTally(exits: 2)
        tally.add([[0.1, 0.6, 0.3], [0.7, 0.2, 0.1]], label: 2)
        // Equally probable classes are ordered by their number.
        tally.add([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]], label: 1)
        #expect(tally.images == 2 && tally.exits == 2 && tally.labels == [2, 1])
        #expect(tally.ranks == [[1, 1], [2, 0]])
        #expect(tally.predictions == [[1, 0], [0, 1]])
        #expect(tally.confidences == [[0.6, 0.4], [0.7, 0.4]])
        #expect(tally.accuracy(top: 1, exit: 0) == 0 && tally.accuracy(top: 2, exit: 0) == 100)
        #expect(tally.accuracy(top: 1, exit: 1) == 50)
        #expect(tally.scores.isCorrect == [[false, false], [false, true]])
        #expect(EvaluationTally(exits: 1).accuracy(top: 1, exit: 0) == 0)
    }

    @Test func otherCriteriaAreScored() {
        var tally = EvaluationTally(exits: 1, scoring: ExitScoring(criterion: .margin))
        tally.add([[0.125, 0.625, 0.25]], label: 1)
        #expect(tally.decidingScores == [[0.375]] && tally.scores.scores == [[0.375]])
        #expect(tally.confidences == [[0.625]])
    }

    @Test func manyClassesBeforeTheLabelAreCapped() {
        var tally = EvaluationTally(exits: 1)
        var row = [Float](repeating: 1, count: 1000)
        row[999] = 0
        tally.add([row[...]], label: 999)
        #expect(tally.ranks == [[255]])
        #expect(tally.accuracy(top: 5, exit: 0) == 0)
    }

    @Test func softmaxRowsSumToOne() {
        let rows = Tensor([2, 2], values: [0, 0, 1000, 1000]).softmaxRows
        #expect(rows == [0.5, 0.5, 0.5, 0.5])
    }
}

@Suite struct CollectedOutputsTests {
    private func data(heldOutEvery: Int) throws -> CalibrationData {
        var outputs = CollectedOutputs(exits: 3)
        let rows: [[Float]] = (0..<3).map { exit in
            (0..<3).flatMap { image in
                (0..<10).map { $0 == image + exit ? 1 : 0 }
            }
        }
        outputs.add(rows, labels: [0, 1, 2], heldOutEvery: heldOutEvery)
        outputs.add(rows.map { Array($0.prefix(10)) }, labels: [9], heldOutEvery: heldOutEvery)
        return try outputs.calibrationData(of: .named("tiny-deit"), origin: "set")
    }

    @Test func everySecondImageIsHeldOut() throws {
        let data = try data(heldOutEvery: 2)
        let all = [0, 1, 2, 9]
        let held = all.indices.filter { isHeldOut($0, every: 2) }
        #expect(held.count == 2 && held.first == 1)
        #expect(data.test?.labels == held.map { all[$0] })
        let rest = all.indices.filter { !held.contains($0) }
        #expect(data.calibration.labels == rest.map { all[$0] })
        let rows = data.calibration.probabilities
        #expect(rows.shape == [3, 2, 10])
        // Image i is confident of class i + exit; image 3 repeats image 0.
        let ones = (0..<3).flatMap { exit in
            rest.enumerated().map { exit * 20 + $0.offset * 10 + $0.element % 3 + exit }
        }
        #expect(rows.values.indices.filter { rows.values[$0] == 1 } == ones)
        #expect(data.model == "tiny-deit" && data.exitGigaMultiplyAdds.count == 3)
    }

    @Test func calibrationMayUseAllImages() throws {
        let data = try data(heldOutEvery: 0)
        #expect(data.calibration.labels == [0, 1, 2, 9] && data.test == nil)
    }
}

@Suite struct OutputsJournalTests {
    private let path = NSTemporaryDirectory() + "dvt-journal-\(UUID().uuidString).safetensors"

    private func subject(
        batch: Int = 2, preprocessing: String = "center"
    ) -> OutputsJournal.Subject {
        OutputsJournal.Subject(
            model: "m", weights: "w", data: "d", images: 5, batchSize: batch, exits: 2,
            classes: 2, precision: "float32", preprocessing: preprocessing)
    }

    private func rows(_ values: [Float]) -> [Float] { values.flatMap { [$0, 1 - $0] } }

    private func finish(_ journal: OutputsJournal, heldOut: Int) throws -> CalibrationData {
        try journal.finish(exitGigaMultiplyAdds: [1, 2], heldOutEvery: heldOut)
        return try CalibrationData(path: path)
    }

    private func remove() {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: path + ".part")
    }

    /// Bytes after the last complete batch, left by an interruption, are removed.
    @Test(arguments: [0, 2])
    func resumesAfterAnInterruption(heldOut: Int) throws {
        defer { remove() }
        var journal = try OutputsJournal(path: path, subject: subject(), resuming: false)
        try journal.add(
            [rows([0.5, 0.25]), rows([1, 0])], labels: [0, 1], places: [0, 2], taken: 3)
        for file in ["exit0.f32", "labels.i32", "places.i32"] {
            let handle = try #require(FileHandle(forWritingAtPath: "\(path).part/\(file)"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data([1, 2, 3]))
        }
        #expect(throws: EvaluationError.unfinished(folder: path + ".part")) {
            try OutputsJournal(path: path, subject: subject(), resuming: false)
        }
        #expect(throws: EvaluationError.self) {
            try OutputsJournal(path: path, subject: subject(batch: 3), resuming: true)
        }
        #expect(throws: EvaluationError.self) {
            try OutputsJournal(
                path: path, subject: subject(preprocessing: "squash"), resuming: true)
        }
        journal = try OutputsJournal(path: path, subject: subject(), resuming: true)
        #expect(journal.images == 2 && journal.taken == 3)
        var kept: [[Float]] = []
        try journal.forEachPart { probabilities, labels, places in
            kept += probabilities
            #expect(labels == [0, 1] && places == [0, 2])
        }
        #expect(kept == [rows([0.5, 0.25]), rows([1, 0])])
        try journal.add([rows([0.75]), rows([0.5])], labels: [1], places: [4], taken: 5)
        let data = try finish(journal, heldOut: heldOut)
        let (first, second) = (data.calibration, data.test)
        let (labels, exits): ([Int], [[Float]]) = ([0, 1, 1], [[0.5, 0.25, 0.75], [1, 0, 0.5]])
        let held = labels.indices.filter { isHeldOut($0, every: heldOut) }
        let rest = labels.indices.filter { !held.contains($0) }
        #expect(first.labels == rest.map { labels[$0] })
        #expect((second?.labels ?? []) == held.map { labels[$0] })
        #expect(first.probabilities.values == exits.flatMap { exit in rows(rest.map { exit[$0] }) })
        #expect(!FileManager.default.fileExists(atPath: path + ".part"))
    }

    @Test func damageIsReported() throws {
        defer { remove() }
        #expect(throws: EvaluationError.nothingToResume(folder: path + ".part")) {
            try OutputsJournal(path: path, subject: subject(), resuming: true)
        }
        let journal = try OutputsJournal(path: path, subject: subject(), resuming: false)
        try journal.add([rows([0.5]), rows([1])], labels: [0], places: [0], taken: 1)
        try Data([1]).write(to: URL(fileURLWithPath: path + ".part/exit1.f32"))
        #expect(throws: EvaluationError.damaged(path: path + ".part/exit1.f32")) {
            try OutputsJournal(path: path, subject: subject(), resuming: true)
        }
        let state = path + ".part/state.json"
        let whole = try String(contentsOfFile: state, encoding: .utf8)
        for text in [
            "", "{}", String(whole.dropLast()),
            whole.replacing(#""taken":1"#, with: #""taken":4611686018427387904"#),
            whole.replacing(#""taken":1"#, with: #""taken":0"#),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: state))
            #expect(throws: EvaluationError.damaged(path: state)) {
                try OutputsJournal(path: path, subject: subject(), resuming: true)
            }
        }
    }
}
