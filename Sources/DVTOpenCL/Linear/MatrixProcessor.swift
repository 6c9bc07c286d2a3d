import DVTSupport
import OpenCLRuntime

/// What a GPU's compute unit does per cycle, to predict the time of `linear_mma.cl`.
///
/// Cycles of products are those of the makers' documentation; the latency is measured on an
/// H100.
struct MatrixProcessor: Equatable {
    /// The device's compute units.
    var units: Int
    /// The cycles of a product of 16 x 16 x 16 numbers of 16 bits on one of four schedulers.
    var productCycles: Double
    /// The cycles from a read of global memory to its result.
    var latency = 650.0
    /// The 32-bit registers of a compute unit.
    var registers = 65_536
    /// The local memory of a compute unit, in bytes.
    var localBytes: Int

    /// The numbers of a device's family, those of compute capability 8.0 if it is unknown, with
    /// the cycles of a product that `dvt bench peak` measured, if it did.
    init(_ context: Context) {
        let device = context.device
        self.init(
            units: device.computeUnits, name: device.name,
            MatrixInstructions.family(of: device),
            computeCapability: device.computeCapability)
        if let measured = DevicePeak.remembered(on: context)?.products[.matrix16] {
            setRate(gigaflops: measured, clockMegahertz: device.clockMegahertz)
        }
    }

    /// Takes the cycles of a product from a measured rate.
    ///
    /// - Parameters:
    ///   - gigaflops: the operations of products, 10^9 per second.
    ///   - clockMegahertz: the clock.
    mutating func setRate(gigaflops: Double, clockMegahertz: Int) {
        let cycles = 4 * Double(units) * Double(clockMegahertz) * 1e6
        productCycles = cycles * 2 * 16 * 16 * 16 / (gigaflops * 1e9)
    }

    /// The numbers of a family.
    ///
    /// - Parameters:
    ///   - units: the device's compute units; on Intel, vector engines: 8 or 16 share local memory.
    ///   - name: the device's name.
    ///   - family: its matrix instructions.
    ///   - computeCapability: NVIDIA's version of the hardware, or nil.
    init(
        units: Int, name: String, _ family: MatrixInstructions.Family?,
        computeCapability: (major: Int, minor: Int)?
    ) {
        self.units = units
        let kibibyte = 1024
        switch (family, computeCapability) {
        case (.cdna, _):
            (productCycles, registers, localBytes) = (32, 131_072, 64 * kibibyte)
        case (.rdna3, _), (.rdna4, _):
            (productCycles, registers, localBytes) = (32, 98_304, 64 * kibibyte)
        case (.xmx16, _):
            self.units = ceilDiv(units, 8)
            (productCycles, registers, localBytes) = (8, 131_072, 128 * kibibyte)
        case (.xmx8, _):
            self.units = ceilDiv(units, 16)
            (productCycles, registers, localBytes) = (16, 131_072, 128 * kibibyte)
        case (_, .some(let version)) where version.major == 9 || version.major == 10:
            (productCycles, localBytes) = (12.2, 220 * kibibyte)
        case (_, .some(let version)) where version.major > 8 || version.minor > 0:
            // GeForce boards sum in float32 at half the rate.
            productCycles = name.contains("GeForce") ? 64 : 32
            localBytes = 99 * kibibyte
        default:
            (productCycles, localBytes) = (16, 160 * kibibyte)
        }
    }
}

/// The work of a linear layer, to predict its time.
struct MatrixWork: Hashable {
    let rows: Int
    let inputs: Int
    let outputs: Int
    let groups: Int
    let elementBytes: Int
}

extension MatrixProcessor {
    /// The predicted time of a linear layer.
    ///
    /// A compute unit holds several work-groups. In a step of the loop, each resource (matrix
    /// instructions, local memory, instruction issue) is busy for a number of cycles for all of
    /// them together, and a work-group alone waits for its own chain; the longest of these is the
    /// step. The counts are those of the machine code for sm_90.
    ///
    /// - Parameters:
    ///   - work: the layer.
    ///   - tile: the tile.
    /// - Returns: cycles.
    func cycles(of work: MatrixWork, by tile: MatrixTile) -> Double {
        let subgroups = Double(tile.subgroups)
        let products = work.elementBytes == 4 ? 3.0 : 1.0
        let turns = Double(tile.stageDepthBytes / 32 / tile.subgroupsDeep)
        let fragments = Double(tile.fragmentsDown * tile.fragmentsAcross) * turns * products
        let loads = Double(tile.fragmentsDown + tile.fragmentsAcross) * turns
        let copied = Double((tile.rows + tile.columns) * tile.stageDepthBytes / 128)
        // A subgroup runs on one of four schedulers.
        let issue = (2.2 * fragments + loads + 60) * subgroups / 4
        let tensor = fragments * productCycles * subgroups / 4
        let local = loads * subgroups * 4 + copied
        let alone = max(1, 4 / subgroups)
        let chain = max(tensor * alone, issue * alone, latency / Double(tile.stages - 1)) + 60
        let last = Double(tile.fragmentsDown) * 100 * subgroups + 300

        let steps = Double(ceilDiv(work.inputs * work.elementBytes, tile.stageDepthBytes))
        func together(_ groups: Int) -> Double {
            let groups = Double(groups)
            return max(
                latency + 300 + steps * chain + last,
                steps * groups * max(tensor, local, issue) + latency / 2 + last * groups / 2)
        }
        let resident = residentGroups(of: tile)
        let groups =
            ceilDiv(work.rows, tile.rows) * ceilDiv(work.outputs, tile.columns) * work.groups
        let most = ceilDiv(groups, units)
        let rest = most % resident
        return Double(most / resident) * together(resident) + (rest > 0 ? together(rest) : 0)
    }

    /// The work-groups that a compute unit holds: their registers and local memory limit them.
    private func residentGroups(of tile: MatrixTile) -> Int {
        let perItem = 8 * tile.fragmentsDown * tile.fragmentsAcross + 90
        let byRegisters = registers / (perItem * 32 * tile.subgroups)
        let byMemory = localBytes / (tile.localBytes + 1024)
        return max(1, min(byRegisters, byMemory, 16))
    }
}

extension MatrixTile {
    /// The tile with the shortest predicted time; see ``MatrixProcessor/cycles(of:by:)``.
    ///
    /// - Parameters:
    ///   - work: the layer.
    ///   - instructions: the device's matrix instructions.
    ///   - processor: the device.
    /// - Returns: the tile.
    static func fastest(
        for work: MatrixWork, _ instructions: MatrixInstructions, on processor: MatrixProcessor
    ) -> MatrixTile {
        all.filter { $0.runs(on: instructions) }.map { tile in
            (tile: tile, cycles: processor.cycles(of: work, by: tile))
        }.min { $0.cycles < $1.cycles }?.tile ?? .standard
    }
}
