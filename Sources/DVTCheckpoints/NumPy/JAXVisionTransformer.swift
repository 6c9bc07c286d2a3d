package import DVTCore
import DVTSupport

/// The parameters of a plain ViT of the original JAX code, under timm's names and in timm's shapes.
///
/// A Dense layer's kernel is `[inputs, outputs]`, that of the patches `[p, p, C, D]`; query, key and
/// value are `[D, H, D / H]` and their output `[H, D / H, D]`. Parameters of other names, such as an
/// optimizer's state, keep them.
///
/// - SeeAlso: <https://github.com/google-research/vision_transformer>; `_load_weights` in timm's
///   `vision_transformer.py`.
package struct JAXVisionTransformer: StatesHeads {
    /// The path of the file.
    package var origin: String { archive.origin }
    /// Empty: the format has no metadata.
    package var metadata: [String: String] { archive.metadata }
    /// The unit roundoff of the least precise type among the arrays.
    package var roundoff: Double { archive.roundoff }
    /// The shape of each parameter by timm's name.
    package let shapes: [String: Shape]
    /// The number of attention heads, or nil if there are no blocks.
    package let heads: Int?
    private let archive: NumPyArchive
    private let recipes: [String: [JAXParameter]]

    /// Names an archive's parameters as timm does, if they are those of the original JAX code.
    ///
    /// - Parameter archive: the open file.
    /// - Returns: the parameters; the archive itself if its names are others.
    /// - Throws: ``NumPyError`` if they are those of a network other than a plain ViT.
    package static func named(_ archive: NumPyArchive) throws -> any NamedTensors {
        let patches = "embedding/kernel"
        let prefixes = archive.shapes.keys.filter { name in
            name == patches || name.hasSuffix("/" + patches)
        }.map { String($0.dropLast(patches.count)) }
        guard prefixes.count == 1, let prefix = prefixes.first else { return archive }
        do {
            return try Self(archive, prefix: prefix)
        } catch let problem as NumPyError.Problem {
            throw NumPyError(path: archive.origin, problem: problem)
        }
    }

    private init(_ archive: NumPyArchive, prefix: String) throws {
        self.archive = archive
        var recipes: [String: [JAXParameter]] = [:]
        var shapes: [String: Shape] = [:]
        var heads: (count: Int, name: String)?
        for (name, shape) in archive.shapes.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix(prefix) else {
                shapes[name] = shape
                continue
            }
            let own = String(name.dropFirst(prefix.count))
            try Self.check(own)
            guard let parameter = JAXParameter(own, stored: name, shape) else {
                shapes[name] = shape
                continue
            }
            recipes[parameter.timmName, default: []].append(parameter)
            guard let count = parameter.heads else { continue }
            if let heads, heads.count != count {
                throw NumPyError.Problem.headsDiffer(
                    tensor: name, heads: count, others: heads.count)
            }
            heads = (count, name)
        }
        for (name, parts) in recipes {
            if let other = parts.first(where: { $0.shape != parts[0].shape }) {
                throw NumPyError.Problem.shapesDiffer(
                    parts[0].stored, archive.shapes[parts[0].stored]?.dimensions ?? [],
                    other.stored, archive.shapes[other.stored]?.dimensions ?? [])
            }
            recipes[name] = parts.sorted { $0.row < $1.row }
            guard shapes.updateValue(JAXParameter.joined(parts), forKey: name) == nil else {
                throw NumPyError.Problem.repeatedName(name)
            }
        }
        self.shapes = shapes
        self.recipes = recipes
        self.heads = heads?.count
    }

    /// Refuses the signs of networks that are not plain ViTs of that code.
    private static func check(_ name: String) throws(NumPyError.Problem) {
        let parts = name.split(separator: "/")
        let network: String? =
            switch parts.first {
            case "MAPHead_0": "a ViT of big_vision that pools by attention"
            case "pos_embedding": "a ViT of big_vision"
            case "conv_root", "gn_root": "a ResNet before a ViT"
            default:
                parts.contains("encoderblock")
                    ? "a ViT of big_vision with its blocks in one array" : nil
            }
        if let network { throw .otherNetwork(sign: name, network: network) }
    }

    /// Reads one parameter in timm's shape, converted to float32.
    ///
    /// - Parameter name: timm's name, or that in the file if timm has none.
    /// - Returns: the parameter.
    /// - Throws: the archive's error.
    package func tensor(named name: String) throws -> Tensor {
        guard let parts = recipes[name], let shape = shapes[name] else {
            return try archive.tensor(named: name)
        }
        let values = try parts.flatMap { part in
            part.layout.values(try archive.tensor(named: part.stored), as: part.shape)
        }
        return Tensor(shape, values: values)
    }
}

/// A parameter of the original JAX code that is one of timm's, or rows of one.
private struct JAXParameter {
    /// How the elements become timm's.
    enum Layout {
        /// As they are.
        case same
        /// As they are, with one axis instead of two: heads and their width.
        case flat
        /// `[inputs, outputs]` becomes `[outputs, inputs]`.
        case dense
        /// `[inputs, heads, width]` becomes `[outputs, inputs]`.
        case toHeads
        /// `[heads, width, outputs]` becomes `[outputs, inputs]`.
        case fromHeads
        /// `[height, width, inputs, outputs]` becomes `[outputs, inputs, height, width]`.
        case convolution

