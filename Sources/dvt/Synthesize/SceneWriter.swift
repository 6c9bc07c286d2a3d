import ArgumentParser
import DVTCheckpoints
import DVTCore
import DVTOutput
import DVTSupport
import DVTVision
import Dispatch
import Glibc
import Synchronization

/// Draws images on several threads and writes them, until the end or Ctrl-C.
struct SceneWriter {
    let scenes: SyntheticScenes
    let layout: SceneLayout
    let threads: Int
    let interruption: Interruption
    let progress: ProgressReporter

    /// Writes files, each whole or not at all.
    ///
    /// - Parameters:
    ///   - files: the files.
    ///   - folder: the set's folder.
    /// - Throws: the exit code if Ctrl-C ended it, or the file system's error.
    func write(_ files: [SceneFile], in folder: String) throws {
        for parent in Set(files.map { parentFolder(of: "\(folder)/\($0.name)") }).sorted() {
            try makeFolder(parent, withParents: true)
        }
        switch layout {
        case .folder: try writeImages(files, in: folder)
        case .cifar: try files.forEach { try writeRecords($0, in: folder) }
        }
    }

    private func writeImages(_ files: [SceneFile], in folder: String) throws {
        try forEachRun(of: files[...]) { [scenes] file in
            for index in file.indices {
                let bytes = try PNGEncoder.encode(scenes.image(index).image)
                try replaceFile("\(folder)/\(file.name)", with: bytes, flushing: false)
            }
        } then: { _ in
        }
    }

    private func writeRecords(_ file: SceneFile, in folder: String) throws {
        let writer = try AtomicFileWriter(path: "\(folder)/\(file.name)")
        try forEachRun(of: file.indices) { [scenes] index in
            CIFARFile.record(scenes.image(index))
        } then: { records in
            for record in records { try writer.append(record) }
        }
        try writer.commit()
    }

    /// Goes through a list in runs, each worked on by all threads.
    ///
    /// - Parameters:
    ///   - items: what to work on, one image each.
    ///   - work: does one of them, on any thread.
    ///   - finish: takes a run's results in order.
    /// - Throws: the exit code if Ctrl-C ended it, or what `work` or `finish` throws.
    private func forEachRun<Item: Sendable, Value: Sendable>(
        of items: ArraySlice<Item>, work: @Sendable (Item) throws -> Value,
        then finish: ([Value]) throws -> Void
    ) throws {
        // Long enough that threads seldom wait for the last of a run, short enough for Ctrl-C.
        let length = 32 * threads
        var rest = items
        while !rest.isEmpty {
            guard !interruption.isRequested else { throw ExitCode(130) }
            try finish(try inParallel(Array(rest.prefix(length)), work))
            rest = rest.dropFirst(length)
        }
    }

    private func inParallel<Item: Sendable, Value: Sendable>(
        _ items: [Item], _ work: @Sendable (Item) throws -> Value
    ) throws -> [Value] {
        let next = Atomic(0)
        let results = Mutex([Result<Value, any Error>?](repeating: nil, count: items.count))
        DispatchQueue.concurrentPerform(iterations: min(threads, items.count)) {
            [progress] _ in
            while true {
                let position = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard position < items.count else { return }
                let result = Result { try work(items[position]) }
                results.withLock { $0[position] = result }
                progress.advance()
            }
        }
        return try results.withLock { $0 }.compactMap { try $0?.get() }
    }
}

/// The size of a regular file, or nil if there is none.
func byteCount(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}
