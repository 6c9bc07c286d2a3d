/// The coarse relations that an attention adds to its logits, resampling them as it goes.
public struct ReusedRelations<DeviceTensor> {
    /// All blocks' transformed relations, `[B, LH, S, S]`.
    public let coarse: DeviceTensor
    /// The first of the H channels that belong to this block.
    public let channel: Int
    /// From the coarse grid to this stage's.
    public let resampling: GridResampling

    /// Creates the description.
    ///
    /// - Parameters:
    ///   - coarse: `[B, LH, S, S]`.
    ///   - channel: the block's first channel.
    ///   - resampling: from the coarse grid to this one.
    public init(coarse: DeviceTensor, channel: Int, resampling: GridResampling) {
        self.coarse = coarse
        self.channel = channel
        self.resampling = resampling
    }
}

/// Where an attention writes its logits for a later stage.
public struct KeptRelations<DeviceTensor> {
    /// All blocks' logits, `[B, LH, T, T]`; from ``Backend/makeRelations(batch:channels:tokens:)``.
    public let store: DeviceTensor
    /// The first of the H channels that this block writes.
    public let channel: Int

    /// Creates the description.
    ///
    /// - Parameters:
    ///   - store: `[B, LH, T, T]`.
    ///   - channel: the block's first channel.
    public init(store: DeviceTensor, channel: Int) {
        self.store = store
        self.channel = channel
    }
}
