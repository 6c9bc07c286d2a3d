import DVTSupport
import Testing

@Suite struct ChildProcessTests {
    private func run(_ script: String, seconds: Int = 60) -> ChildProcess.Outcome {
        ChildProcess.run(["/bin/sh", "-c", script], seconds: seconds)
    }

    @Test func exitCodesAndSignalsAreTold() {
        #expect(run("exit 0") == .exited(0))
        #expect(run("exit 7") == .exited(7))
        #expect(run("kill -ABRT $$") == .signaled(6))
    }

    @Test func aProgramWithoutEndIsKilled() {
        #expect(run("exec sleep 600", seconds: 0) == .timedOut)
    }

    @Test func aMissingProgramIsNotStarted() {
        #expect(ChildProcess.run(["/no/such/program"], seconds: 60) == .notStarted)
        #expect(ChildProcess.run([], seconds: 60) == .notStarted)
    }

    /// A program that prints a lot, or reads, does not block.
    @Test func inputAndOutputAreClosed() {
        #expect(run("cat; yes | head -c 1000000; yes | head -c 1000000 >&2") == .exited(0))
    }
}