        /// timm's shape, or nil if the number of axes is another.
        func turned(_ shape: [Int]) -> Shape? {
            // Without zeros the products of some extents are at most the number of elements.
            guard !shape.contains(0) else { return nil }
            return switch (self, shape.count) {
            case (.same, _): Shape(shape)
            case (.flat, 2): [shape[0] * shape[1]]
            case (.dense, 2): [shape[1], shape[0]]
            case (.toHeads, 3): [shape[1] * shape[2], shape[0]]
            case (.fromHeads, 3): [shape[2], shape[0] * shape[1]]
            case (.convolution, 4): [shape[3], shape[2], shape[0], shape[1]]
            default: nil
            }
        }

        /// The elements in timm's order.
        ///
        /// - Parameters:
        ///   - tensor: the parameter of the file.
        ///   - shape: timm's shape.
        /// - Returns: the elements.
        func values(_ tensor: Tensor, as shape: Shape) -> [Float] {
            switch self {
            case .same, .flat: return tensor.values
            case .dense, .toHeads, .fromHeads, .convolution: break
            }
            let (outputs, channels) = (shape[0], shape[1])
            let area = shape.dimensions.dropFirst(2).reduce(1, *)
            return (0..<outputs).flatMap { output in
                (0..<channels).flatMap { channel in
                    (0..<area).map { tensor.values[($0 * channels + channel) * outputs + output] }
                }
            }
        }
    }

    /// timm's name.
    let timmName: String
    /// The name in the file.
    let stored: String
    /// The shape in timm.
    let shape: Shape
    let layout: Layout
    /// The place among the parts of timm's parameter: that of q, k or v.
    let row: Int
    /// The number of heads, if the shape gives it.
    let heads: Int?

    /// The shape of parts that are joined by rows.
    static func joined(_ parts: [Self]) -> Shape {
        let rows = parts.reduce(0) { $0 + ($1.shape.dimensions.first ?? 0) }
        return parts.count == 1
            ? parts[0].shape : Shape([rows] + parts[0].shape.dimensions.dropFirst())
    }
}

extension JAXParameter {
    /// Finds timm's parameter; nil if the name or the number of axes is another.
    ///
    /// - Parameters:
    ///   - name: the name without a prefix.
    ///   - stored: the name in the file.
    ///   - shape: the shape in the file.
    init?(_ name: String, stored: String, _ shape: Shape) {
        self.stored = stored
        let extents = shape.dimensions
        if let (timmName, layout) = Self.outer[name] {
            guard let turned = layout.turned(extents) else { return nil }
            (self.timmName, self.layout, self.shape, row, heads) = (
                timmName, layout, turned, 0, nil
            )
            return
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let block = "encoderblock_"
        guard parts.count >= 4, parts[0] == "Transformer", parts[1].hasPrefix(block),
            let index = Int(parts[1].dropFirst(block.count)), index >= 0,
            let entry = Self.inner[parts[2...].joined(separator: "/")],
            let turned = entry.layout.turned(extents)
        else { return nil }
        timmName = "blocks.\(index).\(entry.name)"
        (layout, self.shape, row) = (entry.layout, turned, entry.row)
        heads = entry.headAxis.map { extents[$0] }
    }

    private static let outer: [String: (String, Layout)] = [
        "cls": ("cls_token", .same),
        "embedding/kernel": ("patch_embed.proj.weight", .convolution),
        "embedding/bias": ("patch_embed.proj.bias", .same),
        "Transformer/posembed_input/pos_embedding": ("pos_embed", .same),
        "Transformer/encoder_norm/scale": ("norm.weight", .same),
        "Transformer/encoder_norm/bias": ("norm.bias", .same),
        "pre_logits/kernel": ("pre_logits.fc.weight", .dense),
        "pre_logits/bias": ("pre_logits.fc.bias", .same),
        "head/kernel": ("head.weight", .dense),
        "head/bias": ("head.bias", .same),
    ]

    private struct Entry {
        let name: String
        let layout: Layout
        var row = 0
        var headAxis: Int?
    }

    /// The parameters of a block.
    private static let inner: [String: Entry] = {
        var entries: [String: Entry] = [:]
        for (theirs, ours) in [("LayerNorm_0", "norm1"), ("LayerNorm_2", "norm2")] {
            entries["\(theirs)/scale"] = Entry(name: "\(ours).weight", layout: .same)
            entries["\(theirs)/bias"] = Entry(name: "\(ours).bias", layout: .same)
        }
        let attention = "MultiHeadDotProductAttention_1"
        for (row, part) in ["query", "key", "value"].enumerated() {
            entries["\(attention)/\(part)/kernel"] = Entry(
                name: "attn.qkv.weight", layout: .toHeads, row: row, headAxis: 1)
            entries["\(attention)/\(part)/bias"] = Entry(
                name: "attn.qkv.bias", layout: .flat, row: row, headAxis: 0)
        }
        entries["\(attention)/out/kernel"] = Entry(
            name: "attn.proj.weight", layout: .fromHeads, headAxis: 0)
        entries["\(attention)/out/bias"] = Entry(name: "attn.proj.bias", layout: .same)
        for layer in 0...1 {
            let ours = "mlp.fc\(layer + 1)"
            entries["MlpBlock_3/Dense_\(layer)/kernel"] = Entry(
                name: "\(ours).weight", layout: .dense)
            entries["MlpBlock_3/Dense_\(layer)/bias"] = Entry(name: "\(ours).bias", layout: .same)
        }
        return entries
    }()
}
