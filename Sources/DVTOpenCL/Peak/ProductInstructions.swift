package import OpenCLRuntime

/// The instructions of a device for products, whose peak rates ``PeakMeter`` measures.
package struct ProductInstructions {
    /// How bfloat16 numbers are multiplied in pairs, or nil if there is no instruction.
    let dot: BFloat16Dot?
    /// Those for fragments of 16-bit numbers, or nil.
    let matrix16: MatrixInstructions?
    /// Those for fragments of float32 numbers, or nil.
    let matrix32: MatrixInstructions?

    init(
        dot: BFloat16Dot? = nil, matrix16: MatrixInstructions? = nil,
        matrix32: MatrixInstructions? = nil
    ) {
        self.dot = dot
        self.matrix16 = matrix16
        self.matrix32 = matrix32
    }

    /// Those that work on a device.
    ///
    /// - Parameters:
    ///   - context: the device's context.
    ///   - isEmulated: whether emulated matrix instructions count, if the environment selects them.
    package init(on context: Context, emulated isEmulated: Bool = false) {
        func matrix(_ precision: Precision) -> MatrixInstructions? {
            guard let found = Arithmetic(precision, .tile, on: context).instructions else {
                return nil
            }
            return isEmulated || !found.isEmulation ? found : nil
        }
        self.init(
            dot: BFloat16Dot.problem(on: context) == nil ? .native : nil,
            matrix16: matrix(.float16), matrix32: matrix(.float32))
    }

    /// What is measured besides the rates of every device.
    package var quantities: [PeakMeasurement.Quantity] {
        (dot == nil ? [] : [.bfloat16Dot]) + (matrix16 == nil ? [] : [.matrix16])
            + (matrix32 == nil ? [] : [.matrix32])
    }
}
