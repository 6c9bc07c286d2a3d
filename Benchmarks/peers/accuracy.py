"""How far outputs may deviate from those of float32."""

import numpy as np
from torch import Tensor

# As in docs/parity.md: float32 sums in another order may deviate 4 times as much as recorded for
# PyTorch's float32; without a recording, 4 times the largest recorded deviation.
ORDERS, LARGEST_RECORDED = 4, 1.2e-6
# TF32 has 11 significant bits, as float16. bfloat16 has 8: PyTorch was 0.7e-2 to 1.2e-2 off.
LIMITS = {
    "float32": ORDERS * LARGEST_RECORDED, "TF32": 3e-3, "float16": 3e-3, "bfloat16": 2e-2}


def distance(actual: np.ndarray, expected: np.ndarray) -> float:
    """|actual - expected| / |expected|."""
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def numbers(output: object) -> np.ndarray:
    """A peer's output in float32."""
    return output.float().cpu().numpy() if isinstance(output, Tensor) else np.asarray(output)
