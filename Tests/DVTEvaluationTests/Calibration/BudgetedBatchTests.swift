import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTTestSupport
import Testing

/// Compares the authors' budgeted batch classification with the results of their own code; `s4` has
/// many equal scores.
@Suite(.enabled(if: ReferenceFiles.areAvailable, Comment(rawValue: ReferenceFiles.comment)))
struct BudgetedBatchTests {
    static let files = ["budgeted_batch_s1", "budgeted_batch_s4"]

    private func data(_ name: String) throws -> (CalibrationData, SafetensorsFile) {
        let path = ReferenceFiles.path("\(name).safetensors")
        return (try CalibrationData(path: path), try SafetensorsFile(path: path))
    }

    @Test(arguments: files)
    func allBudgetsEqualTheAuthors(name: String) throws {
        let (data, file) = try data(name)
        let calibration = ThresholdCalibration(data)
        let budgets = calibration.budgets()
        let outcomes = budgets.map { calibration.evaluate($0.thresholds) }
        #expect(budgets.map(\.budget) == Array(1...59))
        #expect(budgets.flatMap(\.thresholds) == (try file.tensor(named: "thresholds").values))
        #expect(outcomes.map { Float($0.accuracy) } == (try file.tensor(named: "accuracy").values))
        let expected = try file.tensor(named: "expected_gflops").values
        for (outcome, expected) in zip(outcomes, expected) {
            // The authors add up in float32.
            #expect(abs(outcome.cost - Double(expected)) <= 1e-6 * Double(expected))
        }
    }

    /// Thresholds chosen on one half and evaluated on the other, and vice versa, gain on average.
    ///
    /// One of the four cases gains nothing: the sampling error of 400 images is about 2 points.
    @Test func optimalThresholdsGeneralize() throws {
        var gains: [Double] = []
        for (name, areSwapped) in Self.files.flatMap({ [($0, false), ($0, true)] }) {
            let (given, _) = try data(name)
            let test = try #require(given.test)
            let data = try CalibrationData(
                calibration: areSwapped ? test : given.calibration,
                test: areSwapped ? given.calibration : test,
                exitGigaMultiplyAdds: given.exitGigaMultiplyAdds, origin: name)
            let calibration = ThresholdCalibration(data)
            gains += calibration.gains(of: calibration.budgets(.optimal))
        }
        #expect(gains.count > 160)
        let mean = gains.reduce(0, +) / Double(gains.count)
        #expect(mean > 0.3, "\(mean)")
    }

    @Test(arguments: files)
    func filesRoundTrip(name: String) throws {
        let (data, _) = try data(name)
        let folder = try TemporaryFolder()
        try data.write(to: "\(folder.path)/copy.safetensors")
        #expect(try CalibrationData(path: "\(folder.path)/copy.safetensors") == data)
    }
}
