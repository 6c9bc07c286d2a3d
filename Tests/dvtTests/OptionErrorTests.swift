import Testing

/// Invalid options: reported immediately, in one line, without standard output.
@Suite(.needsProgram, .timeLimit(.minutes(10)))
struct OptionErrorTests {
    /// Arguments and a part of the error.
    struct Case: CustomTestStringConvertible {
        let arguments: [String]
        let error: String

        init(_ command: String, _ error: String) {
            arguments = command.split(separator: " ").map(String.init)
            self.error = error
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    private static let toy = "classify --model tiny-deit --weights synthetic:1"
    private static let train = "train x --model tiny-deit --output y"
    private static let explain = "explain --model tiny-deit --weights synthetic:1"

    @Test(arguments: [
        Case(toy, "Missing expected argument '<paths>"),
        Case("\(toy) --preprocessing nice x.jpg", "'default', 'authors' or 'timm'"),
        Case("\(toy) --format xml x.jpg", "'table', 'json', 'jsonl', 'csv' or 'markdown'"),
        Case("\(toy) --kernel-style odd x.jpg", "'vector' and 'tile'"),
        Case("\(toy) --feature-reuse maybe x.jpg", "'on' and 'off'"),
        Case("classify --model tiny-deit --weights synthetic:x x.jpg", "'synthetic:x' is invalid"),
        Case("classify --model tiny-deit --weights synthetic: x.jpg", "'synthetic:' is invalid"),
        Case("\(toy) --topk 0 x.jpg", "--topk is 0; it takes at least 1"),
        Case("\(toy) --batch-size 0 x.jpg", "--batch-size is 0; it takes 1...4096"),
        Case("\(toy) --batch-size 5000 x.jpg", "--batch-size is 5000; it takes 1...4096"),
        Case("\(toy) --threshold -0.5 x.jpg", "--threshold takes a number of at least 0"),
        Case("\(toy) --threshold nan x.jpg", "--threshold takes a number of at least 0"),
        Case("\(toy) --threshold high x.jpg", "'high' is invalid for '--threshold"),
        Case("\(toy) --exit 0 x.jpg", "'0' is invalid for '--exit"),
        Case("\(toy) --exit 1 --threshold 0.5 x.jpg", "--threshold and --exit are"),
        Case("\(toy) --exit 1 --budget 1 x.jpg", "--budget and --exit are mutually exclusive"),
        Case(
            "\(toy) --threshold 1 --operating-point 1 x.jpg",
            "--threshold and --operating-point are"),
        Case("convert x", "Missing expected argument '<output>'"),
        Case("convert x y.safetensors --dtype float8", "'float32', 'float16' or 'bfloat16'"),
        Case("convert x y", "it must end in .safetensors"),
        Case("convert x.json y.safetensors --model tiny-deit", "--model does not apply"),
        Case("bench model --model tiny-deit --repeats 0", "--repeats takes 1...100000"),
        Case("bench model --model tiny-deit --batch-size 0", "--batch-size takes 1...4096"),
        Case("bench model --model tiny-deit --batch-size 8,0", "--batch-size takes 1...4096"),
        Case("bench kernels --model tiny-deit --batch-size 1,,8", "'1,,8' is invalid for '--batch"),
        Case("bench peak --kernel-style tile", "--kernel-style does not apply"),
        Case("bench peak --fail-below 0.9", "--fail-below requires --compare"),
        Case(
            "bench kernels --model tiny-deit --compare x --fail-below 0",
            "--fail-below takes a number above 0"),
        Case(
            "bench model --model tiny-deit --exit-share 50 --exit-share 40 --exit-share 5",
            "--exit-share takes percentages that add up to 100"),
        Case("embed --model tiny-deit --weights synthetic:1", "Missing expected argument '<paths>"),
        Case("\(explain) --output x.png y.jpg", "it must end in .html or .svg"),
        Case("\(explain) --output html y.jpg", "it must end in .html or .svg"),
        Case("\(explain) --topk 0 x.jpg", "--topk is 0; it takes at least 1"),
        Case("\(explain) --exit 1 --threshold 0.5 x.jpg", "--threshold and --exit are"),
        Case("parity", "Give either a model (--model, --weights) or --operations"),
        Case(
            "parity --model tiny-deit --operations",
            "Give either a model (--model, --weights) or --operations"),
        Case(
            "parity --model tiny-deit --small", "--small, --filter and --list require --operations"),
        Case(
            "parity --model tiny-deit --filter x",
            "--small, --filter and --list require --operations"),
        Case("parity --model tiny-deit --batch-size 0", "--batch-size is 0; it takes 1...1024"),
        Case("parity --operations --layers", "--layers does not apply to --operations"),
        Case("parity --operations --seed 2", "--seed does not apply to --operations"),
        Case("parity --operations --expected x", "--expected does not apply to --operations"),
        Case("parity --model tiny-deit --device reference", "needs a file (--expected)"),
        Case("parity --operations --device reference", "needs a file (--expected)"),
        Case("evaluate --model tiny-deit --resume x", "require --save-outputs"),
        Case("evaluate --model tiny-deit --save-outputs x y", "it must end in .safetensors"),
        Case("evaluate --model tiny-deit --report x y", "--report is x; it must end in .html"),
        Case("evaluate --model tiny-deit --batch-size 0 x", "--batch-size is 0; it takes 1...4096"),
        Case("evaluate --model tiny-deit --every-nth 1 x", "--every-nth takes at least 2"),
        Case("\(train) --every 2", "Unknown option '--every'"),
        Case("train x --output y", "--model or --init is required"),
        Case("\(train) --resume", "omit --model and --init"),
        Case(
            "\(train) --validation-split val --hold-out-every 5",
            "--validation-split and --hold-out-every are mutually exclusive"),
        Case("\(train) --hold-out-every 1", "--hold-out-every takes at least 2"),
        Case("\(train) --workers 300", "--workers takes 0...256"),
        Case("\(train) --augmentation wild", "'none', 'light' or 'standard'"),
        Case("synthesize", "Missing expected argument '<output>'"),
        Case("synthesize x --count 0", "--count is 0; it takes 1...1000000"),
        Case("synthesize x --size 8", "--size is 8; it takes 16...512"),
        Case("synthesize x --size 64 --layout cifar", "--layout cifar requires 32 pixels"),
        Case("synthesize x --layout zip", "'folder' and 'cifar'"),
        Case("synthesize x --seed -1", "--seed"),
        Case("synthesize x --difficulty 1.1", "'1.1' is invalid for '--difficulty"),
        Case("synthesize x --difficulty 0.6-0.5", "'0.6-0.5' is invalid for '--difficulty"),
        Case("synthesize x --difficulty 0.1-0.2-0.3", "is invalid for '--difficulty"),
        Case("synthesize x --validation-share 1", "it takes a number from 0 to below 1"),
        Case("synthesize x --threads 0", "--threads is 0; it takes 1...1024"),
        Case("tune --time-limit 0", "--time-limit is 0.0; it takes seconds above 0"),
        Case("tune --batch-size 0", "--batch-size takes 1...4096"),
        Case("tune --linear-engine clblast", "--linear-engine does not apply"),
        Case("tune --engine magic", "'magic' is invalid for '--engine"),
        Case("evaluate x --ground-truth t.txt", "--ground-truth requires --synsets: its numbers"),
        Case("evaluate x --synsets s.txt", "--synsets requires --ground-truth"),
        Case(
            "evaluate x --split val --ground-truth t.txt --synsets s.txt",
            "--split and --ground-truth are mutually exclusive"),
        Case("\(toy) --budget 15k x.jpg", "'15k' is invalid for '--budget"),
        Case("calibrate", "Give labeled images, or saved outputs with --from."),
        Case("calibrate --from x y", "y and --from are mutually exclusive"),
        Case("calibrate --from x --model tiny-deit", "--model and --weights do not apply"),
        Case("calibrate x --hold-out-every 1", "--hold-out-every takes 0, or at least 2"),
        Case("calibrate x --exit-ms 1,2", "--exit-ms requires --latency-ms"),
        Case("calibrate --from x --criterion luck", "'confidence', 'margin' or 'entropy'"),
        Case("calibrate --from x --budget 1 --target-accuracy 2", "mutually exclusive"),
        Case("calibrate --from x --latency-ms 1", "--latency-ms requires --exit-ms"),
        Case("calibrate --from x --exit-ms 1,a", "'1,a' is invalid for '--exit-ms"),
        Case("calibrate --from x --budget nan", "The value 'nan' is invalid for '--budget"),
        Case(
            "\(toy) --threshold 1 --calibration x x.jpg",
            "--threshold and --calibration are mutually exclusive"),
        Case(
            "\(toy) --exit 1 --calibration x x.jpg",
            "--calibration and --exit are mutually exclusive"),
        Case("paint", "Unexpected argument 'paint'"),
    ])
    func usageIsExplained(_ wrong: Case) async throws {
        let run = try await dvt(wrong.arguments, needsKernels: false)
        #expect(run.code == 64)
        #expect(run.output.isEmpty)
        let first = run.errorLines.first ?? ""
        #expect(first.hasPrefix("Error: ") && first.contains(wrong.error), "\(run.errors)")
        // Only help on the option, the usage and a pointer to more help follow the error.
        let starts = ["Help: ", "Usage: dvt", "  See 'dvt "]
        for line in run.errorLines.dropFirst() {
            #expect(starts.contains { line.hasPrefix($0) })
        }
    }

    @Test(arguments: [
        Case("classify --model vit --weights synthetic:1 x.jpg", "no model is called \"vit\""),
        Case("classify --weights synthetic:1 x.jpg", "no model specified: use --model"),
        Case("classify --model tiny-deit x.jpg", "no weights specified: use --weights"),
        Case("\(toy) --operating-point 1 x.jpg", "--operating-point requires a checkpoint"),
        Case("\(toy) --budget 1 x.jpg", "--budget requires a checkpoint with thresholds"),
        Case(
            "\(toy) --labels cifar100 x.jpg", "cifar100: has 100 class names, and the model has 10"),
        Case("\(toy) --labels nonesuch x.jpg", "nonesuch: cannot be opened"),
        Case(
            "classify --model none.json --weights synthetic:1 x.jpg", "none.json: cannot be opened"),
        Case("\(toy) --calibration none x.jpg", "none: cannot be opened"),
        Case("calibrate --from none", "none: cannot be opened"),
        Case("embed --model tiny-deit x.jpg", "no weights specified"),
        Case("\(explain) --exit 4 x.jpg", "exit 4 does not exist; the model has exits 1...3"),
        Case(
            "\(explain) --output nowhere/x.html x.jpg",
            "nowhere/x.html: cannot be written (No such file or directory)"),
        Case("convert none out.safetensors", "none: cannot be opened"),
        Case("\(toy) --operating-point -1 x.jpg", "--operating-point requires a checkpoint"),
        Case("\(train) --epochs 0", "recipe: epochs takes at least 1"),
        Case("\(train) --lr 0", "recipe: lr takes a number above 0, below 10"),
        Case("\(train) --recipe none.json", "none.json: cannot be opened"),
        Case("info none.safetensors", "none.safetensors: cannot be opened"),
        Case(
            "bench model --model tiny-deit --exit-share 50 --exit-share 50",
            "3 exits take 3 --exit-share; 2 were given"),
        Case("bench operations --model nonesuch", "no model is called"),
        Case("bench peak --compare none.json", "none.json: cannot be opened"),
        Case("info none.json", "none.json: cannot be opened"),
        Case("parity --model vit", "no model is called \"vit\"; there are"),
        Case("\(toy) --exit 4 x.jpg", "exit 4 does not exist; the model has exits 1...3"),
        Case(
            "\(toy) --threshold 1 --threshold 1 --threshold 1 x.jpg",
            "2 thresholds are needed, one for every exit but the last, but 3 were given"),
    ])
    func invalidModelsAreOneLineErrors(_ wrong: Case) async throws {
        try await expectOneLine(wrong)
    }

    @Test(
        .needsDevice,
        arguments: [
            Case("\(toy) --device nonesuch x.jpg", "no OpenCL device matches 'nonesuch'"),
            Case("\(toy) --device 99 x.jpg", "no OpenCL device matches '99'; available: 0 = "),
            Case("parity --model tiny-deit --device nonesuch", "matches 'nonesuch'"),
            Case("parity --operations --device nonesuch", "matches 'nonesuch'"),
        ])
    func missingDevicesAreOneLineErrors(_ wrong: Case) async throws {
        try await expectOneLine(wrong)
    }

    @Test(.needsDevice, .enabled(if: !Program.hasGPU, "a GPU is there"))
    func gpuDoesNotFallBack() async throws {
        try await expectOneLine(
            Case("\(Self.toy) --device gpu x.jpg", "no OpenCL device matches 'gpu'"))
    }

    private func expectOneLine(
        _ wrong: Case, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await dvt(wrong.arguments, needsKernels: false)
        #expect(run.code == 1, sourceLocation: sourceLocation)
        #expect(run.output.isEmpty, sourceLocation: sourceLocation)
        #expect(run.errorLines.count == 1, "\(run.errors)", sourceLocation: sourceLocation)
        let error = run.errorLines.first ?? ""
        #expect(
            error.hasPrefix("Error: ") && error.contains(wrong.error), "\(error)",
            sourceLocation: sourceLocation)
    }
}
