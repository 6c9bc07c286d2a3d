"""The seeded numbers and images of the tests, as defined in docs/parity.md, for scripts that compare
with other programs."""

from __future__ import annotations

import pathlib
import sys

import numpy as np

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parent.parent / "Benchmarks" / "peers"))
from synthetic import stream as uniform  # noqa: E402

__all__ = ["images", "uniform"]


def images(batch: int, side: int) -> np.ndarray:
    """`SyntheticImages` of seed 1, `[batch, 3, side, side]`, of any side."""
    coarse = uniform("input.coarse", batch * 3 * 14 * 14).reshape(batch, 3, 14, 14)
    at = np.arange(side) * 14 // side
    fine = uniform("input.fine", batch * 3 * side * side).reshape(batch, 3, side, side)
    contrast = (0.5 * (np.arange(batch) % 4 + 1)).astype(np.float32).reshape(-1, 1, 1, 1)
    return coarse[:, :, at][:, :, :, at] * contrast + np.float32(0.25) * fine
