import DVTCore

/// ``Backend/linear(_:_:activation:residual:)``, or ``Backend/logits(_:_:)``.
package struct LinearOperation: NetworkOperation {
    package var name: String { isHead ? "logits" : "linear" }
    package let rows: Int
    package let inputs: Int
    package let outputs: Int
    let activation: Activation
    let hasBias: Bool
    let hasResidual: Bool
    let isHead: Bool

    package init(
        rows: Int, inputs: Int, outputs: Int, activation: Activation = .identity,
        hasBias: Bool = true, hasResidual: Bool = false
    ) {
        self.init(
            rows: rows, inputs: inputs, outputs: outputs, activation: activation, hasBias: hasBias,
            hasResidual: hasResidual, isHead: false)
    }

    /// The class scores of `rows` images.
    package init(rows: Int, inputs: Int, classes: Int) {
        self.init(
            rows: rows, inputs: inputs, outputs: classes, activation: .identity, hasBias: true,
            hasResidual: false, isHead: true)
    }

    private init(
        rows: Int, inputs: Int, outputs: Int, activation: Activation, hasBias: Bool,
        hasResidual: Bool, isHead: Bool
    ) {
        self.rows = rows
        self.inputs = inputs
        self.outputs = outputs
        self.activation = activation
        self.hasBias = hasBias
        self.hasResidual = hasResidual
        self.isHead = isHead
    }

    package var sizes: String {
        let extras = [
            hasBias ? "bias" : nil, activation == .identity ? nil : activation.rawValue,
            hasResidual ? "residual" : nil,
        ].compactMap { $0 }
        return (["\(rows)x\(inputs)->\(outputs)"] + extras).joined(separator: " ")
    }
    package var multiplyAdds: Int { rows * inputs * outputs }
    package var byteCount: Int {
        byteSum([rows, inputs], [outputs, inputs], [hasResidual ? 2 : 1, rows, outputs])
    }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", [rows, inputs]))
        let layer = try linearInput(
            "map", from: inputs, to: outputs, hasBias: hasBias, on: backend)
        let residual = hasResidual ? try backend.upload(input("residual", [rows, outputs])) : nil
        return {
            guard !isHead else { return [try backend.logits(x, layer)] }
            return [try backend.linear(x, layer, activation: activation, residual: residual)]
        }
    }
}

/// ``Backend/layerNorm(_:appending:_:)``.
package struct LayerNormOperation: NetworkOperation {
    package let name = "layerNorm"
    let rows: Int
    let width: Int
    let appended: Int

    package init(rows: Int, width: Int, appended: Int = 0) {
        self.rows = rows
        self.width = width
        self.appended = appended
    }

    /// A row of one element is always normalized to 0.
    package var hasGradient: Bool { width + appended > 1 }
    package var sizes: String { "\(rows)x\(width)" + (appended > 0 ? "+\(appended)" : "") }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([2, rows + 1, width + appended]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        // With a large mean, a one-pass variance would lose precision.
        let x = try backend.upload(input("x", [rows, width], offset: 3))
        let features =
            appended > 0 ? try backend.upload(input("features", [rows, appended])) : nil
        let norm = try normInput("norm", width: width + appended, on: backend)
        return { [try backend.layerNorm(x, appending: features, norm)] }
    }
}

/// ``Backend/linear(normalizing:appending:_:_:activation:)``.
package struct NormalizedLinearOperation: NetworkOperation {
    package let name = "normalizedLinear"
    let rows: Int
    let width: Int
    let appended: Int
    let outputs: Int
    let activation: Activation

    package init(
        rows: Int, width: Int, appended: Int = 0, outputs: Int, activation: Activation = .identity
    ) {
        self.rows = rows
        self.width = width
        self.appended = appended
        self.outputs = outputs
        self.activation = activation
    }

    private var inputs: Int { width + appended }
    package var sizes: String {
        "\(rows)x\(width)\(appended > 0 ? "+\(appended)" : "")->\(outputs)"
            + (activation == .identity ? "" : " \(activation.rawValue)")
    }
    package var multiplyAdds: Int { rows * inputs * outputs }
    package var byteCount: Int { byteSum([rows, inputs], [outputs, inputs], [rows, outputs]) }

    package func prepare<B: Backend>(on backend: B) throws -> () throws -> [B.DeviceTensor] {
        // With a large mean, a one-pass variance would lose precision.
        let x = try backend.upload(input("x", [rows, width], offset: 3))
        let features =
            appended > 0 ? try backend.upload(input("features", [rows, appended])) : nil
        let norm = try normInput("norm", width: inputs, on: backend)
        let layer = try linearInput("map", from: inputs, to: outputs, hasBias: true, on: backend)
        return {
            [
                try backend.linear(
                    normalizing: x, appending: features, norm, layer, activation: activation)
            ]
        }
    }
}
