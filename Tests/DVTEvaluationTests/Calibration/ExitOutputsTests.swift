import DVTCheckpoints
import DVTCore
import DVTEvaluation
import DVTTestSupport
import Testing

@Suite struct ExitOutputsTests {
    /// Two exits, two images, three classes.
    private static let good: [Float] = [0.5, 0.25, 0.25, 0, 1, 0, 0.1, 0.2, 0.7, 1, 0, 0]

    private func error(
        _ shape: Shape = [2, 2, 3], _ values: [Float] = good, labels: [Int] = [0, 2]
    ) -> String? {
        do throws(CalibrationError) {
            _ = try ExitOutputs(
                probabilities: Tensor(shape, values: values), labels: labels, origin: "file",
                name: "test")
            return nil
        } catch {
            return error.description
        }
    }

    @Test func validOutputsAreAccepted() {
        #expect(error() == nil)
        #expect(error([1, 1, 2], [1, 0], labels: [1]) == nil)
    }

    @Test(arguments: [-0.1, 1.1, .nan, .infinity] as [Float])
    func probabilitiesOutOfRangeAreRefused(value: Float) {
        var values = Self.good
        values[9] = value
        #expect(
            error([2, 2, 3], values)
                == """
                file: test_probabilities has \(value) at exit 1, image 1 (from 0); give softmax \
                outputs, not logits
                """)
    }

    @Test func probabilitiesMustSumToOne() {
        var values = Self.good
        values[0] = 0.25
        #expect(
            error([2, 2, 3], values)?.contains("adds up to 0.75 at exit 0, image 0") == true)
    }

    @Test func shapesAndLabelsMustFit() {
        #expect(error([4, 3])?.contains("has shape [4, 3]; give [exits, images, classes]") == true)
        #expect(error([2, 0, 3], [], labels: [])?.contains("has shape [2, 0, 3]") == true)
        #expect(error(labels: [0])?.contains("has 1 labels for 2 images") == true)
        #expect(
            error(labels: [0, 3])?.contains("has 3 for image 1, and the classes are 0...2") == true)
        #expect(error(labels: [-1, 0])?.contains("has -1 for image 0") == true)
    }

    @Test func partsMustBeOfOneModel() throws {
        let calibration = try SyntheticExits.outputs([[0.5], [1]], labels: [0])
        func error(_ test: ExitOutputs?, _ costs: [Double]) -> String? {
            do throws(CalibrationError) {
                _ = try CalibrationData(
                    calibration: calibration, test: test, exitGigaMultiplyAdds: costs,
                    origin: "file")
                return nil
            } catch {
                return error.description
            }
        }
        let other = try SyntheticExits.outputs([[0.5], [1], [1]], labels: [0], name: "test")
        #expect(error(nil, [1, 2]) == nil)
        #expect(
            error(other, [1, 2])?.contains("test_probabilities has 3 exits and 2 classes") == true)
        for costs in [[1], [1, 1], [2, 1], [0, 1], [1, .infinity], [.nan, 1], [1, 2, 3]] {
            #expect(error(nil, costs)?.contains("2 increasing numbers above 0") == true, "\(costs)")
        }
        #expect(throws: CalibrationError.self) {
            try CalibrationData(
                calibration: SyntheticExits.outputs([[0.5]], labels: [0]), test: nil,
                exitGigaMultiplyAdds: [1], origin: "file")
        }
    }

    @Test func testPartsAreOptionalAndLabelsMayBeFloats() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/outputs.safetensors"
        func write(label: Float) throws {
            try SafetensorsWriter.write(
                [
                    ("calibration_probabilities", Tensor([2, 1, 2], values: [0.5, 0.5, 1, 0])),
                    ("calibration_labels", Tensor([1], values: [label])),
                    ("gflops", Tensor([2], values: [1, 2])),
                ], metadata: ["model": "toy"], to: path)
        }
        try write(label: 1)
        let data = try CalibrationData(path: path)
        #expect(data.test == nil && data.calibration.labels == [1] && data.model == "toy")
        try data.write(to: path)
        #expect(try CalibrationData(path: path) == data)
        #expect(try SafetensorsFile(path: path).dtype(named: "calibration_labels") == .int32)
        try SafetensorsWriter.write([("x", Tensor([1], values: [1]))], to: path)
        #expect(
            throws: CalibrationError.invalidOutputs(
                origin: path,
                reason: """
                    has no tensor calibration_probabilities; give the saved outputs of every exit
                    """)
        ) { try CalibrationData(path: path) }
        try write(label: 0.5)
        #expect(throws: CalibrationError.self) { try CalibrationData(path: path) }
        try write(label: .nan)
        #expect(throws: CalibrationError.self) { try CalibrationData(path: path) }
    }
}

@Suite struct ExitCriterionTests {
    @Test func scoresFollowTheirFormulas() {
        let row: ArraySlice<Float> = [0.25, 0.5, 0.25, 0]
        #expect(ExitCriterion.confidence.score(row) == 0.5)
        #expect(ExitCriterion.margin.score(row) == 0.25)
        // 1.5 of 2 bits.
        #expect(abs(ExitCriterion.entropy.score(row) - 0.25) < 1e-6)
    }

    @Test(arguments: ExitCriterion.allCases)
    func certainPredictionsScoreOne(criterion: ExitCriterion) {
        #expect(criterion.score([0, 1, 0]) == 1)
        #expect(criterion.score([0, 1, 0], temperature: 0.5) == 1)
    }

    /// Probabilities of 1/21, 4/21 and 16/21 become 1/7, 2/7 and 4/7 at temperature 2.
    @Test func temperaturesScaleLogarithms() {
        let row: ArraySlice<Float> = [1 / 21, 4 / 21, 16 / 21]
        let scaled: ArraySlice<Float> = [1 / 7, 2 / 7, 4 / 7]
        for criterion in ExitCriterion.allCases {
            #expect(
                abs(criterion.score(row, temperature: 2) - criterion.score(scaled)) < 1e-6)
        }
    }

    @Test func equalProbabilitiesScoreLeast() {
        let row = ArraySlice(repeating: Float(0.1), count: 10)
        #expect(ExitCriterion.confidence.score(row) == 0.1)
        #expect(ExitCriterion.margin.score(row) == 0)
        #expect(abs(ExitCriterion.entropy.score(row)) < 1e-6)
    }
}
