"""The peers of `dvt`, as closures that run a plain model once."""

import copy
import functools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mode
from typing import TypeVar

import numpy as np
import onnxruntime
import openvino
import torch
from torch import Tensor, nn

import processor
from dvt_pytorch import Plain

PYTORCH, COMPILED = "PyTorch", "PyTorch, torch.compile"
ONNX_RUNTIME, OPENVINO, SHIPPED = "ONNX Runtime", "OpenVINO", "OpenVINO, as shipped"
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
Run = Callable[[], object]
Model = TypeVar("Model", bound=nn.Module)

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


def converted(model: Model, precision: str) -> Model:
    """A copy of a model with weights of this precision."""
    return copy.deepcopy(model).to(TYPES[precision])


def pytorch(plain: Plain, x: Tensor) -> list[Peer]:
    """PyTorch in each precision, and the same compiled."""
    peers = []
    for precision, kind in TYPES.items():
        model = converted(plain, precision)
        peers.append(Peer(PYTORCH, precision, functools.partial(model, x.to(kind))))
        if can_compile():
            compiled = torch.compile(model, dynamic=False)
            peers.append(Peer(COMPILED, precision, functools.partial(compiled, x.to(kind))))
    return peers


@functools.cache
def can_compile() -> bool:
    """Whether torch.compile works here; it needs a C++ compiler."""
    # The models share their code, and by default only a few versions of it are compiled.
    torch._dynamo.config.recompile_limit = 100
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    try:
        torch.compile(lambda x: x.sin() + 1)(torch.ones(8))
    except Exception:  # The errors of its stages have no common class.
        return False
    return True


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
