/// The prediction for one image file.
public struct Classification: Equatable, Sendable {
    /// The image file.
    public let path: String
    /// The exit, its most probable classes, and the confidences at the exits before it.
    public let prediction: Prediction
    /// The name of the most probable class, or `class 3` if the model has no class names.
    public let label: String

    init(path: String, prediction: Prediction, label: String?) {
        self.path = path
        self.prediction = prediction
        self.label = label ?? "class \(prediction.classIndex)"
    }

    /// The most probable class, from 0.
    public var classIndex: Int { prediction.classIndex }
    /// The softmax probability of that class at the exit.
    public var probability: Float { prediction.probability }
    /// The exit that the image took, from 0.
    public var exit: Int { prediction.exit }
}
