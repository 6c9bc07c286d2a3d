#!/usr/bin/env python3
"""Compares exported models in other programs with dvt's reference, see scripts/check-export.sh.

    check-export.py DVT [MODEL ...]

Every model is exported to each target that has such networks. The logits of seeded images, computed
by the target, are compared with the reference, whose sums are in float64, by `dvt parity`. The
pixels of a photo, prepared by the library as the exported folder says, are compared with those of
`dvt preprocess`. Prints a table; the exit code is 1 if a distance is too large.
"""

from __future__ import annotations

import json
import logging
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import openvino
import PIL.Image
import safetensors.numpy
import timm
import torch
import transformers

from synthetic_images import images, uniform

BATCH = 4
# The largest relative L2 norm of the difference of logits. The targets compute in float32 with their
# own order of sums, and the reference's sums are in float64: 1.2e-6 is the distance of PyTorch's
# float32 from its float64 results over dvt's models, and weights that an export folds are rounded
# once more.
LIMIT = 1.5e-6
# The largest difference of a pixel, in steps of 8-bit values before normalization. timm resizes with
# Pillow as dvt does; transformers resizes with torchvision, whose weights and sums are rounded
# otherwise.
STEPS = {"timm": 0.01, "transformers": 2.01}

Arrays = list[np.ndarray]


class Result(NamedTuple):
    """What a library computes: logits, a photo's pixels, and the deviation that scaled these."""

    logits: np.ndarray
    pixels: np.ndarray
    deviation: list[float]


class Model(NamedTuple):
    """A model: the arguments that name it, its targets, and its description, if it needs one."""

    arguments: list[str]
    targets: list[str]
    description: dict[str, object] | None = None


def plain(
    targets: list[str], normalization: dict[str, object] | None = None, **entries: object
) -> Model:
    """A small network of one stage with synthetic weights."""
    stage = {"width": 64, "depth": 3, "heads": 4, "patch": 8} | entries
    return Model(
        ["synthetic:1"], targets,
        {"image_size": 32, "classes": 10, "labels": "cifar10", "stages": [stage],
         "normalization": normalization or {"crop_fraction": 0.875}})


def named(name: str, targets: list[str]) -> Model:
    """A model of dvt with synthetic weights."""
    return Model(["synthetic:1", "--model", name], targets)


EVERY = ["onnx", "timm", "transformers"]
COLORS = {"mean": [0.51, 0.41, 0.29], "std": [0.2, 0.25, 0.3], "interpolation": "bilinear"}
MODELS = {
    "dvt-cifar10": Model(["dvt-cifar10"], ["onnx"]),
    "tiny-deit": named("tiny-deit", ["onnx"]),
    "mindspore-tiny": named("mindspore-tiny", ["onnx"]),
    "tiny-t2t": named("tiny-t2t", ["onnx"]),
    "tiny-t2t-transformer": named("tiny-t2t-transformer", ["onnx"]),
    "vit_tiny_patch16_224": named("vit_tiny_patch16_224", EVERY),
    "deit_tiny_distilled_patch16_224": named("deit_tiny_distilled_patch16_224", EVERY),
    "plain": plain(EVERY),
    "without-qkv-bias": plain(EVERY, qkv_bias=False, mlp_width=160, activation="gelu-tanh"),
    "deit-one-head": plain(["onnx", "transformers"], prefix_tokens=2),
    "average-registers": plain(
        ["onnx", "timm"], prefix_tokens=5, pooling="average", normalizes_pooled=True),
    "average": plain(["onnx", "timm"], prefix_tokens=0, pooling="average"),
    "clip": plain(
        ["onnx", "timm"], normalizes_embedding=True, layer_norm_epsilon=1e-5,
        activation="quick-gelu"),
    "learned-query": plain(["onnx"], prefix_tokens=0, pooling="attention"),
    "several-sizes": Model(
        ["synthetic:1", "--model", "vit_tiny_patch16_224", "--image-size", "96,224"], ["onnx"]),
    "epsilon": plain(["onnx", "transformers"], layer_norm_epsilon=1e-12),
    "squashed": plain(
        ["timm", "transformers"], COLORS | {"crop": "squash", "crop_fraction": 0.8}),
    "whole": plain(["timm", "transformers"], COLORS | {"crop": "none"}),
    "bordered": plain(["timm"], COLORS | {"crop": "pad", "crop_fraction": 1}),
    "dinov2": plain(["onnx", "transformers"], pooling="class-token-and-average"),
    "dinov2-registers": plain(
        ["onnx", "transformers"], pooling="class-token-and-average", prefix_tokens=5),
}


