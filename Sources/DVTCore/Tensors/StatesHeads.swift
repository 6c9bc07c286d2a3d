/// A source of named tensors whose shapes also give the number of attention heads.
package protocol StatesHeads: NamedTensors {
    /// The number of heads, or nil if there are none.
    var heads: Int? { get }
}
