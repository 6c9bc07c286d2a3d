import DVTOpenCL
import DVTOperations
import DVTParity

/// The tuning result of one linear layer.
struct TunedLayer {
    let operation: LinearOperation
    let engine: LinearEngine
    /// The median time of the fastest engine.
    let milliseconds: Double
    /// The median time of the default engine.
    let standardMilliseconds: Double
    /// The number of engines compared, the default included.
    let tried: Int
}

/// Finds the fastest engines for linear layers within a time limit.
///
/// Eight layers at a time, the most expensive first: their default engines, then one engine after the
/// other. Programs are built once and kept, and when the time is over, a build has served several
/// layers. An engine takes a layer only after it has won twice, so what was found before an
/// interruption counts.
struct LinearTuner {
    /// The number of comparisons of a layer with another engine.
    struct Count: Equatable {
        var made = 0
        var planned = 0
    }

    private let backend: OpenCLBackend
    private let stop: TuningStop
    private var layers: [TuningLayer]
    private var timer: LayerTimer
    private var builds = BuildTimes()
    /// The last time of an engine relative to the best at the same layer.
    private var slowdown: [LinearEngine: Double] = [:]
    /// The number of layers at which an engine was hopeless.
    private var failures: [LinearEngine: Int] = [:]
    private(set) var comparisons = Count()

    /// The layers at a time.
    private static let group = 8
    /// The slowdown from which an engine is hopeless; twice, and it is not tried any more.
    private static let hopeless = 4.0
    /// The slowdown at which an engine's measurement ends early.
    private static let tooSlow = 2.0
    /// The speedup that an engine needs to replace another, above the noise of measurements.
    private static let margin = 1.03

    /// Creates a tuner.
    ///
    /// - Parameters:
    ///   - backend: the device.
    ///   - layers: the layers, the most expensive first.
    ///   - engines: the engines to try, or nil for the six most promising of each layer.
    ///   - stop: ends the search.
    init(
        _ backend: OpenCLBackend, layers: [LinearOperation], engines: [LinearEngine]?,
        stop: TuningStop
    ) {
        self.backend = backend
        self.stop = stop
        timer = LayerTimer(backend, stop)
        self.layers = layers.map { TuningLayer($0, engines: engines, on: backend) }
        comparisons.planned = self.layers.map(\.candidates.count).reduce(0, +)
    }

    /// Times engines until all are compared or the search is stopped.
    ///
    /// - Parameter progress: called after each comparison.
    /// - Throws: the device's error if a default engine fails.
    mutating func run(progress: () -> Void) throws {
        defer { backend.chosenLinearEngine = nil }
        do {
            for first in stride(from: 0, to: layers.count, by: Self.group) {
                try run(first..<min(first + Self.group, layers.count), progress)
            }
        } catch is TuningStop.Reached {}
    }

    private mutating func run(_ group: Range<Int>, _ progress: () -> Void) throws {
        try timeStandards(of: group)
        for engine in enginesByBenefit(for: group) {
            for index in order(of: engine, in: group) where try compare(engine, at: index) {
                layers[index].candidates.removeAll { $0 == engine }
                comparisons.made += 1
                progress()
            }
        }
    }

    /// The layers that were compared with at least one engine, or have none to compare.
    var results: [TunedLayer] { layers.compactMap(\.result) }

    /// Times the default engines: first at the cheapest layer, which shows how long others will
    /// take.
    private mutating func timeStandards(of group: Range<Int>) throws {
        var rate = 0.0
        for index in group.suffix(1) + group.dropLast() {
            let (operation, engine) = (layers[index].operation, layers[index].standard)
            let work = Double(operation.multiplyAdds)
            try stop.check(seconds: builds.expected(engine, operation) + 4 * rate * work)
            let timed = try timer.time(index, operation, engine, atMost: .infinity)
            builds.record(timed.buildSeconds, of: engine, operation)
            rate = timed.milliseconds / 1000 / work
            layers[index].standardMilliseconds = timed.milliseconds
            layers[index].milliseconds = timed.milliseconds
        }
    }

