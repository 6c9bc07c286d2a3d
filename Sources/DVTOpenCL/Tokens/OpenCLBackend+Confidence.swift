import DVTCore
import OpenCLRuntime

extension OpenCLBackend {
    /// Implements ``/DVTCore/Backend/confidence(_:criterion:temperature:)``.
    public func confidence(
        _ logits: OpenCLTensor, criterion: ExitCriterion, temperature: Float
    ) throws -> [ClassConfidence] {
        let classes = try confidenceClasses(logits.shape)
        let batch = logits.shape[0]
        let isPlain = criterion == .confidence && temperature == 1
        let width = isPlain ? 2 : 3
        let result = try makeTensor([batch, width], .float32)
        let arguments: KernelArguments = try [
            "result": .buffer(result.buffer), "logits": .tensor(logits), "classes": .int(classes),
        ]
        let scoring: KernelArguments = try [
            "criterion": .int(criterion.kernelCode), "temperature": .float(temperature),
        ]
        try enqueue(
            KernelCall(
                isPlain ? "softmax_confidence" : "softmax_score", in: "confidence",
                isPlain ? arguments : arguments + scoring, over: .rows(batch, items: 64)))
        let words = try queue.read(Int32.self, count: width * batch, from: result.buffer)
        return (0..<batch).map { image in
            func float(_ column: Int) -> Float {
                Float(bitPattern: UInt32(bitPattern: words[width * image + column]))
            }
            return ClassConfidence(
                classIndex: Int(words[width * image]), probability: float(1),
                score: isPlain ? nil : float(2))
        }
    }
}

extension ExitCriterion {
    /// Its code in `confidence.cl`.
    fileprivate var kernelCode: Int {
        switch self {
        case .confidence: 0
        case .margin: 1
        case .entropy: 2
        }
    }
}
