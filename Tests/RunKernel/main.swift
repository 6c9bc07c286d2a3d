// Builds one OpenCL C file and runs its kernel `faulty` once. scripts/check-kernels.sh uses it to
// verify that the checker detects deliberate faults.
import Glibc
import OpenCLRuntime

/// The file's text.
func contents(of path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF {
        bytes.append(UInt8(truncatingIfNeeded: byte))
    }
    return String(decoding: bytes, as: UTF8.self)
}

guard CommandLine.arguments.count == 2, let source = contents(of: CommandLine.arguments[1]) else {
    print("usage: run-kernel FILE.cl")
    exit(64)
}
let count = 64
let options = getenv("DVT_BUILD_OPTIONS").map { String(cString: $0) } ?? ""
let context = try Context(device: DeviceSelector(nil).device())
let queue = try context.makeQueue()
let input = try context.makeBuffer(byteCount: count * 4)
let output = try context.makeBuffer(byteCount: count * 4)
try queue.write([Float](repeating: 1, count: count), to: input)
try queue.write([Float](repeating: 0, count: count), to: output)
let program = try context.program(
    name: CommandLine.arguments[1], source: source, options: "-cl-std=CL1.2 \(options)")
try queue.enqueue(
    program.kernel("faulty"),
    arguments: [.buffer(output), .buffer(input), .int(Int32(count))], global: [count], local: [16])
try queue.finish()
