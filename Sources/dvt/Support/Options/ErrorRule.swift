import ArgumentParser

/// What happens to an image that cannot be read.
enum ErrorRule: String, CaseIterable, ExpressibleByArgument {
    /// It is reported on standard error.
    case skip
    /// It is reported, and has a record with the error.
    case record
    /// It is reported, and the run ends after the images before it.
    case stop
}
