/// The activation after a linear layer.
public enum Activation: String, Sendable, CaseIterable {
    /// The identity.
    case identity
    /// `0.5 x (1 + erf(x / sqrt 2))`, exact.
    case gelu
    /// `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, the tanh approximation of GELU.
    case geluTanh = "gelu-tanh"
    /// `x / (1 + exp(-1.702 x))`, the approximation of GELU in CLIP.
    case quickGELU = "quick-gelu"
}
