import DVTCore
import Glibc
import Testing

@testable import DVTEvaluation

@Suite struct TemperatureTests {
    /// Outputs of two classes, the first of which is correct with probability `chance`, from logits
    /// that are `temperature` times too large.
    private func outputs(images: Int, temperature: Double) throws -> ExitOutputs {
        var random = SplitMix(state: 9)
        var values: [Float] = []
        var labels: [Int] = []
        for _ in 0..<images {
            let logit = 6 * (random.next01() - 0.5)
            labels.append(random.next01() < 1 / (1 + exp(-logit)) ? 0 : 1)
            values.append(Float(1 / (1 + exp(-logit * temperature))))
        }
        return try SyntheticExits.outputs([values], labels: labels)
    }

    /// Within three standard errors: for 20,000 images and these logits one is 1.7 % of T.
    @Test(arguments: [0.5, 1, 3])
    func theTemperatureIsFound(temperature: Double) throws {
        let outputs = try outputs(images: 20_000, temperature: temperature)
        let scaling = TemperatureScaling(fitting: outputs)
        #expect(abs(scaling.temperatures[0] / temperature - 1) < 0.05)
        let before = ExitReliability.all(outputs)[0]
        let after = scaling.reliabilities(of: outputs)[0]
        #expect(after.negativeLogLikelihood <= before.negativeLogLikelihood)
        if temperature != 1 {
            #expect(after.expectedCalibrationError < before.expectedCalibrationError / 3)
        }
        #expect(after.bins.map(\.count).reduce(0, +) == 20_000)
    }

    /// The slope at the result is zero: no nearby temperature is better.
    @Test func theLossIsMinimal() throws {
        let outputs = try outputs(images: 300, temperature: 2)
        let temperature = TemperatureScaling(fitting: outputs).temperatures[0]
        func loss(_ factor: Double) -> Double {
            ExitReliability.all(outputs, temperatures: [temperature * factor])[0]
                .negativeLogLikelihood
        }
        #expect(loss(1) < loss(1.001) && loss(1) < loss(0.999))
    }

    /// If all or none are correct, the loss has no minimum.
    @Test(arguments: [(0, 0.01), (1, 100)])
    func temperaturesStayInRange(label: Int, temperature: Double) throws {
        let outputs = try SyntheticExits.outputs([[0.9, 0.8, 1]], labels: [label, label, label])
        let found = TemperatureScaling(fitting: outputs).temperatures[0]
        #expect(abs(found / temperature - 1) < 1e-6, "\(found)")
    }

    @Test func theCalibrationErrorIsComputedByBins() throws {
        // 0.9 twice, one of them correct; 0.59 correct; and 1 correct, which belongs to the last
        // bin.
        let outputs = try SyntheticExits.outputs(
            [[0.9, 0.9, 0.59, 1]], labels: [0, 1, 0, 0])
        let reliability = ExitReliability.all(outputs)[0]
        #expect(reliability.bins.indices.filter { reliability.bins[$0].count > 0 } == [8, 13, 14])
        #expect(abs(reliability.bins[13].confidence - 0.9) < 1e-6)
        #expect(reliability.bins[13].accuracy == 0.5)
        let expected = (2 * 0.4 + 0.41) / 4
        #expect(abs(reliability.expectedCalibrationError - expected) < 1e-6)
        let loss = -(log(0.9) + log(0.1) + log(0.59)) / 4
        #expect(abs(reliability.negativeLogLikelihood - loss) < 1e-6)
    }
}
