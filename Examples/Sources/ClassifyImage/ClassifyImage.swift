// Classifies one image: ClassifyImage CHECKPOINT IMAGE, the checkpoint being one that
// `dvt convert` wrote.
import DVTCheckpoints
import DVTModel
import DVTOpenCL
import DVTVision
import OpenCLRuntime

@main
struct ClassifyImage {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else {
            print("usage: ClassifyImage CHECKPOINT.safetensors IMAGE")
            return
        }
        let (checkpoint, image) = (CommandLine.arguments[1], CommandLine.arguments[2])

        let file = try Checkpoint.open(path: checkpoint)
        let card = try ModelCard(storedIn: file)
        let device = try DeviceSelector(nil).device()
        let backend = try OpenCLBackend(context: Context(device: device))
        let dvt = try DynamicVisionTransformer(
            card.configuration, weights: CheckpointWeights(file), backend: backend)

        let photo = try ImageDecoder.decode(path: image, applyingOrientation: true)
        let input = try Preprocessing(card).tensor(from: photo)
        let prediction = try dvt.classify(input, policy: card.exitPolicy).predictions[0]

        let label = try ClassLabels.of(card)?[prediction.classIndex] ?? "\(prediction.classIndex)"
        print("\(label) (\(prediction.probability)) at exit \(prediction.exit + 1)")
    }
}
