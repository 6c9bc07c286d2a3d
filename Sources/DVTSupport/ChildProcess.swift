import Glibc

/// Another program, run to its end.
package enum ChildProcess {
    /// How a program ended.
    package enum Outcome: Equatable, Sendable {
        case exited(Int)
        case signaled(Int)
        /// It was killed after the time limit.
        case timedOut
        case notStarted
    }

    /// Runs a program without input and output.
    ///
    /// - Parameters:
    ///   - command: the path of the program and its arguments.
    ///   - seconds: the time limit, after which the program is killed.
    /// - Returns: how it ended.
    package static func run(_ command: [String], seconds: Int) -> Outcome {
        guard let process = start(command) else { return .notStarted }
        let deadline = ContinuousClock.now + .seconds(seconds)
        var status: Int32 = 0
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return outcome(status) }
            guard ended == 0 || errno == EINTR else { return .notStarted }
            if ContinuousClock.now > deadline {
                kill(process, SIGKILL)
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                return .timedOut
            }
            usleep(10_000)
        }
    }

    private static func start(_ command: [String]) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, flags) in [(0, O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] {
            posix_spawn_file_actions_addopen(&actions, Int32(descriptor), "/dev/null", flags, 0)
        }
        // The child starts with every signal unblocked and its default action.
        var attributes = posix_spawnattr_t()
        guard posix_spawnattr_init(&attributes) == 0 else { return nil }
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        guard let path = command.first,
            posix_spawn(&process, path, &actions, &attributes, &arguments, environ) == 0
        else { return nil }
        return process
    }

    /// The status of `waitpid`: the signal in the lower 7 bits, else the exit code above them.
    private static func outcome(_ status: Int32) -> Outcome {
        let signal = status & 0x7F
        return signal == 0 ? .exited(Int(status >> 8 & 0xFF)) : .signaled(Int(signal))
    }
}
