"""Comparisons of logits before anything is timed, so that what is timed is the model."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from torch import Tensor

from dvt_pytorch import Cascade, Plain
from synthetic import images

# As in docs/parity.md: float32 sums in another order may lie 4 times as far off as PyTorch's own
# were recorded to, and where nothing was recorded the largest of those counts.
ORDERS, LARGEST_RECORDED = 4, 1.2e-6


def distance(actual: np.ndarray, expected: np.ndarray) -> float:
    """|actual - expected| / |expected|."""
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def require(what: str, off: float, recorded: float = LARGEST_RECORDED) -> None:
    """Ends the program where a distance is too large beside what was recorded of PyTorch."""
    limit = ORDERS * recorded
    print(f"{what}: {off:.2g} off (at most {limit:.2g})", file=sys.stderr)
    if not off <= limit:
        sys.exit(f"compare.py: {what} lies too far off: nothing was timed")


class RecordedTensors:
    """The float32 tensors of a safetensors file, and how far PyTorch's own float32 lay off."""

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
    """Every exit's logits against those that the authors' code computed."""
    recorded = RecordedTensors(path)
    features, relations = None, None
    for exit, stage in enumerate(cascade.stages()):
        logits, features, relations = stage(images(recorded.batch), features, relations)
        tensor = f"logits{exit}"
        require(f"{name}, exit {exit + 1}, PyTorch against the recorded logits",
                distance(logits.numpy(), recorded.tensor(tensor)), recorded.yardstick(tensor))


def check_plain(name: str, plain: Plain) -> None:
    """PyTorch's fused attention against the one that is spelled out."""
    x = images(4)
    require(f"{name}, PyTorch fused against spelled out",
            distance(plain(x).numpy(), plain.stage(x)[0].numpy()))


def check_exported(name: str, plain: Plain, x: Tensor, logits: np.ndarray) -> None:
    """Another runtime's logits against PyTorch's."""
    require(f"{name}, batch {len(x)}, against PyTorch", distance(logits, plain(x).numpy()))
