import DVTAutodiff
import DVTCore

/// ``DifferentiableBackend/activate(_:_:)`` and its gradient.
package struct ActivationOperation: Operation {
    package let name = "activate"
    let count: Int
    let activation: Activation

    package init(count: Int, activation: Activation) {
        self.count = count
        self.activation = activation
    }

    package var sizes: String { "\(count) \(activation.rawValue)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([5, count]) }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let z = try backend.upload(input("z", [count], scale: 4))
        let dy = try backend.upload(input("dy", [count]))
        return {
            [
                try backend.activate(z, activation),
                try backend.activationGradient(dy, at: z, activation),
            ]
        }
    }
}

/// ``DifferentiableBackend/crossEntropy(_:targets:weight:)``.
package struct CrossEntropyOperation: Operation {
    package let name = "crossEntropy"
    let batch: Int
    let classes: Int

    package init(batch: Int, classes: Int) {
        self.batch = batch
        self.classes = classes
    }

    package var sizes: String { "B=\(batch) classes=\(classes)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([3, batch, classes], [batch]) }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let logits = try backend.uploadFloat32(input("logits", [batch, classes], scale: 4))
        let targets = try backend.uploadFloat32(
            input("targets", [batch, classes], scale: 0.05, offset: 0.1))
        return {
            let result = try backend.crossEntropy(
                logits, targets: targets, weight: 1 / Float(batch))
            return [result.losses, result.gradient]
        }
    }
}

/// ``DifferentiableBackend/adamW(_:roundedTo:gradient:moments:_:)``,
/// ``DifferentiableBackend/updateAverage(_:with:decay:)`` and
/// ``DifferentiableBackend/rounded(_:)``; the first two change tensors in place, so each run starts
/// from copies.
package struct AdamWOperation: Operation {
    package let name = "adamW"
    let count: Int

    package init(count: Int) {
        self.count = count
    }

    package var sizes: String { "\(count)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([10, count]) }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let shape: Shape = [1, count]
        let zeros = try backend.uploadFloat32(Tensor(shape, repeating: 0))
        let inputs = try ["parameter", "first", "average"].map {
            try backend.uploadFloat32(input($0, shape))
        }
        let second = try backend.uploadFloat32(input("second", shape, scale: 0.4, offset: 0.5))
        let gradient = try backend.uploadFloat32(input("gradient", shape))
        let step = AdamWStep(index: 3, rate: 0.01, decay: 0.05, scale: 0.5)
        return {
            let copies = try inputs.map { try backend.sum($0, zeros) }
            let moment = try backend.sum(second, zeros)
            let rounded = try backend.rounded(copies[0])
            try backend.adamW(
                copies[0], roundedTo: rounded, gradient: gradient, moments: (copies[1], moment),
                step)
            try backend.updateAverage(copies[2], with: copies[0], decay: 0.99)
            return copies + [moment, rounded]
        }
    }
}

/// ``DifferentiableBackend/squaredNorm(_:)``.
package struct SquaredNormOperation: Operation {
    package let name = "squaredNorm"
    let counts: [Int]

    package init(counts: [Int]) {
        self.counts = counts
    }

    package var sizes: String { counts.map(String.init).joined(separator: "+") }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([counts.reduce(0, +)]) }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let tensors = try counts.enumerated().map {
            try backend.upload(input("x\($0.offset)", [$0.element]))
        }
        return {
            let norm = try backend.squaredNorm(tensors)
            return [try backend.upload(Tensor([1], values: [Float(norm)]))]
        }
    }
}

/// ``DifferentiableBackend/dropout(_:_:)`` and ``DifferentiableBackend/scaled(_:byImage:)``.
package struct DropoutOperation: Operation {
    package let name = "dropout"
    let batch: Int
    let width: Int

    package init(batch: Int, width: Int) {
        self.batch = batch
        self.width = width
    }

    package var sizes: String { "B=\(batch) D=\(width)" }
    package var multiplyAdds: Int { 0 }
    package var byteCount: Int { byteSum([4, batch, width]) }

    package func prepare<B: DifferentiableBackend>(
        on backend: B
    ) throws -> () throws -> [B.DeviceTensor] {
        let x = try backend.upload(input("x", [batch, width]))
        let factors = try backend.upload(input("factors", [batch]))
        return {
            [
                try backend.dropout(x, DropoutMask(rate: 0.3, seed: 5)),
                try backend.scaled(x, byImage: factors),
            ]
        }
    }
}
