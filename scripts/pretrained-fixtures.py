#!/usr/bin/env python3
"""Writes the fixtures of the tests of pretrained models: small networks of timm and transformers, and
one under the names of the original JAX code, as timm loads it.

    python3 -m venv env && env/bin/pip install torch timm transformers safetensors
    env/bin/python scripts/pretrained-fixtures.py [NAME ...]

A fixture has the descriptions of a model's folder as the library writes them, the name and shape of
each tensor, and the logits that the library computes for four synthetic images in float64, or the
features where there is no head. A tensor's values are `offset + scale u(name, seed 1)`, see
`Tensor.uniform`, so that they need not be stored.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

import numpy as np
import safetensors.numpy
import timm
import timm.models
import torch
import transformers

from synthetic_images import images, uniform

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / (
    "Tests/DVTEvaluationTests/Fixtures/Pretrained")


def distribution(name: str, shape: list[int]) -> tuple[float, float]:
    """The offset and scale of a tensor's values: large enough that a wrong formula shows."""
    if any(part in name for part in ("ls1", "ls2", "gamma", "lambda")):
        return 0.5, 0.4
    if len(shape) == 1 or name.endswith("/bias"):
        return (1.0 if name.endswith(("weight", "scale")) else 0.0), 0.2
    if name == "cls" or any(part in name for part in ("token", "pos_embed", "position")):
        return 0.0, 0.5
    if name.endswith("/kernel"):
        outputs = 2 if any(part in name for part in ("query", "key", "value")) else 1
        fan_in = int(np.prod(shape[:-outputs]))
    else:
        fan_in = int(np.prod(shape[1:]))
    is_patches = "patch_embed" in name or name == "embedding/kernel"
    return 0.0, round(1.7 * (3.0 if is_patches else 1.0) / fan_in**0.5, 4)


def small(architecture: str, **more: object) -> tuple[str, str, dict[str, object]]:
    """A small network of timm's class."""
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2,
             "num_classes": 10}
    return "timm", architecture, sizes | more


def transformer(kind: str, **more: object) -> tuple[str, str, dict[str, object]]:
    """A small network of transformers."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
             "intermediate_size": 64, "image_size": 32, "patch_size": 8, "num_labels": 10}
    return "transformers", kind, sizes | more


def backbone(kind: str, **more: object) -> tuple[str, str, dict[str, object]]:
    """A small network of transformers without a head."""
    _, _, sizes = transformer(kind, **more)
    del sizes["num_labels"]
    return "backbone", kind, sizes


MODELS = {
    "vit": small("vit_small_patch16_224"),
    "vit_six_heads": small("vit_small_patch16_224", embed_dim=96, num_heads=6),
    "vit_layer_scale": small("vit_small_patch16_224", init_values=1e-5),
    "vit_average": small("vit_small_patch16_224", global_pool="avg"),
    "vit_average_norm": small("vit_small_patch16_224", global_pool="avg", fc_norm=False),
    "vit_token_fc_norm": small("vit_small_patch16_224", fc_norm=True),
    "vit_without_class_token": small("vit_medium_patch16_gap_240"),
    "vit_registers_alone": small("vit_medium_patch16_reg4_gap_256"),
    "vit_without_qkv_bias": small("vit_small_patch16_224", qkv_bias=False),
    "vit_mlp_ratio": small("vit_small_patch16_224", mlp_ratio=2.5),
    "vit_clip": small("vit_base_patch16_clip_224"),
    "vit_clip_quickgelu": small("vit_base_patch16_clip_quickgelu_224"),
    "vit_dinov2": small("vit_small_patch14_dinov2"),
    "vit_registers": small("vit_small_patch14_reg4_dinov2"),
    "vit_registers_enlarged": small("vit_small_patch14_reg4_dinov2"),
    "vit_reduced": small("vit_small_patch16_224", img_size=72),
    "vit_siglip": small("vit_base_patch16_siglip_224"),
    "vit_siglip_gap": small("vit_base_patch16_siglip_gap_224"),
    "vit_backbone": small("vit_small_patch16_224", num_classes=0),
    "deit_distilled": small("deit_small_distilled_patch16_224"),
    "deit3": small("deit3_small_patch16_224"),
    "hf_vit": transformer("ViT"),
    "hf_vit_tanh": transformer("ViT", hidden_act="gelu_new", qkv_bias=False),
    "hf_deit": transformer("DeiT"),
    "hf_deit_teacher": transformer("DeiT"),
    "hf_dinov2": transformer("Dinov2"),
    "hf_dinov2_resampled": transformer("Dinov2", image_size=56),
    "hf_dinov2_registers": transformer("Dinov2WithRegisters"),
    "hf_dinov2_backbone": backbone("Dinov2"),
    "hf_clip_vision": backbone("CLIPVision"),
    "hf_siglip_vision": backbone("SiglipVision"),
    "hf_clip": backbone("CLIP"),
}


# The side of the images where it is not that of the model.
IMAGE_SIZES = {"vit_registers_enlarged": 48, "vit_reduced": 32}


def save(name: str, folder: pathlib.Path) -> type | None:
    """Saves a model as its library does; returns transformers' class."""
    library, kind, arguments = MODELS[name]
    if library == "timm":
        model = timm.create_model(kind, pretrained=False, **arguments)
        others = {key: value for key, value in arguments.items() if key != "num_classes"}
        timm.models.save_for_hf(
            model, folder, safe_serialization=True,
            model_config={"architecture": kind, "num_classes": arguments["num_classes"],
                          "model_args": others})
        return None
    if library == "backbone":
        return save_backbone(kind, arguments, folder)
    suffix = "ForImageClassification" + ("WithTeacher" if name.endswith("teacher") else "")
    made = getattr(transformers, kind + suffix)
    made(getattr(transformers, kind + "Config")(**arguments)).save_pretrained(folder)
    if "Dinov2" in kind:
        processor = transformers.BitImageProcessor(
            size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32})
    else:
        processor = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    processor.save_pretrained(folder)
    return made


