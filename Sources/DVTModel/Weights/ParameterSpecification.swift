public import DVTCore

/// One parameter of a cascade: its stage, name, shape and role.
public struct ParameterSpecification: Hashable, Sendable {
    /// The stage, from 0.
    public let stage: Int
    /// The name within the stage, for example `blocks.0.attn.qkv.weight`.
    public let name: String
    /// The shape.
    public let shape: Shape
    /// Its role in the network.
    public let role: ParameterRole

    package init(stage: Int, name: String, shape: Shape, role: ParameterRole) {
        self.stage = stage
        self.name = name
        self.shape = shape
        self.role = role
    }

    /// Whether it belongs to an MLP that transforms what a stage reuses.
    package var isOfReuse: Bool {
        name.hasPrefix("relation_reuse.") || name.contains(".feature_reuse.")
    }

    /// The same parameter in a model that consists of this stage only.
    var inStageAlone: Self { Self(stage: 0, name: name, shape: shape, role: role) }

    /// The same parameter with another shape.
    package func reshaped(_ shape: Shape) -> Self {
        Self(stage: stage, name: name, shape: shape, role: role)
    }
}

extension CascadeConfiguration {
    /// Every parameter of the cascade, in network order.
    ///
    /// Modules declare their parameters as they are built; here they are built on shapes only.
    public var parameters: [ParameterSpecification] {
        var declared: [ParameterSpecification] = []
        let shapes = ShapeBackend()
        // Neither the closure nor ShapeBackend throws.
        _ = try? DynamicVisionTransformer(self, backend: shapes) { parameter in
            declared.append(parameter)
            return shapes.tensor(parameter.shape)
        }
        return declared
    }
}
