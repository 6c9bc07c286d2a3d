extension AugmentationConfiguration {
    /// Throws ``TrainingInputError/invalidAugmentation(setting:value:allowed:)`` for a setting out
    /// of range.
    func check() throws(TrainingInputError) {
        try crop.check()
        try checkProbability(flipProbability, "the flip's probability")
        try randAugment?.check()
        try erasing?.check()
        try mixing?.check()
        try require(
            (0..<1).contains(labelSmoothing), "label smoothing", labelSmoothing, "0 to below 1")
    }
}

extension TrainingCrop {
    fileprivate func check() throws(TrainingInputError) {
        switch self {
        case .center: break
        case .padded(let pixels):
            // Larger values only add black images.
            try require((0...1024).contains(pixels), "the crop's padding", pixels, "0 to 1024")
        case .resized(let area, let aspectRatio):
            try checkParts(area, "the crop's area")
            try checkRatios(aspectRatio, "the crop's width / height")
        }
    }
}

extension RandAugment {
    fileprivate func check() throws(TrainingInputError) {
        try require((0...100).contains(layers), "RandAugment's layers", layers, "0 to 100")
        for (value, setting) in [(magnitude, "magnitude"), (magnitudeDeviation, "deviation")] {
            try require((0...10).contains(value), "RandAugment's \(setting)", value, "0 to 10")
        }
        try checkProbability(probability, "RandAugment's probability")
    }
}

extension RandomErasing {
    fileprivate func check() throws(TrainingInputError) {
        try checkProbability(probability, "random erasing's probability")
        try checkParts(area, "random erasing's area")
        try checkRatios(aspectRatio, "random erasing's height / width")
    }
}

extension BatchMixing {
    fileprivate func check() throws(TrainingInputError) {
        for (alpha, setting) in [(mixupAlpha, "mixup's alpha"), (cutmixAlpha, "cutmix's alpha")] {
            // Far below 0.01 gamma variates underflow to 0, and a share would be 0 / 0.
            try require(
                alpha == 0 || (0.01...100).contains(alpha), setting, alpha,
                "0 (off) or 0.01 to 100")
        }
        try checkProbability(probability, "mixing's probability")
        try checkProbability(switchProbability, "the probability of cutmix")
    }
}

private func checkProbability(_ value: Double, _ setting: String) throws(TrainingInputError) {
    try require((0...1).contains(value), setting, value, "0 to 1")
}

private func checkParts(
    _ range: ClosedRange<Double>, _ setting: String
) throws(TrainingInputError) {
    try require(range.lowerBound > 0 && range.upperBound <= 1, setting, range, "above 0 to 1")
}

private func checkRatios(
    _ range: ClosedRange<Double>, _ setting: String
) throws(TrainingInputError) {
    try require(
        range.lowerBound >= 0.01 && range.upperBound <= 100, setting, range, "0.01 to 100")
}

private func require(
    _ isValid: Bool, _ setting: String, _ value: some Any, _ allowed: String
) throws(TrainingInputError) {
    guard !isValid else { return }
    throw .invalidAugmentation(setting: setting, value: "\(value)", allowed: allowed)
}