def save_backbone(kind: str, arguments: dict[str, object], folder: pathlib.Path) -> type:
    """Saves a network without a head; CLIP has a text tower too."""
    configuration = getattr(transformers, kind + "Config")
    if kind == "CLIP":
        text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                "intermediate_size": 16, "vocab_size": 7, "max_position_embeddings": 5}
        made = configuration(vision_config=arguments, text_config=text, projection_dim=8)
    else:
        made = configuration(**arguments)
    model = getattr(transformers, kind + "Model")
    model(made).save_pretrained(folder)
    if "CLIP" in kind or "Dinov2" in kind:
        processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32})
    else:
        processor = transformers.SiglipImageProcessor(size={"height": 32, "width": 32})
    processor.save_pretrained(folder)
    return model


def fill(path: pathlib.Path) -> dict[str, list[object]]:
    """Replaces the values of a checkpoint; returns the shape, offset and scale by name."""
    tensors = safetensors.numpy.load_file(path)
    described, filled = {}, {}
    for name, tensor in tensors.items():
        offset, scale = distribution(name, list(tensor.shape))
        values = np.float32(offset) + np.float32(scale) * uniform(name, tensor.size)
        filled[name] = values.reshape(tensor.shape).astype(np.float32)
        described[name] = [list(tensor.shape), offset, scale]
    safetensors.numpy.save_file(filled, path)
    return described


def logits(name: str, folder: pathlib.Path, made: type | None) -> torch.Tensor:
    """The logits of a filled model, or its features without a head, in float64."""
    if made is None:
        _, kind, arguments = MODELS[name]
        arguments = arguments | {"img_size": IMAGE_SIZES.get(name, arguments["img_size"])}
        model = timm.create_model(kind, pretrained=False, **arguments)
        tensors = {
            key: torch.from_numpy(value)
            for key, value in safetensors.numpy.load_file(folder / "model.safetensors").items()}
        filtered = timm.models.vision_transformer.checkpoint_filter_fn(tensors, model)
        model.load_state_dict(filtered)
    else:
        model = made.from_pretrained(folder)
    x = torch.from_numpy(images(4, IMAGE_SIZES.get(name, 32))).double()
    with torch.inference_mode():
        model = model.eval().double()
        if MODELS[name][0] == "backbone":
            seen = getattr(model, "vision_model", model)(x)
            # As Dinov2ForImageClassification joins them.
            if MODELS[name][1] == "Dinov2":
                rows = seen.last_hidden_state
                return torch.cat([rows[:, 0], rows[:, 1:].mean(1)], 1)
            return seen.pooler_output
        result = model(x)
    return result if torch.is_tensor(result) else result.logits


