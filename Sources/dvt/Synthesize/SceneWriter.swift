import ArgumentParser
import DVTOutput
import DVTSupport
import DVTVision
import Dispatch
import Synchronization

/// Generates and writes images on several threads, until done or Ctrl-C.
struct SceneWriter {
    let scenes: SyntheticScenes
    let layout: SceneLayout
    let threads: Int
    let interruption: Interruption
    let progress: ProgressReporter

    /// Writes files, each atomically.
    ///
    /// - Parameters:
    ///   - files: the files.
    ///   - folder: the data set's folder.
    /// - Throws: the exit code after Ctrl-C, or the file system's error.
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

    /// Processes a list in chunks, each on all threads.
    ///
    /// - Parameters:
    ///   - items: the items, one image each.
    ///   - work: processes one item, on any thread.
    ///   - finish: receives the results of a chunk, in order.
    /// - Throws: the exit code after Ctrl-C, or the error of `work` or `finish`.
    private func forEachRun<Item: Sendable, Value: Sendable>(
        of items: ArraySlice<Item>, work: @Sendable (Item) throws -> Value,
        then finish: ([Value]) throws -> Void
    ) throws {
        // Large enough to keep the threads busy, small enough to react to Ctrl-C.
        let length = 32 * threads
        var rest = items
        while !rest.isEmpty {
            if let code = interruption.exitCode { throw code }
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
