import COpenCL
import Synchronization

extension Context {
    /// Returns a program, built once per context and, with the disk cache, once per machine.
    ///
    /// Concurrent calls wait for each other to avoid duplicate builds. Code is compiled as OpenCL C
    /// 1.2, which every driver supports, with precise arithmetic, unless `options` override this.
    ///
    /// - Parameters:
    ///   - name: the program's name in messages.
    ///   - source: OpenCL C.
    ///   - options: options of the device compiler, such as `-D TILE=16`.
    /// - Returns: the program.
    /// - Throws: ``OpenCLError/buildFailed(program:options:log:)`` with the compiler's log, or
    ///   ``OpenCLError/callFailed(function:status:)``.
    package func program(
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

    /// The options with a language version, whose default differs between drivers.
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
        // Without a binary or a writable disk the program is compiled again in the next run.
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

    /// A program from its binary, or nil if the driver rejects it.
    ///
    /// The checksum has been verified, so a driver rejects only binaries it no longer supports.
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

/// Identifies a program of a context.
struct ProgramKey: Hashable, Sendable {
    let source: String
    /// The options, including the language version.
    let options: String
}

extension Device {
    /// The properties that binaries and tuning results of this device depend on.
    var fingerprint: [String] {
        [name, version, driverVersion, platform.name, platform.version]
    }
}

extension ContinuousClock.Instant {
    /// The seconds since this instant.
    var secondsSince: Double {
        (ContinuousClock.now - self) / .seconds(1)
    }
}
