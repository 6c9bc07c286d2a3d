import COpenCL

extension CommandQueue {
    /// Copies bytes from the host to a buffer.
    ///
    /// - Parameters:
    ///   - bytes: the bytes to copy; unless `blocking`, they must not change until the command has
    ///     completed.
    ///   - buffer: the destination.
    ///   - offset: the first byte of the buffer to write.
    ///   - blocking: whether to wait until the bytes are copied.
    /// - Returns: the event, if events are collected.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)`` and
    ///   ``OpenCLError/callFailed(function:status:)``.
    @discardableResult
    package func write(
        _ bytes: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int = 0, blocking: Bool = true
    ) throws(OpenCLError) -> Event? {
        try buffer.checkRange(offset: offset, byteCount: bytes.count)
        // OpenCL rejects empty transfers.
        guard let address = bytes.baseAddress, !bytes.isEmpty else {
            return nil
        }
        let wait = cl_bool(blocking ? CL_TRUE : CL_FALSE)
        return try enqueue("clEnqueueWriteBuffer", label: "write") { event in
            clEnqueueWriteBuffer(
                handle, buffer.handle, wait, offset, bytes.count, address, 0, nil, event)
        }
    }

    /// Copies values from the host to a buffer and waits until they are copied.
    ///
    /// - Parameters:
    ///   - values: the values to copy.
    ///   - buffer: the destination.
    ///   - offset: the first byte of the buffer to write.
    /// - Returns: the event, if events are collected.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)`` and
    ///   ``OpenCLError/callFailed(function:status:)``.
    @discardableResult
    package func write<Value: BitwiseCopyable>(
        _ values: [Value], to buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) -> Event? {
        let result = values.withUnsafeBytes { bytes in
            Result { () throws(OpenCLError) in try write(bytes, to: buffer, offset: offset) }
        }
        return try result.get()
    }

    /// Waits for the commands enqueued so far and copies bytes from a buffer to the host.
    ///
    /// - Parameters:
    ///   - bytes: the destination, which is filled.
    ///   - buffer: the source.
    ///   - offset: the first byte of the buffer to read.
    /// - Returns: the event, if events are collected.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)`` and
    ///   ``OpenCLError/callFailed(function:status:)``, also if an earlier command failed.
    @discardableResult
    package func read(
        into bytes: UnsafeMutableRawBufferPointer, from buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) -> Event? {
        try buffer.checkRange(offset: offset, byteCount: bytes.count)
        guard let address = bytes.baseAddress, !bytes.isEmpty else {
            return nil
        }
        return try enqueue("clEnqueueReadBuffer", label: "read") { event in
            clEnqueueReadBuffer(
                handle, buffer.handle, cl_bool(CL_TRUE), offset, bytes.count, address, 0, nil,
                event)
        }
    }

    /// Waits for the commands enqueued so far and copies values from a buffer to the host.
    ///
    /// - Parameters:
    ///   - type: the type of the values.
    ///   - count: the number of values.
    ///   - buffer: the source.
    ///   - offset: the first byte of the buffer to read.
    /// - Returns: the values.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)`` and
    ///   ``OpenCLError/callFailed(function:status:)``, also if an earlier command failed.
    package func read<Value: BitwiseCopyable>(
        _ type: Value.Type = Float.self, count: Int, from buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) -> [Value] {
        try buffer.checkRange(offset: offset, byteCount: count * MemoryLayout<Value>.stride)
        var failure: OpenCLError?
        let values = [Value](unsafeUninitializedCapacity: count) { room, initializedCount in
            // The capacity may exceed the requested one.
            let target = UnsafeMutableBufferPointer(rebasing: room[..<count])
            do throws(OpenCLError) {
                try read(
                    into: UnsafeMutableRawBufferPointer(target), from: buffer, offset: offset)
                initializedCount = count
            } catch {
                failure = error
            }
        }
        if let failure {
            throw failure
        }
        return values
    }

    /// Copies bytes from one buffer to another, on the device.
    ///
    /// - Parameters:
    ///   - source: the source.
    ///   - target: the destination; may be the source if the ranges do not overlap.
    ///   - byteCount: the number of bytes.
    ///   - sourceOffset: the first byte to read.
    ///   - targetOffset: the first byte to write.
    /// - Returns: the event, if events are collected.
    /// - Throws: ``OpenCLError/outsideBuffer(offset:byteCount:bufferByteCount:)`` and
    ///   ``OpenCLError/callFailed(function:status:)``.
    @discardableResult
    package func copy(
        from source: Buffer, to target: Buffer, byteCount: Int, sourceOffset: Int = 0,
        targetOffset: Int = 0
    ) throws(OpenCLError) -> Event? {
        try source.checkRange(offset: sourceOffset, byteCount: byteCount)
        try target.checkRange(offset: targetOffset, byteCount: byteCount)
        guard byteCount > 0 else {
            return nil
        }
        return try enqueue("clEnqueueCopyBuffer", label: "copy") { event in
            clEnqueueCopyBuffer(
                handle, source.handle, target.handle, sourceOffset, targetOffset, byteCount, 0,
                nil, event)
        }
    }

    /// Sets all floats of a buffer to one value; up to 3 bytes after the last whole float are kept.
    ///
    /// - Parameters:
    ///   - buffer: the buffer.
    ///   - pattern: the value.
    /// - Returns: the event, if events are collected.
    /// - Throws: ``OpenCLError/callFailed(function:status:)``.
    @discardableResult
    package func fill(_ buffer: Buffer, pattern: Float) throws(OpenCLError) -> Event? {
        let size = MemoryLayout<Float>.size
        let byteCount = buffer.byteCount / size * size
        guard byteCount > 0 else {
            return nil
        }
        var pattern = pattern
        return try enqueue("clEnqueueFillBuffer", label: "fill") { event in
            clEnqueueFillBuffer(
                handle, buffer.handle, &pattern, size, 0, byteCount, 0, nil, event)
        }
    }
}
