"""Times work in PyTorch, on a GPU or a CPU, and prints JSON lines."""

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import torch

TF32 = "TF32"
EAGER, SDPA, COMPILED = "eager", "SDPA", "compiled"
Record = dict[str, Any]
Run = Callable[[], object]
OutOfMemory = getattr(torch, "OutOfMemoryError", torch.cuda.OutOfMemoryError)
"""Its name before PyTorch 2.5."""


class OutOfTime(Exception):
    """The time limit is reached."""


class Timer:
    """Times work on a device, and prints it, until the time is out."""

    def __init__(self, device: torch.device, seconds: float, is_small: bool):
        self.device = device
        self._deadline = time.monotonic() + seconds
        self._least, self._most = (1, 2) if is_small else (5, 50)

    @property
    def accelerator(self) -> Any:
        """torch.cuda or torch.xpu."""
        return getattr(torch, self.device.type)

    def require(self, seconds: float, what: str) -> None:
        """Raises OutOfTime where less time is left."""
        if self._deadline - time.monotonic() < seconds:
            raise OutOfTime(what)

    @contextlib.contextmanager
    def enough_memory(self, what: str) -> Iterator[None]:
        """Skips the rest of a block, with a warning, where the device's memory does not suffice."""
        try:
            yield
        except OutOfMemory:
            warn(f"{what}: not enough device memory")
        if self.device.type != "cpu":
            self.accelerator.empty_cache()

    def operation(self, variant: str, work: Record, precision: str, run: Run) -> None:
        """Times an operation, whose records have the keys of `dvt bench op`."""
        times = self._measured(variant, work, precision, run, 30, 1)
        show(work | {"median_ms": median(times), "min_ms": min(times), "repeats": len(times),
                     "variant": variant, "precision": precision})

    def model(self, variant: str, work: Record, precision: str, run: Run) -> None:
        """Times a model or a training step, whose records have the keys of `dvt bench model`."""
        times = self._measured(variant, work, precision, run, 200, 0)
        show(work | {"step_time_ms": {
            "median": median(times), "min": min(times), "repeats": len(times)},
            "variant": variant, "precision": precision})

    def _measured(
        self, variant: str, work: Record, precision: str, run: Run, total_ms: float, least_ms: float
    ) -> list[float]:
        """Milliseconds per run, each the mean of as many runs as take `least_ms`."""
        self.require(1, f"{variant}, {precision}, {described(work)}")
        with Arithmetic(precision):
            self._wall_ms(run)
            single = max(self._wall_ms(run), 1e-3)
            inner = min(max(math.ceil(least_ms / single), 1), 50)
            repeats = min(max(math.ceil(total_ms / (single * inner)), self._least), self._most)
            return self._times(run, inner, repeats)

    def _times(self, run: Run, inner: int, repeats: int) -> list[float]:
        if self.device.type == "cpu":
            return [self._wall_ms(run, inner) for _ in range(repeats)]
        events = [[self.accelerator.Event(enable_timing=True) for _ in range(2)]
                  for _ in range(repeats)]
        for start, end in events:
            start.record()
            for _ in range(inner):
                run()
            end.record()
        self.accelerator.synchronize()
        return [start.elapsed_time(end) / inner for start, end in events]

    def _wall_ms(self, run: Run, inner: int = 1) -> float:
        start = time.perf_counter()
        for _ in range(inner):
            run()
        if self.device.type != "cpu":
            self.accelerator.synchronize()
        return (time.perf_counter() - start) * 1e3 / inner


class Arithmetic:
    """The arithmetic of float32 products, which PyTorch sets globally."""

    def __init__(self, precision: str):
        self._is_tf32 = precision == TF32

    def __enter__(self) -> None:
        self._set(self._is_tf32)

    def __exit__(self, *_: object) -> None:
        self._set(False)

    @staticmethod
    def _set(is_tf32: bool) -> None:
        torch.set_float32_matmul_precision("high" if is_tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = is_tf32


def stored(precision: str) -> str:
    """The precision of tensors in memory."""
    return "float32" if precision == TF32 else precision


def precisions(device: torch.device) -> list[str]:
    """Those that the device computes in, the most interesting first."""
    if device.type == "cpu":
        return ["float32", "bfloat16"]
    has_tf32 = (device.type == "cuda" and torch.version.hip is None
                and torch.cuda.get_device_capability() >= (8, 0))
    return ["bfloat16", *([TF32] if has_tf32 else []), "float32", "float16"]


def show(record: Record) -> None:
    """Prints a record as `dvt` does, without spaces, as tables.awk requires."""
    print(json.dumps(record, separators=(",", ":")), flush=True)


def warn(text: str) -> None:
    print(f"warning: PyTorch: {text}", file=sys.stderr, flush=True)


def described(work: Record) -> str:
    return " ".join(f"{key}={value}" for key, value in work.items())
