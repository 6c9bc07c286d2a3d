import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTModel
import DVTTestSupport
import Testing

@Suite struct CalibrationFileTests {
    private func calibration() throws -> Calibration {
        let outputs = try SyntheticExits.outputs(
            [[0.6, 0.7, 0.9], [0.8, 0.9, 0.95]], labels: [0, 1, 0])
        let data = try CalibrationData(
            calibration: outputs, test: nil, exitGigaMultiplyAdds: [1.1, 2.3], model: "a\"model",
            origin: "file")
        let scoring = ExitScoring(criterion: .margin, temperatures: [1.25, 0.7])
        let run = ThresholdCalibration(data, scoring: scoring)
        return Calibration(run, rule: .geometric, choices: run.budgets())
    }

    @Test func filesRoundTrip() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/calibration.json"
        let calibration = try calibration()
        try calibration.write(to: path)
        #expect(try Calibration(path: path) == calibration)
        let points = calibration.operatingPoints
        #expect(points.thresholds.count == 59)
        // The cheapest of the most accurate: all images that gain nothing exit early.
        let policy = try points.policy(row: points.row(budget: 2.3))
        #expect(policy.scoring == ExitScoring(criterion: .margin, temperatures: [1.25, 0.7]))
    }

    /// Halfway to the next lower score if that is near; no image changes its exit.
    @Test func thresholdsLieBelowTheirScores() throws {
        let near = Float(0.8).nextDown.nextDown
        let outputs = try SyntheticExits.outputs(
            [[0.6, 0.8, 0.9, near], [1, 0.9, 0.8, 0.7], [1, 1, 1, 1]], labels: [0, 0, 0, 0])
        let data = try CalibrationData(
            calibration: outputs, test: nil, exitGigaMultiplyAdds: [1, 2, 3], origin: "file")
        let run = ThresholdCalibration(data)
        #expect(run.settled([0.9, 0.9, -1e8]) == [0.9 - 1e-5, 0.9 - 1e-5, -1e8])
        #expect(run.settled([0.8, 0.7, -1e8]) == [Float(0.8).nextDown, 0.7, -1e8])
        #expect(run.settled([near.nextUp, 1e8, -1e8]) == [near.nextUp, 1e8, -1e8])
        for thresholds in [[0.9, 0.9, -1e8], [0.8, 0.7, -1e8]] as [[Float]] {
            #expect(run.evaluate(run.settled(thresholds)) == run.evaluate(thresholds))
        }
    }

    private static let point = #"{"p":1,"thresholds":[0.5,-1e8],"accuracy":50,"gflops":1.5}"#

    private static func text(
        criterion: String = "\"confidence\"", gflops: String = "[1,2]",
        points: String = "[\(point)]",
        more: String = ""
    ) -> String {
        """
        {"criterion":\(criterion),"rule":"optimal","gflops":\(gflops),"points":\(points)\(more)}
        """
    }

    @Test func budgetAndModelAreOptional() throws {
        let folder = try TemporaryFolder()
        let text = Self.text(points: "[\(Self.point.replacing("\"p\":1,", with: ""))]")
        let read = try Calibration(path: folder.file("x.json", text))
        #expect(read.points.map(\.budget) == [nil] && read.model == nil)
    }

    @Test(arguments: [
        ("", "no value where one belongs"),
        ("[]", "the text is not an object"),
        ("{}", "criterion is missing"),
        (text(criterion: "\"guess\""), "criterion is \"guess\", and it takes confidence, margin"),
        (text(criterion: "1"), "criterion is not a string"),
        (text(gflops: "[1]"), "gflops takes a number for each exit"),
        (text(gflops: "[1,-2]"), "gflops is not a list of numbers above 0"),
        (text(points: "[]"), "points is empty"),
        (text(points: "[{}]"), "points[0].thresholds is missing"),
        (text(gflops: "[1,2,3]"), "points[0].thresholds has 2 numbers for 3 exits"),
        (text(points: "[\(point.replacing("1.5", with: "\"a\""))]"), "gflops is not a number"),
        (text(more: #","temperatures":[1]"#), "temperatures takes 2 numbers"),
        (text(more: #","extra":1"#), "extra is unknown"),
    ])
    func otherFilesAreRefused(text: String, reason: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("x.json", text)
        do {
            _ = try Calibration(path: path)
            Issue.record("it was read")
        } catch {
            let line = "\(error)"
            #expect(
                line.hasPrefix("\(path): is not a calibration: ") && line.contains(reason),
                "\(line)")
            #expect(!line.contains("\n"))
        }
    }

    @Test func calibrationsMustFitTheCascade() throws {
        let stages = try CascadeConfiguration.named("tiny-deit").stages
        func check(_ calibration: Calibration, exits: Int = 2, name: String = "a\"model") throws {
            let cascade = try CascadeConfiguration(Array(stages.prefix(exits)), name: name)
            try calibration.check(cascade, origin: "x")
        }
        try check(calibration())
        #expect(throws: CalibrationError.self) { try check(calibration(), exits: 3) }
        #expect(throws: CalibrationError.self) { try check(calibration(), name: "another") }
    }
}
