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
        let result = try makeTensor([batch, width])
        let arguments = try [.tensor(result), .tensor(logits), KernelArgument.int(classes)]
        try enqueueRows(
            isPlain ? "softmax_confidence" : "softmax_score", in: "confidence", items: 64,
            isPlain
                ? arguments : arguments + [.int(criterion.kernelNumber), .float(temperature)],
            rows: batch)
        let words = try queue.read(Int32.self, count: width * batch, from: result.buffer)
        return (0..<batch).map { image in
            func number(_ place: Int) -> Float {
                Float(bitPattern: UInt32(bitPattern: words[width * image + place]))
            }
            return ClassConfidence(
                classIndex: Int(words[width * image]), confidence: number(1),
                score: isPlain ? nil : number(2))
        }
    }
}

extension ExitCriterion {
    /// What `confidence.cl` calls it.
    fileprivate var kernelNumber: Int {
        switch self {
        case .confidence: 0
        case .margin: 1
        case .entropy: 2
        }
    }
}
