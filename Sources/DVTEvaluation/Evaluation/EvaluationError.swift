internal import DVTCore
import DVTSupport

/// An evaluation that cannot start or continue.
package enum EvaluationError: Error, Equatable, CustomStringConvertible {
    /// The journal of an interrupted evaluation would be overwritten.
    case unfinished(folder: String)
    /// There is no journal to resume.
    case nothingToResume(folder: String)
    /// The journal is of another model, set, batch size, precision or preprocessing.
    case anotherSubject(
        folder: String, kept: OutputsJournal.Subject, wanted: OutputsJournal.Subject)
    /// A file of the journal is incomplete.
    case damaged(path: String)
    /// An image's label is not a class of the model.
    case labelOutOfRange(name: String, label: Int, classes: Int)
    /// No image of the set is readable.
    case noImages(origin: String)

    package var description: String {
        switch self {
        case .unfinished(let folder):
            "\(shown(folder)): holds an interrupted evaluation; resume it with --resume, "
                + "or remove the folder"
        case .nothingToResume(let folder):
            "\(shown(folder)): holds no interrupted evaluation; run without --resume"
        case .anotherSubject(let folder, let kept, let wanted):
            "\(shown(folder)): holds an evaluation of \(kept.text), but this run is of "
                + "\(wanted.text); give the same options, or remove the folder"
        case .damaged(let path):
            "\(shown(path)): is incomplete; remove its folder and run without --resume"
        case .labelOutOfRange(let name, let label, let classes):
            "\(shown(name)): its class is \(label), and the model has the classes "
                + "0...\(classes - 1); give a set of the model's classes"
        case .noImages(let origin):
            "\(shown(origin)): no image of the set can be read, so there are no results"
        }
    }
}

extension OutputsJournal.Subject {
    fileprivate var text: String {
        "\(printable(model)) (\(printable(weights))) on \(images) images of \(shown(data)), "
            + "\(exits) exits, \(classes) classes, batches of \(batchSize), in "
            + printable("\(precision ?? "?"), preprocessed by \(preprocessing ?? "?")")
    }
}