def stage_files(folder: pathlib.Path, name: str) -> list[pathlib.Path]:
    """The file of one stage or, in order, those of all."""
    alone = folder / name
    return [alone] if alone.exists() else sorted(folder.glob(f"stage*{alone.suffix}"))


def run_onnx(
    folder: pathlib.Path, load: Callable[[pathlib.Path], Callable[[dict], dict]]
) -> Arrays:
    """The logits of every stage: outputs are passed on under the names of inputs."""
    logits, kept = [], {}
    for path in stage_files(folder, "model.onnx"):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        extents = model.graph.input[0].type.tensor_type.shape.dim
        inputs = {"pixels": images(BATCH, extents[2].dim_value)} | {
            f"reused_{name}": value for name, value in kept.items()}
        assert set(inputs) == {entry.name for entry in model.graph.input}, path
        run = load(path)
        outputs = run(inputs)
        # Any batch is taken: an image alone has the same logits.
        first = run({name: value[1:2] for name, value in inputs.items()})
        np.testing.assert_allclose(
            first["logits"], outputs["logits"][1:2], rtol=1e-4, atol=1e-4)
        logits.append(outputs.pop("logits"))
        kept = outputs
    return logits


def onnx_runtime(path: pathlib.Path) -> Callable[[dict], dict]:
    """A session of ONNX Runtime."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))


def open_vino(path: pathlib.Path) -> Callable[[dict], dict]:
    """A model of OpenVINO on the CPU, in float32."""
    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [output.name for output in onnx.load(path).graph.output]

    def run(inputs: dict) -> dict:
        results = compiled(inputs)
        # OpenVINO's memory, which the next call may write.
        return {name: results[name].copy() for name in names}

    return run


def run_timm(folder: pathlib.Path, photo: PIL.Image.Image) -> Result:
    """Runs a folder of timm, whose loading is strict."""
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = timm.data.resolve_model_data_config(model)
    pixels = torch.from_numpy(images(BATCH, config["input_size"][1]))
    with torch.inference_mode():
        logits = model(pixels).numpy()
    return Result(logits, timm.data.create_transform(**config)(photo).numpy(), config["std"])


def run_transformers(folder: pathlib.Path, photo: PIL.Image.Image) -> Result:
    """Runs a folder of transformers, all of whose tensors are used."""
    model, loading = transformers.AutoModelForImageClassification.from_pretrained(
        folder, output_loading_info=True)
    faults = {key: value for key, value in loading.items() if value}
    if faults:
        sys.exit(f"check-export.py: {folder}: {faults}")
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    pixels = torch.from_numpy(images(BATCH, model.config.image_size))
    with torch.inference_mode():
        logits = model.eval()(pixels).logits.numpy()
    prepared = processor(photo, return_tensors="np")["pixel_values"][0]
    return Result(logits, prepared, processor.image_std)


ONNX_RUNS: dict[str, Callable[[pathlib.Path], Callable[[dict], dict]]] = {
    "ONNX Runtime": onnx_runtime, "OpenVINO": open_vino}
LIBRARY_RUNS = {"timm": run_timm, "transformers": run_transformers}


class Check:
    """Exports models into a folder and compares them."""

    def __init__(self, dvt: str, folder: pathlib.Path):
        self._dvt = dvt
        self._folder = folder
        self._photo = folder / "photo.png"
        self.failed = 0
        coarse = PIL.Image.fromarray(
            (127.5 * uniform("photo", 9 * 13 * 3) + 127.5).astype(np.uint8).reshape(9, 13, 3))
        coarse.resize((390, 270), PIL.Image.Resampling.BICUBIC).save(self._photo)

    def run(self, name: str) -> None:
        """Compares a model in every target."""
        model = MODELS[name]
        arguments, weights = list(model.arguments), ["--weights", model.arguments[0]]
        if model.description is not None:
            file = self._folder / f"{name}.json"
            file.write_text(json.dumps(model.description))
            arguments += ["--model", str(file)]
        if "--model" in arguments:
            weights += arguments[arguments.index("--model"):]
        for target in model.targets:
            if target != "onnx":
                self._library(name, target, arguments, weights)
                continue
            output = self._folder / f"{name}-onnx"
            self._program("export", "--to", target, *arguments, str(output))
            for library, load in ONNX_RUNS.items():
                self._compare(name, library, run_onnx(output, load), weights)
        if name == "tiny-deit":
            # The first stage of a cascade alone, in the libraries of plain models.
            others = run_onnx(self._folder / f"{name}-onnx", onnx_runtime)[1:]
            for library in LIBRARY_RUNS:
                self._library(name, library, [*arguments, "--stage", "1"], weights, others)

    def _library(
        self, name: str, library: str, arguments: list[str], weights: list[str],
        others: Arrays | None = None,
    ) -> None:
        """Compares the logits and the pixels of timm or transformers."""
        output = self._folder / f"{name}-{library}"
        self._program("export", "--to", library, *arguments, str(output))
        result = LIBRARY_RUNS[library](output, PIL.Image.open(self._photo))
        file = self._folder / "pixels.safetensors"
        self._program("preprocess", *weights, str(self._photo), "--output", str(file))
        difference = result.pixels - safetensors.numpy.load_file(file)["images"][0]
        scale = 255 * np.reshape(result.deviation, (3, 1, 1))
        steps = float(np.abs(difference * scale).max())
        passes = steps < STEPS[library]
        self.failed += not passes
        label = f"{library}, stage 1" if others else library
        self._compare(name, label, [result.logits, *(others or [])], weights, 1)
        self._print(name, f"{library}, pixels", f"{steps:.2g} steps", passes)

    def _compare(
        self, name: str, library: str, logits: Arrays, weights: list[str],
        count: int | None = None,
    ) -> None:
        """Prints the distance of the logits of each exit, or of the first ones."""
        file = self._folder / "expected.safetensors"
        safetensors.numpy.save_file(
            {f"logits{exit}": np.ascontiguousarray(values) for exit, values in enumerate(logits)},
            file, metadata={"seed": "1", "precision": "float32"})
        text = self._program(
            "parity", *weights, "--expected", str(file), "--device", "reference", "--format",
            "json", codes=[0, 1])
        distances = [float(row["relative_l2"]) for row in json.loads(text)][:count]
        passes = all(distance < LIMIT for distance in distances)
        self.failed += not passes
        shown = ", ".join(f"{distance:.1e}" for distance in distances)
        self._print(name, library, shown, passes)

    def _print(self, name: str, library: str, distance: str, passes: bool) -> None:
        verdict = "" if passes else "FAILED"
        print(f"| {name} | {library} | {distance} | {verdict} |", flush=True)

    def _program(self, *arguments: str, codes: list[int] | None = None) -> str:
        result = subprocess.run([self._dvt, *arguments], capture_output=True, text=True)
        if result.returncode not in (codes or [0]):
            sys.exit(f"check-export.py: dvt {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout


def main() -> int:
    """Compares the models that are named, or all."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("timm").setLevel(logging.ERROR)
    print(f"Limit {LIMIT}: onnxruntime {onnxruntime.__version__}, openvino "
          f"{openvino.__version__.split('-')[0]}, timm {timm.__version__}, transformers "
          f"{transformers.__version__}\n")
    print("| model | computed by | distance from the reference, each exit | |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        check = Check(sys.argv[1], pathlib.Path(folder))
        for name in sys.argv[2:] or MODELS:
            check.run(name)
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
