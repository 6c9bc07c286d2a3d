import DVTCheckpoints
import DVTCore
import Foundation
import Testing

/// `dvt calibrate`, and `dvt classify` with its files.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct CalibrateCommandTests {
    struct Output: Decodable {
        struct Budget: Decodable, Equatable {
            let p: Int?
            let thresholds: [Float]
            let accuracy: Double
            let gflops: Double
            let ms: Double?
            let chosen: Bool?
        }

        let budgets: [Budget]
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Outputs of three exits for 200 images of two classes: correct more often at higher
    /// confidence and at later exits.
    private func outputs(model: String? = nil, hasTest: Bool = true) throws -> String {
        let count = 200
        func part(_ name: String, shift: Int) -> [(name: String, tensor: Tensor)] {
            let places: [Int] = (0..<count).map { ($0 * 77 + shift) % count }
            var values: [Float] = []
            for exit in 0..<3 {
                for place in places {
                    let part = Float((place + 31 * exit) % count) / Float(2 * count)
                    values += [0.5 + part, 0.5 - part]
                }
            }
            var labels: [Float] = []
            for (index, place) in places.enumerated() {
                labels.append((index * 13) % count < 100 + place / 2 ? 0 : 1)
            }
            return [
                ("\(name)_probabilities", Tensor([3, count, 2], values: values)),
                ("\(name)_labels", Tensor([count], values: labels)),
            ]
        }
        let path = "\(folder.path)/outputs.safetensors"
        try SafetensorsWriter.write(
            part("calibration", shift: 0) + (hasTest ? part("test", shift: 5) : [])
                + [("gflops", Tensor([3], values: [1, 2, 4]))],
            metadata: model.map { ["model": $0] } ?? [:], to: path)
        return path
    }

    private func calibrate(_ arguments: String...) async throws -> ProgramOutput {
        try await dvt(["calibrate"] + arguments, needsKernels: false)
    }

    private func budgets(_ run: ProgramOutput) throws -> [Output.Budget] {
        try JSONDecoder().decode(Output.self, from: Data(run.output.utf8)).budgets
    }

    @Test func theAuthorsBudgetsAreOneObject() async throws {
        let run = try await calibrate("--from", outputs(), "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        let budgets = try budgets(run)
        // Each row has other thresholds, and the first budget that gives them.
        let numbers = budgets.compactMap(\.p)
        #expect(numbers.first == 1 && numbers == Set(numbers).sorted())
        #expect(Set(budgets.map(\.thresholds)).count == budgets.count)
        #expect(budgets.allSatisfy { $0.chosen == nil })
        #expect(
            run.errors.contains("59 budgets give \(budgets.count) different thresholds")
                == (budgets.count < 59))
        #expect(budgets.allSatisfy { $0.thresholds.count == 3 && $0.thresholds[2] == -1e8 })
        #expect(budgets.allSatisfy { (1...4).contains($0.gflops) && $0.accuracy <= 100 })
        #expect(run.output.hasPrefix("{\"budgets\": [\n  {\"p\":1,\"thresholds\":["))
        #expect(run.errors.contains("chosen on 200 images, evaluated on 200 held-out images"))
    }

    @Test func otherFormatsAndCriteriaWork() async throws {
        let file = try outputs(hasTest: false)
        let rows = try table(
            await calibrate("--from", file, "--criterion", "margin").output)
        #expect(rows.count <= 60 && Set(rows.map { $0[1] }).count == rows.count)
        #expect(rows[0] == ["p", "Thresholds", "Accuracy, %", "GMACs", "Exit shares, %"])
        let run = try await calibrate("--from", file, "--criterion", "entropy", "--format", "csv")
        #expect((2...59).contains(try csv(run.output).count))
        #expect(run.errors.contains("has no test part"))
    }

    @Test func theOptimalRuleIsComparedWithTheAuthors() async throws {
        let run = try await calibrate(
            "--from", outputs(), "--rule", "optimal", "--temperature-scaling", "--format", "json")
        #expect(run.code == 0, "\(run.errors)")
        #expect(try !budgets(run).isEmpty)
        #expect(run.errors.contains("compared with the authors' rule at equal cost: "))
        #expect(run.errors.contains("exit 3: temperature "))
    }

    @Test(arguments: ["geometric", "optimal"])
    func targetsMarkOneRow(rule: String) async throws {
        let file = try outputs()
        func one(_ arguments: String...) async throws -> Output.Budget {
            let all = ["calibrate", "--from", file, "--rule", rule, "--format", "json"]
            let budgets = try budgets(await dvt(all + arguments, needsKernels: false))
            #expect(budgets.count > 1 && budgets.count { $0.chosen == true } == 1)
            #expect(Set(budgets.map(\.thresholds)).count == budgets.count)
            return try #require(budgets.first { $0.chosen == true })
        }
        #expect(try await one("--budget", "2").p.map { (1...59).contains($0) } != false)
        #expect(try await one("--target-accuracy", "50").thresholds.count == 3)
        // All exits predict the same class, so the first is as accurate as the last.
        #expect(try await one("--max-drop", "0").gflops < 1.2)
        _ = try await one("--latency-ms", "12.5", "--exit-ms", "5,9.5,30")
        #expect(try await one("--budget", "2000M") == one("--budget", "2GMACs"))
        // Only the chosen row is saved.
        let saved = "\(folder.path)/one.json"
        let run = try await calibrate("--from", file, "--budget", "2", "--output", saved)
        #expect(run.errors.contains("one.json: 1 operating point") && run.output.contains("<--"))
    }

    @Test func unreachableTargetsAreExplained() async throws {
        let file = try outputs()
        for (arguments, error) in [
            (["--target-accuracy", "99.9"], "no thresholds reach an accuracy of 99.9 %"),
            (["--budget", "0.5"], "no thresholds cost as little as 0.5 GMACs"),
            (["--latency-ms", "1", "--exit-ms", "2,3,4"], "they cost 2"),
            (
                ["--latency-ms", "1", "--exit-ms", "2,3"],
                "--exit-ms is 2.0, 3.0; give 3 increasing"
            ),
        ] {
            let run = try await dvt(["calibrate", "--from", file] + arguments, needsKernels: false)
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.errorLines.count == 1 && run.errors.contains(error), "\(run.errors)")
        }
    }

    @Test(.needsDevice) func classifyUsesWrittenCalibrations() async throws {
        let file = "\(folder.path)/calibration.json"
        let made = try await calibrate(
            "--from", outputs(model: "tiny-deit"), "--output", file, "--format", "json")
        #expect(made.errors.contains("calibration.json: 59 operating points"))
        let budgets = try budgets(made)
        let best = try #require(
            budgets.filter { $0.gflops <= 2 }.max { $0.accuracy < $1.accuracy })
        func classify(_ arguments: String...) async throws -> ProgramOutput {
            try await dvt(
                ["classify", "--model", "tiny-deit", "--weights", "synthetic:50"] + arguments
                    + ["--format", "jsonl", Fixtures.photos])
        }
        let run = try await classify("--calibration", file, "--budget", "2")
        #expect(run.code == 0, "\(run.errors)")
        let explicit = try await classify(
            "--threshold", "\(best.thresholds[0])", "--threshold", "\(best.thresholds[1])")
        let rows = try jsonLines(run.output, as: ClassifyRow.self)
        #expect(rows.map(\.decision) == (try jsonLines(explicit.output)).map(\ClassifyRow.decision))
        let open = try await classify("--calibration", file)
        #expect(open.code == 1 && open.errors.contains("contains 59 operating points; choose one"))
    }

    private static let model = ["--model", "tiny-deit", "--weights", "synthetic:50"]

    /// Class folders of drawings.
    private func makeSet() throws -> String {
        for (index, photo) in Fixtures.photoFiles.enumerated() {
            try folder.copy(photo, as: "set/class\(index % 3)/\(index + 10).jpg")
        }
        return "\(folder.path)/set"
    }

    /// Images give the same results as their saved outputs, and the times of the run.
    @Test(.needsDevice) func imagesReplaceSavedOutputs() async throws {
        let (set, saved) = (try makeSet(), "\(folder.path)/o.safetensors")
        let evaluated = try await dvt(
            ["evaluate"] + Self.model + ["--save-outputs", saved, "--hold-out-every", "3", set])
        #expect(evaluated.code == 0, "\(evaluated.errors)")
        let expected = try budgets(await calibrate("--from", saved, "--format", "json"))
        let images = ["calibrate"] + Self.model + ["--hold-out-every", "3", set]
        let run = try await dvt(images + ["--format", "json"])
        #expect(run.code == 0, "\(run.errors)")
        let found = try budgets(run)
        #expect(found.map(\.p) == expected.map(\.p))
        for (found, expected) in zip(found, expected) {
            #expect(found.accuracy == expected.accuracy && found.ms != nil && expected.ms == nil)
            // Costs are float32 in the file.
            #expect(abs(found.gflops - expected.gflops) < 1e-6)
            // The order of sums may differ in another process.
            #expect(zip(found.thresholds, expected.thresholds).allSatisfy { abs($0 - $1) < 2e-5 })
        }
        #expect(run.errors.contains("12 images; measured: "), "\(run.errors)")
        #expect(run.errors.contains("chosen on 8 images, evaluated on 4 held-out images"))
        let target = try await dvt(
            images + ["--latency-ms", "1e6", "--format", "json", "--rule", "optimal"])
        #expect(target.errors.contains("ms on the calibration images"), "\(target.errors)")
        #expect(try budgets(target).count { $0.chosen == true } == 1)
    }

    @Test func modelsWithOneExitAreRefused() async throws {
        let run = try await calibrate("--model", "deit-tiny", "--weights", "synthetic:1", "x")
        #expect(run.code == 1 && run.errorLines.count == 1)
        #expect(run.errors.contains("deit-tiny: has one exit"), "\(run.errors)")
    }

    /// With every criterion, images take the exits that follow from their saved outputs.
    @Test(
        .needsDevice,
        arguments: [["margin"], ["entropy"], ["confidence", "--temperature-scaling"]])
    func runsExitAsTheirSavedOutputs(options: [String]) async throws {
        let (saved, file) = ("\(folder.path)/o.safetensors", "\(folder.path)/calibration.json")
        let (set, model) = (try makeSet(), Self.model)
        let evaluated = try await dvt(["evaluate"] + model + ["--save-outputs", saved, set])
        #expect(evaluated.code == 0, "\(evaluated.errors)")
        let made = try await dvt(
            ["calibrate", "--from", saved, "--output", file, "--format", "json", "--criterion"]
                + options, needsKernels: false)
        let point = try #require(try budgets(made).first { $0.gflops < 0.06 })
        let choice = ["--calibration", file, "--operating-point", "\(try #require(point.p))"]
        let early = try await dvt(["evaluate"] + model + choice + ["--format", "csv", set])
        #expect(early.code == 0 && !early.errors.contains("took another exit"))
        #expect(early.errors.contains(" of the \(options[0])"), "\(early.errors)")
        let last = try #require(try csv(early.output).last)
        #expect(last["criterion"] == options[0])
        let cost = try #require(last["gmacs"].flatMap(Double.init))
        #expect(abs(cost - point.gflops) < 1e-6, "\(cost)")
        let run = try await dvt(["classify"] + model + choice + ["--format", "csv", set])
        for image in try csv(run.output) {
            let scores = try #require(image["scores"]).split(separator: ";").map {
                try #require(Float(String($0)))
            }
            let leaving = zip(scores, point.thresholds).map { $0 >= $1 }
            #expect(leaving == scores.indices.map { $0 == scores.count - 1 })
        }
    }

    @Test func calibrationsOfOtherModelsAreRefused() async throws {
        let file = "\(folder.path)/calibration.json"
        _ = try await calibrate("--from", outputs(model: "other"), "--output", file)
        let run = try await dvt(
            "classify", "--model", "tiny-deit", "--weights", "synthetic:1", "--calibration", file,
            "--budget", "2", "x.jpg", needsKernels: false)
        #expect(run.code == 1 && run.errorLines.count == 1)
        #expect(run.errors.contains("was made for the model \"other\", and this is \"tiny-deit\""))
    }
}
