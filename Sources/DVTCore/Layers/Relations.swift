/// The coarse relations that attention resamples and adds to its logits.
public struct ReusedRelations<DeviceTensor> {
    /// The transformed relations of all blocks, `[B, LH, S, S]`.
    public let coarse: DeviceTensor
    /// The first of the H channels that belong to this block.
    public let channel: Int
    /// From the coarse grid to this stage's.
    public let resampling: GridResampling

    /// Creates a reference to one block's relations.
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

/// The store that attention writes its logits to, for a later stage.
public struct KeptRelations<DeviceTensor> {
    /// The logits of all blocks, `[B, LH, T, T]`.
    ///
    /// Allocated by ``Backend/makeRelations(batch:channels:tokens:)``.
    public let store: DeviceTensor
    /// The first of the H channels that this block writes.
    public let channel: Int

    /// Creates a reference to one block's relations.
    ///
    /// - Parameters:
    ///   - store: `[B, LH, T, T]`.
    ///   - channel: the block's first channel.
    public init(store: DeviceTensor, channel: Int) {
        self.store = store
        self.channel = channel
    }
}