    /// The candidates, those that are promising for expensive layers first.
    private func enginesByBenefit(for group: Range<Int>) -> [LinearEngine] {
        var benefits: [LinearEngine: Double] = [:]
        for layer in layers[group] {
            let work = Double(layer.operation.multiplyAdds)
            for (rank, engine) in layer.candidates.enumerated() {
                benefits[engine, default: 0] += work / Double(rank + 1)
            }
        }
        return benefits.sorted { ($1.value, "\($0.key)") < ($0.value, "\($1.key)") }.map(\.key)
    }

    /// The layers to compare an engine at: the cheapest, which shows how long others will take, and
    /// then the most expensive first.
    private func order(of engine: LinearEngine, in group: Range<Int>) -> [Int] {
        let wanted = group.filter { layers[$0].candidates.contains(engine) }
        return slowdown[engine] == nil ? wanted.suffix(1) + wanted.dropLast() : wanted
    }

    /// Compares an engine with the best one so far.
    ///
    /// - Returns: whether it was done; false if it would take longer than the time that is left.
    private mutating func compare(_ engine: LinearEngine, at index: Int) throws -> Bool {
        guard failures[engine, default: 0] < 2 else { return true }
        let (operation, best) = (layers[index].operation, layers[index].milliseconds)
        let runs = 4 * best / 1000 * slowdown[engine, default: 1]
        guard stop.hasTime(seconds: builds.expected(engine, operation) + runs) else {
            try stop.check()
            return false
        }
        let milliseconds: Double
        do {
            let timed = try timer.time(index, operation, engine, atMost: Self.tooSlow * best)
            builds.record(timed.buildSeconds, of: engine, operation)
            milliseconds = timed.milliseconds
        } catch let reached as TuningStop.Reached {
            throw reached
        } catch {
            // The device may lack the registers or the local memory.
            failures[engine] = 2
            return true
        }
        slowdown[engine] = milliseconds / best
        failures[engine, default: 0] += milliseconds > Self.hopeless * best ? 1 : 0
        layers[index].tried += 1
        if milliseconds * Self.margin < best { try confirm(engine, at: index) }
        return true
    }

    /// Times the best engine so far and its challenger once more, and keeps the faster.
    private mutating func confirm(_ engine: LinearEngine, at index: Int) throws {
        let (operation, best) = (layers[index].operation, layers[index].engine)
        let again = try timer.time(index, operation, best, atMost: .infinity).milliseconds
        let challenger = try timer.time(index, operation, engine, atMost: again).milliseconds
        if best == layers[index].standard { layers[index].standardMilliseconds = again }
        let isFaster = challenger * Self.margin < again
        layers[index].milliseconds = isFaster ? challenger : again
        if isFaster { layers[index].engine = engine }
    }
}

/// A layer and what is known about it.
private struct TuningLayer {
    let operation: LinearOperation
    let standard: LinearEngine
    /// What an earlier run found, or nil.
    let found: LinearEngine?
    /// The engines to compare, the most promising first.
    var candidates: [LinearEngine]
    /// The best engine so far and its median time.
    var engine: LinearEngine
    var milliseconds = Double.infinity
    var standardMilliseconds: Double?
    var tried = 1

    init(_ operation: LinearOperation, engines: [LinearEngine]?, on backend: OpenCLBackend) {
        let (rows, inputs, outputs) = (operation.rows, operation.inputs, operation.outputs)
        self.operation = operation
        let standard = backend.untunedEngine(rows: rows, inputs: inputs, outputs: outputs)
        let promising =
            engines
            ?? backend.linearEngineCandidates(rows: rows, inputs: inputs, outputs: outputs)
        let found = backend.linearTuning.engine(rows: rows, inputs: inputs, outputs: outputs)
        (self.standard, self.found, engine) = (standard, found, standard)
        candidates = (found.map { [$0] } ?? []) + promising.filter { $0 != found }
        candidates.removeAll { $0 == standard }
    }

    /// The result, or nil before a comparison, also with what an earlier run found.
    var result: TunedLayer? {
        guard let standardMilliseconds, tried > 1 || candidates.isEmpty,
            !candidates.contains(where: { $0 == found })
        else { return nil }
        let isFaster = milliseconds < standardMilliseconds
        return TunedLayer(
            operation: operation, engine: isFaster ? engine : standard,
            milliseconds: min(milliseconds, standardMilliseconds),
            standardMilliseconds: standardMilliseconds, tried: tried)
    }
}
