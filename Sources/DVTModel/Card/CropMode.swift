/// How an image that is not square becomes a square; the names in parentheses are timm's.
public enum CropMode: String, CaseIterable, Sendable {
    /// The shorter side is resized, and the center square is kept (`center`).
    case center
    /// Both sides are resized to the same length, and the center square is kept (`squash`).
    case squash
    /// The longer side is resized, and the rest is filled with the mean color (`border`).
    case pad
    /// Both sides are resized to the model's input; nothing is cut off (`squash` with a crop
    /// fraction of 1).
    case none
}
