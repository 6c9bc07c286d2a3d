import ArgumentParser
import DVTVision

/// The numbering of class folders.
struct ClassFolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Numbering of class folders.",
            discussion: """
                matched: by the names of the model's classes; folders whose names are all numbers \
                are the classes of these numbers. sorted: by name as text, as in torchvision.
                """,
            valueName: "rule"))
    var classFolders = ClassFolderNumbering.matched
}

extension ClassFolderNumbering: ExpressibleByArgument {}
