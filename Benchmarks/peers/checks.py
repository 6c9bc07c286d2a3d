"""Compares logits before timing, to ensure that the peers run the same model."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from torch import Tensor

from dvt_pytorch import Cascade, Plain
from synthetic import images

# As in docs/parity.md: float32 sums in another order may deviate 4 times as much as recorded for
# PyTorch's float32; without a recording, 4 times the largest recorded deviation.
ORDERS, LARGEST_RECORDED = 4, 1.2e-6


def distance(actual: np.ndarray, expected: np.ndarray) -> float:
    """|actual - expected| / |expected|."""
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def require(what: str, off: float, recorded: float = LARGEST_RECORDED) -> None:
    """Exits if a distance exceeds the limit derived from the recorded one."""
    limit = ORDERS * recorded
    print(f"{what}: {off:.2g} off (at most {limit:.2g})", file=sys.stderr)
    if not off <= limit:
        sys.exit(f"compare.py: {what}: the difference is too large; nothing was timed")


class RecordedTensors:
    """The tensors of a safetensors file, and the recorded deviations of PyTorch's float32."""

    def __init__(self, path: Path):
        try:
            content = path.read_bytes()
        except OSError as error:
            sys.exit(f"compare.py: {path}: {error.strerror}; without DVT_REFERENCE logits are "
                     "not compared")
        size = struct.unpack("<Q", content[:8])[0]
        self._header = json.loads(content[8:8 + size])
        self._data = content[8 + size:]

    @property
    def batch(self) -> int:
        return int(self._header["__metadata__"]["batch"])

    def tensor(self, name: str) -> np.ndarray:
        entry = self._header[name]
        kind = {"F32": np.float32, "F64": np.float64}[entry["dtype"]]
        begin, end = entry["data_offsets"]
        return np.frombuffer(self._data[begin:end], kind).reshape(entry["shape"])

    def yardstick(self, name: str) -> float:
        return float(self._header["__metadata__"][f"{name}.float32_relative_l2"])


def check_recorded(name: str, cascade: Cascade, path: Path) -> None:
    """Compares every exit's logits with those recorded from the authors' code."""
    recorded = RecordedTensors(path)
    features, relations = None, None
    for exit, stage in enumerate(cascade.stages()):
        logits, features, relations = stage(images(recorded.batch), features, relations)
        tensor = f"logits{exit}"
        require(f"{name}, exit {exit + 1}, PyTorch against the recorded logits",
                distance(logits.numpy(), recorded.tensor(tensor)), recorded.yardstick(tensor))


def check_plain(name: str, plain: Plain) -> None:
    """Compares PyTorch's fused attention with the explicit implementation."""
    x = images(4)
    require(f"{name}, PyTorch fused against explicit",
            distance(plain(x).numpy(), plain.stage(x)[0].numpy()))


def check_exported(name: str, plain: Plain, x: Tensor, logits: np.ndarray) -> None:
    """Compares another runtime's logits with PyTorch's."""
    require(f"{name}, batch {len(x)}, against PyTorch", distance(logits, plain(x).numpy()))
