"""The peers of `dvt`, as closures that run a plain model once."""

import functools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mode

import numpy as np
import onnxruntime
import openvino
import torch
from torch import Tensor

import processor
from dvt_pytorch import Plain
from pytorch import TYPES, can_compile, converted

PYTORCH, COMPILED = "PyTorch", "PyTorch, torch.compile"
ONNX_RUNTIME, OPENVINO, SHIPPED = "ONNX Runtime", "OpenVINO", "OpenVINO, as shipped"
PRECISIONS = ["float32", "bfloat16"]
"""Those in which the peers run. PyTorch has no fast float16 on a CPU."""
Run = Callable[[], object]

_SLOW_MS = 20_000
_OPENVINO_NAMES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


@dataclass(frozen=True)
class Peer:
    """A plain model in a peer; `precision` is what its linear layers compute in."""

    name: str
    precision: str
    run: Run


def median_ms(run: Run, repeats: int, milliseconds: float = 0) -> float:
    """The median of at least `repeats` runs and `milliseconds`, after one warm-up run.

    Fewer runs where they take 20 s together.
    """
    run()
    times: list[float] = []
    while len(times) < repeats and sum(times) < _SLOW_MS or sum(times) < milliseconds:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times))


def plain_peers(plain: Plain, x: Tensor) -> list[Peer]:
    """A plain model in every peer and precision that this machine supports."""
    return [*pytorch(plain, x), Peer(ONNX_RUNTIME, "float32", onnx_runtime(plain, x)),
            *open_vino(plain, x)]


def pytorch(plain: Plain, x: Tensor) -> list[Peer]:
    """PyTorch in each precision, and the same compiled."""
    peers = []
    for precision in PRECISIONS:
        model, input = converted(plain, precision), x.to(TYPES[precision])
        peers.append(Peer(PYTORCH, precision, functools.partial(model, input)))
        if can_compile():
            compiled = torch.compile(model, dynamic=False)
            peers.append(Peer(COMPILED, precision, functools.partial(compiled, input)))
    return peers


def onnx_runtime(plain: Plain, x: Tensor) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        torch.onnx.export(plain, (x,), str(path), input_names=["x"], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = processor.THREADS
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    pixels = x.numpy()
    return lambda: session.run(None, {"x": pixels})[0]


def open_vino(plain: Plain, x: Tensor) -> list[Peer]:
    """OpenVINO without settings, in float32, and in bfloat16 where it supports this."""
    hints = ["f32", "bf16"] if has_bfloat16() else ["f32"]
    choices = [(SHIPPED, {})] + [
        (OPENVINO, {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": processor.THREADS})
        for hint in hints]
    model = openvino.convert_model(plain, example_input=x)
    peers = []
    for name, settings in choices:
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        infer = functools.partial(_first_output, compiled.create_infer_request(), x.numpy())
        peers.append(Peer(name, execution_precision(compiled), infer))
    return peers


def _first_output(request: openvino.InferRequest, pixels: np.ndarray) -> np.ndarray:
    return request.infer([pixels])[0]


def has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 here; elsewhere it ignores the request."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def execution_precision(compiled: openvino.CompiledModel) -> str:
    """The precision in which OpenVINO runs most linear layers of a compiled model."""
    layers = [operation.get_rt_info() for operation in compiled.get_runtime_model().get_ops()]
    name = mode(layer["runtimePrecision"].astype(str) for layer in layers
                if layer["layerType"].astype(str) == "FullyConnected")
    return _OPENVINO_NAMES.get(name, name)


def versions() -> dict[str, str]:
    return {"PyTorch": torch.__version__.split("+")[0], "ONNX Runtime": onnxruntime.__version__,
            "OpenVINO": openvino.__version__.split("-")[0]}


def absent() -> list[str]:
    """What this machine does not support, in sentences."""
    notes = []
    if not has_bfloat16():
        notes.append("OpenVINO does not support bfloat16 on this processor.")
    if not can_compile():
        notes.append("torch.compile does not work here (it needs a C++ compiler).")
    return notes
