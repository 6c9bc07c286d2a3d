"""Compares logits before timing, to ensure that the peers run the same model."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from torch import Tensor

from accuracy import LIMITS, ORDERS, distance, numbers
from dvt_pytorch import Cascade, Plain
from peers import Peer
from synthetic import images


def require(what: str, off: float, limit: float = LIMITS["float32"]) -> None:
    """Exits if a distance exceeds the limit."""
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
    for exit, logits in enumerate(cascade(images(recorded.batch))):
        tensor = f"logits{exit}"
        require(f"{name}, exit {exit + 1}, PyTorch against the recorded logits",
                distance(logits.numpy(), recorded.tensor(tensor)),
                ORDERS * recorded.yardstick(tensor))


def check_converted(name: str, cascade: Cascade, converted: Cascade, precision: str) -> None:
    """Compares every exit's logits with those of the cascade in float32."""
    x = images(4)
    kind = next(converted.parameters()).dtype
    for exit, (logits, expected) in enumerate(
            zip(converted(x.to(kind)), cascade(x), strict=True)):
        require(f"{name}, exit {exit + 1}, PyTorch in {precision} against float32",
                distance(numbers(logits), expected.numpy()), LIMITS[precision])


def check_plain(name: str, plain: Plain, x: Tensor) -> None:
    """Compares PyTorch's fused attention with the explicit implementation."""
    require(f"{name}, PyTorch fused against explicit",
            distance(plain(x).numpy(), plain.stage(x)[0].numpy()))


def check_peer(name: str, plain: Plain, x: Tensor, peer: Peer) -> None:
    """Compares a peer's logits with PyTorch's in float32."""
    require(f"{name}, batch {len(x)}, {peer.name} in {peer.precision} against PyTorch",
            distance(numbers(peer.run()), plain(x).numpy()),
            LIMITS[peer.precision])