def jax_shapes(width: int, depth: int, heads: int, patch: int, tokens: int) -> dict[str, list[int]]:
    """The parameters of google-research/vision_transformer's ViT with ten classes."""
    shapes = {
        "cls": [1, 1, width], "embedding/kernel": [patch, patch, 3, width],
        "embedding/bias": [width], "Transformer/posembed_input/pos_embedding": [1, tokens, width],
        "Transformer/encoder_norm/scale": [width], "Transformer/encoder_norm/bias": [width],
        "head/kernel": [width, 10], "head/bias": [10]}
    for index in range(depth):
        block = f"Transformer/encoderblock_{index}"
        for norm in ("LayerNorm_0", "LayerNorm_2"):
            shapes |= {f"{block}/{norm}/scale": [width], f"{block}/{norm}/bias": [width]}
        attention = f"{block}/MultiHeadDotProductAttention_1"
        for part in ("query", "key", "value"):
            shapes |= {f"{attention}/{part}/kernel": [width, heads, width // heads],
                       f"{attention}/{part}/bias": [heads, width // heads]}
        shapes |= {f"{attention}/out/kernel": [heads, width // heads, width],
                   f"{attention}/out/bias": [width]}
        for layer, (inputs, outputs) in enumerate([(width, 4 * width), (4 * width, width)]):
            shapes |= {f"{block}/MlpBlock_3/Dense_{layer}/kernel": [inputs, outputs],
                       f"{block}/MlpBlock_3/Dense_{layer}/bias": [outputs]}
    return shapes


def save_jax() -> None:
    """Writes the fixture of the original JAX code, loaded by timm from an npz file."""
    described, arrays = {}, {}
    for name, shape in jax_shapes(width=32, depth=2, heads=2, patch=8, tokens=17).items():
        offset, scale = distribution(name, shape)
        values = np.float32(offset) + np.float32(scale) * uniform(name, int(np.prod(shape)))
        arrays[name] = values.reshape(shape).astype(np.float32)
        described[name] = [shape, offset, scale]
    _, kind, arguments = small("vit_small_patch16_224")
    model = timm.create_model(kind, pretrained=False, **arguments)
    with tempfile.TemporaryDirectory() as path:
        file = pathlib.Path(path) / "vit.npz"
        np.savez(file, **arrays)
        model.load_pretrained(file)
    with torch.inference_mode():
        result = model.eval().double()(torch.from_numpy(images(4, 32)).double()).tolist()
    rows = [[float(f"{value:.9g}") for value in row] for row in result]
    fixture = {"tensors": described, "logits": rows}
    (FIXTURES / "jax_vit.json").write_text(json.dumps(fixture, sort_keys=True) + "\n")
    print(f"jax_vit: {len(described)} tensors, classes {np.argmax(rows, axis=1)}")


def main() -> None:
    """Writes the fixtures that are named, or all."""
    torch.manual_seed(1)
    FIXTURES.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:] or [*MODELS, "jax_vit"]
    if "jax_vit" in names:
        save_jax()
    for name in [name for name in names if name != "jax_vit"]:
        with tempfile.TemporaryDirectory() as path:
            folder = pathlib.Path(path)
            made = save(name, folder)
            tensors = fill(folder / "model.safetensors")
            fixture = {
                "files": {
                    file: json.loads((folder / file).read_text())
                    for file in ("config.json", "preprocessor_config.json")
                    if (folder / file).exists()},
                "tensors": tensors,
                "logits": [
                    [float(f"{value:.9g}") for value in row]
                    for row in logits(name, folder, made).tolist()],
            }
        if MODELS[name][0] == "backbone" or MODELS[name][2].get("num_classes") == 0:
            fixture["features"] = fixture.pop("logits")
        if name in IMAGE_SIZES:
            fixture["image_size"] = IMAGE_SIZES[name]
        (FIXTURES / f"{name}.json").write_text(json.dumps(fixture, sort_keys=True) + "\n")
        rows = fixture.get("logits") or fixture["features"]
        print(f"{name}: {len(tensors)} tensors, largest "
              f"{[max(range(len(row)), key=row.__getitem__) for row in rows]}")


if __name__ == "__main__":
    main()
