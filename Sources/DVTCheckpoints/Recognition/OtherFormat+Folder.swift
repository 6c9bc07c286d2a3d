/// Folders that other programs save.
extension OtherFormat {
    /// Recognizes a folder without `config.json`.
    ///
    /// - Parameter holds: whether the folder holds a file of this name.
    /// - Returns: what it is, or nil.
    static func folder(_ holds: (String) -> Bool) -> OtherFormat? {
        if holds("saved_model.pb") { return convertible("is a TensorFlow SavedModel") }
        if holds("_CHECKPOINT_METADATA") || holds("manifest.ocdbt") {
            return convertible("is a checkpoint of Orbax, as Flax saves")
        }
        if holds("zero_to_fp32.py") {
            return OtherFormat(
                statement: "is a checkpoint of DeepSpeed in parts",
                remedy: "join them with python zero_to_fp32.py, which is in the folder")
        }
        if holds(".metadata") {
            return OtherFormat(
                statement: "is a distributed checkpoint of PyTorch in parts",
                remedy: """
                    join them with python -m torch.distributed.checkpoint.format_utils \
                    dcp_to_torch
                    """)
        }
        return nil
    }

    /// Recognizes weights of other frameworks in a folder with `config.json`.
    ///
    /// - Parameter holds: whether the folder holds a file of this name.
    /// - Returns: what the weights are, or nil.
    static func weightsOfFolder(_ holds: (String) -> Bool) -> OtherFormat? {
        let others = [
            ("flax_model.msgpack", "Flax"), ("tf_model.h5", "TensorFlow"), ("model.onnx", "ONNX"),
            ("adapter_model.safetensors", "an adapter (PEFT)"),
        ]
        guard let (file, framework) = others.first(where: { holds($0.0) }) else { return nil }
        return OtherFormat(
            statement: "has the weights of \(framework) only (\(file))",
            remedy: """
                download model.safetensors or pytorch_model.bin too, or load the model in \
                transformers and save it with save_pretrained
                """)
    }
}
