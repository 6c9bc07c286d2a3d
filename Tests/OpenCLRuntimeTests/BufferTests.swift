import COpenCL
import Testing

@testable import OpenCLRuntime

@Suite(.needsDevice)
struct BufferTests {
    /// One element, and sizes around those that drivers round to; odd ones are not multiples of 4.
    @Test(arguments: [1, 3, 63, 64, 65, 255, 257, 4097])
    func bytesRoundTrip(byteCount: Int) throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: byteCount)
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
        try queue.write(bytes, to: buffer)
        #expect(try queue.read(UInt8.self, count: byteCount, from: buffer) == bytes)
    }

    @Test(arguments: [1, 63, 64, 65])
    func floatsRoundTrip(count: Int) throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: count * 4, access: .readOnly)
        let values = (0..<count).map { Float($0) * 0.5 - 3 }
        try queue.write(values, to: buffer)
        #expect(try queue.read(count: count, from: buffer) == values)
        #expect(buffer.byteCount == count * 4)
        #expect(buffer.access == .readOnly)
    }

    @Test
    func offsetsAreBytes() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: 9)
        try queue.write([UInt8](repeating: 1, count: 9), to: buffer)
        try queue.write([5, 6] as [UInt8], to: buffer, offset: 7)
        #expect(try queue.read(UInt8.self, count: 3, from: buffer, offset: 6) == [1, 5, 6])
    }

    @Test
    func partsShareTheMemory() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let alignment = context.device.memoryBaseAlignmentBytes
        let buffer = try context.makeBuffer(byteCount: 2 * alignment)
        let live = context.statistics.liveBufferBytes
        let part = try buffer.part(offset: alignment, byteCount: 3)
        #expect(try buffer.part(offset: alignment, byteCount: 3) === part)
        #expect(context.statistics.liveBufferBytes == live)
        try queue.write([1, 2, 3] as [UInt8], to: part)
        #expect(
            try queue.read(UInt8.self, count: 2, from: buffer, offset: alignment + 1) == [2, 3])
        #expect(throws: OpenCLError.self) {
            _ = try buffer.part(offset: 2 * alignment, byteCount: 1)
        }
        if alignment > 1 {
            #expect(throws: OpenCLError.self) { _ = try buffer.part(offset: 1, byteCount: 1) }
        }
    }

    @Test
    func nonBlockingWritesAreVisibleToLaterReads() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: 4096)
        let bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
        let back = try bytes.withUnsafeBytes { room in
            try queue.write(room, to: buffer, blocking: false)
            try queue.flush()
            return try queue.read(UInt8.self, count: 4096, from: buffer)
        }
        #expect(back == bytes)
    }

    @Test
    func copiesAndFills() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let source = try context.makeBuffer(byteCount: 10)
        let target = try context.makeBuffer(byteCount: 10)
        try queue.write((0..<10).map(UInt8.init), to: source)
        try queue.write([9, 9] as [UInt8], to: target, offset: 8)
        try queue.fill(target, pattern: 0)
        try queue.copy(from: source, to: target, byteCount: 3, sourceOffset: 5, targetOffset: 1)
        let bytes = try queue.read(UInt8.self, count: 10, from: target)
        #expect(bytes == [0, 5, 6, 7, 0, 0, 0, 0, 9, 9])
    }

    @Test
    func fillsWithAnyFloat() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: 65 * 4)
        try queue.fill(buffer, pattern: -1.5)
        #expect(try queue.read(count: 65, from: buffer) == Array(repeating: -1.5, count: 65))
    }

    @Test
    func emptyBuffersAreAllowed() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let empty = try context.makeBuffer(byteCount: 0)
        try queue.write([] as [Float], to: empty)
        try queue.fill(empty, pattern: 1)
        try queue.copy(from: empty, to: empty, byteCount: 0)
        #expect(try queue.read(count: 0, from: empty) == [])
        #expect(empty.byteCount == 0)
    }

    @Test
    func tooLargeIsOneLineWithBothNumbers() throws {
        let context = try makeContext()
        let limit = context.device.maxAllocationBytes
        let error = #expect(throws: OpenCLError.self) {
            try context.makeBuffer(byteCount: limit + 1)
        }
        #expect(error == .bufferTooLarge(byteCount: limit + 1, limit: limit))
        let text = try #require(error).description
        #expect(text.contains("\(limit + 1) bytes") && text.contains("limit of \(limit);"))
        #expect(!text.contains("\n"))
        #expect(context.statistics.buffersCreated == 0)
    }

    @Test(arguments: [(0, 9), (8, 1), (7, 2), (9, 0), (-1, 1), (Int.max, 1)])
    func transfersBeyondTheBufferAreRefused(offset: Int, byteCount: Int) throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let buffer = try context.makeBuffer(byteCount: 8)
        let expected = OpenCLError.outsideBuffer(
            offset: offset, byteCount: byteCount, bufferByteCount: 8)
        let bytes = [UInt8](repeating: 0, count: byteCount)
        #expect(throws: expected) { try queue.write(bytes, to: buffer, offset: offset) }
        #expect(throws: expected) {
            try queue.read(UInt8.self, count: byteCount, from: buffer, offset: offset)
        }
        #expect(throws: expected) {
            try queue.copy(from: buffer, to: buffer, byteCount: byteCount, sourceOffset: offset)
        }
        #expect(throws: expected) {
            try queue.copy(from: buffer, to: buffer, byteCount: byteCount, targetOffset: offset)
        }
    }

    @Test
    func statisticsFollowBuffers() throws {
        let context = try makeContext()
        var first: Buffer? = try context.makeBuffer(byteCount: 100)
        let second = try context.makeBuffer(byteCount: 50)
        #expect(context.statistics.liveBufferBytes == 150)
        #expect(first?.byteCount == 100)
        first = nil
        let third = try context.makeBuffer(byteCount: 20)
        let statistics = context.statistics
        #expect(statistics.buffersCreated == 3)
        #expect(statistics.largestBufferBytes == 100)
        #expect(statistics.liveBufferBytes == 70)
        #expect(statistics.highWaterBytes == 150)
        withExtendedLifetime((second, third)) {}
    }

    /// A buffer may be released while a command that uses it is queued.
    @Test
    func queuedCommandsRetainBuffers() throws {
        let context = try makeContext()
        let queue = try context.makeQueue()
        let target = try context.makeBuffer(byteCount: 1 << 16)
        for value in 0..<50 {
            let source = try context.makeBuffer(byteCount: 1 << 16)
            try queue.fill(source, pattern: Float(value))
            try queue.copy(from: source, to: target, byteCount: 1 << 16)
        }
        #expect(try queue.read(count: 1 << 14, from: target).allSatisfy { $0 == 49 })
        try queue.finish()
        #expect(context.statistics.liveBufferBytes == 1 << 16)
    }
}
