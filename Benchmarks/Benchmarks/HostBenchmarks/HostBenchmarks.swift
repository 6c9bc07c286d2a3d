import Benchmark
import Foundation

/// What runs on the host beside the network; the library's entry point.
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

/// Registers one benchmark; the library runs it in a process of its own.
///
/// - Parameters:
///   - name: what the results call it.
///   - setup: makes the input, untimed, once.
///   - teardown: removes what `setup` left outside the process.
///   - body: what is timed; its result is kept from being optimized away.
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
        // Where the library lets standard error through again.
        teardown: {
            succeed(name) {
                try teardown()
                if let failure { throw failure }
            }
        })
}

/// What is wrong with the input of a benchmark.
struct InputError: Error, CustomStringConvertible {
    let description: String
}

/// Does something, or says why not and ends the process: the library would report an error that is
/// thrown to it, yet `make benchmark` would succeed.
private func succeed<Output>(_ name: String, _ work: () throws -> Output) -> Output {
    do {
        return try work()
    } catch {
        FileHandle.standardError.write(Data("error: \(name): \(error)\n".utf8))
        exit(1)
    }
}
