"""The peers of `dvt`, as closures that run the work once."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import openvino
import torch

from dvt_pytorch import Plain

THREADS = os.cpu_count() or 1
Run = Callable[[], object]


def median_ms(run: Run, repeats: int, milliseconds: float = 0) -> float:
    """The median of at least `repeats` runs and `milliseconds`, after one warm-up run."""
    run()
    times: list[float] = []
    while len(times) < repeats or sum(times) < milliseconds:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times))


def onnx_runtime(plain: Plain, x: torch.Tensor) -> Callable[[], np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        torch.onnx.export(plain, (x,), str(path), input_names=["x"], dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    pixels = x.numpy()
    return lambda: session.run(None, {"x": pixels})[0]


def open_vino(plain: Plain, x: torch.Tensor) -> Callable[[], np.ndarray]:
    model = openvino.convert_model(plain, example_input=x)
    settings = {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    pixels = x.numpy()
    return lambda: request.infer([pixels])[0]


EXPORTED = {"ONNX Runtime": onnx_runtime, "OpenVINO": open_vino}


def versions() -> str:
    return (f"PyTorch {torch.__version__.split('+')[0]}, ONNX Runtime {onnxruntime.__version__}, "
            f"OpenVINO {openvino.__version__.split('-')[0]}")
