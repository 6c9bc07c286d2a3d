import COpenCL
import Synchronization

extension Context {
    /// A program, built once a context and, where the disk cache is on, once a machine.
    ///
    /// Threads that ask at the same time wait for each other, so that none builds what another is
    /// building. Code is OpenCL C 1.2, the version that every driver takes, unless `options` name
    /// another; nothing loosens the arithmetic unless they do.
    ///
    /// - Parameters:
    ///   - name: what messages call the program.
    ///   - source: OpenCL C.
    ///   - options: for the device compiler, such as `-D TILE=16`.
    /// - Returns: the program.
    /// - Throws: ``OpenCLError/buildFailed(program:options:log:)`` with the compiler's log, or
    ///   ``OpenCLError/callFailed(function:status:)``.
    public func program(
        name: String, source: String, options: String = ""
    ) throws(OpenCLError) -> Program {
        let options = Self.complete(options)
        let key = ProgramKey(source: source, options: options)
        return try programs.withLock { (known: inout [ProgramKey: Program]) throws(OpenCLError) in
            if let program = known[key] {
                counter.update { $0.programsReused += 1 }
                return program
            }
            let program = try makeProgram(name: name, key: key)
            known[key] = program
            return program
        }
    }

    /// The options with the language version, which drivers choose differently when it is not
    /// given.
    static func complete(_ options: String) -> String {
        let options = trimmed(options)
        if options.contains("-cl-std=") {
            return options
        }
        return options.isEmpty ? "-cl-std=CL1.2" : "-cl-std=CL1.2 \(options)"
    }

    private func makeProgram(name: String, key: ProgramKey) throws(OpenCLError) -> Program {
        let entry = diskCache.entry(.program, [key.source, key.options] + device.fingerprint)
        let start = ContinuousClock.now
        if let binary = entry?.load(), let program = load(binary, name: name, key: key) {
            counter.update {
                $0.programsLoaded += 1
                $0.loadSeconds += start.secondsSince
            }
            return program
        }
        let compileStart = ContinuousClock.now
        let program = try compile(name: name, key: key)
        counter.update {
            $0.programsCompiled += 1
            $0.compileSeconds += compileStart.secondsSince
        }
        // A driver that hands out no binary, or a disk that takes none, costs time and no more.
        if let entry, let binary = try? program.binary(), !binary.isEmpty {
            entry.store(binary)
        }
        return program
    }

    private func compile(name: String, key: ProgramKey) throws(OpenCLError) -> Program {
        let id = try create("clCreateProgramWithSource") { status in
            key.source.withCString { text in
                var text: UnsafePointer<CChar>? = text
                return clCreateProgramWithSource(handle, 1, &text, nil, status)
            }
        }
        return try Program(
            id: id, device: device, name: name, options: key.options, origin: .source)
    }

    /// A program from its binary, or nil where the driver does not take it.
    ///
    /// The checksum has held by now, so that a driver refuses only what it no longer understands.
    private func load(_ binary: [UInt8], name: String, key: ProgramKey) -> Program? {
        let id = try? create("clCreateProgramWithBinary") { status in
            binary.withUnsafeBufferPointer { bytes in
                var target: cl_device_id? = device.handle
                var address = bytes.baseAddress
                var size = bytes.count
                var binaryStatus = cl_int(CL_SUCCESS)
                let program = clCreateProgramWithBinary(
                    handle, 1, &target, &size, &address, &binaryStatus, status)
                if status.pointee == CL_SUCCESS, binaryStatus != CL_SUCCESS, let program {
                    clReleaseProgram(program)
                    status.pointee = binaryStatus
                }
                return program
            }
        }
        guard let id else {
            return nil
        }
        return try? Program(
            id: id, device: device, name: name, options: key.options, origin: .diskCache)
    }
}

/// What tells a context's programs apart.
struct ProgramKey: Hashable, Sendable {
    let source: String
    /// With the language version.
    let options: String
}

extension Device {
    /// What a binary or a measurement made for this device depends on.
    var fingerprint: [String] {
        [name, version, driverVersion, platform.name, platform.version]
    }
}

extension ContinuousClock.Instant {
    /// The time since then.
    var secondsSince: Double {
        (ContinuousClock.now - self) / .seconds(1)
    }
}
