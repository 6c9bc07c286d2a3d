// Classifies an image. Without a checkpoint it runs the trained model of the package, and without a
// device the first GPU, or the CPU where there is none.
import DVT

@main
struct ClassifyImage {
    static func main() throws {
        var arguments = CommandLine.arguments.dropFirst()
        guard let image = arguments.popFirst() else {
            return print("usage: ClassifyImage IMAGE [CHECKPOINT [DEVICE]]")
        }
        let classifier = try Classifier(
            checkpoint: arguments.popFirst(), device: arguments.popFirst())
        print("\(classifier.origin) on \(classifier.deviceName)")
        for result in try classifier.classify([image]) {
            print("\(result.label) (\(result.probability)) at exit \(result.exit + 1)")
        }
    }
}
