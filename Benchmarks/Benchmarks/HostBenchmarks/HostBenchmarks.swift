import Benchmark
import Foundation

/// The host-side benchmarks; the entry point of the benchmark library.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput, .peakMemoryResident], timeUnits: .microseconds,
        warmupIterations: 3, maxDuration: .milliseconds(300))
    registerImages()
    registerCheckpoints()
    registerArithmetic()
    registerCalibration()
    registerTraining()
}

/// Registers a benchmark; the library runs each in a separate process.
///
/// - Parameters:
///   - name: the name in the results.
///   - setup: creates the input once, untimed.
///   - teardown: removes files that `setup` created.
///   - body: the timed code; its result is not optimized away.
func measure<Input, Output>(
    _ name: String, setup: @escaping () throws -> Input,
    teardown: @escaping () throws -> Void = {},
    _ body: @escaping (Input) throws -> Output
) {
    var failure: (any Error)?
    Benchmark(
        name,
        closure: { (_: Benchmark, input: Input) in
            do {
                Benchmark.blackHole(try body(input))
            } catch {
                failure = error
            }
        },
        setup: { succeed(name, setup) },
        // The library suppresses standard error until here.
        teardown: {
            succeed(name) {
                try teardown()
                if let failure { throw failure }
            }
        })
}

/// An invalid input of a benchmark.
struct InputError: Error, CustomStringConvertible {
    let description: String
}

/// Runs `work`, or prints its error and exits with 1: the library reports thrown errors, but then
/// `make benchmark` succeeds.
private func succeed<Output>(_ name: String, _ work: () throws -> Output) -> Output {
    do {
        return try work()
    } catch {
        FileHandle.standardError.write(Data("error: \(name): \(error)\n".utf8))
        exit(1)
    }
}
