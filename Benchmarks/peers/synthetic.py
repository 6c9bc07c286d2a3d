"""The seeded weights of `synthetic:1` and the seeded images, as defined in docs/parity.md."""

import math

import numpy as np
import torch
from torch import nn

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def stream(name: str, count: int, seed: int = 1) -> np.ndarray:
    """The seeded numbers for a name, in [-1, 1)."""
    base = _FNV_OFFSET
    for byte in name.encode():
        base = (base ^ byte) * _FNV_PRIME & _MASK
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    z += np.uint64((base + seed * _GOLDEN) & _MASK)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) * 2 / 2**24 - 1).astype(np.float32)


def weight(name: str, shape: torch.Size) -> torch.Tensor:
    """The weights of a parameter."""
    u = stream(name, shape.numel())
    if name.endswith(".bias"):
        u *= np.float32(0.1)
    elif name.endswith(("cls_token", "pos_embed")):
        u *= np.float32(0.2)
    elif len(shape) == 1:
        u = np.float32(1) + np.float32(0.1) * u
    elif not name.endswith(".w"):
        gain = 4 if name.endswith("head.weight") else 0.5 if name.endswith("kqv.weight") else 1
        u *= np.float32(gain * math.sqrt(3 / shape[1:].numel()))
    return torch.from_numpy(u).reshape(shape)


def fill(model: nn.Module) -> None:
    """Sets a model's weights by its parameters' names."""
    for name, tensor in model.named_parameters():
        tensor.copy_(weight(name, tensor.shape))


def images(batch: int, side: int = 224) -> torch.Tensor:
    """Images [batch, 3, side, side]; the side is a multiple of 16."""
    cells = side // 16
    coarse = stream("input.coarse", batch * 3 * cells**2).reshape(batch, 3, cells, cells)
    fine = stream("input.fine", batch * 3 * side**2).reshape(batch, 3, side, side)
    contrast = (0.5 * (np.arange(batch) % 4 + 1)).astype(np.float32).reshape(-1, 1, 1, 1)
    pixels = coarse.repeat(16, 2).repeat(16, 3) * contrast + np.float32(0.25) * fine
    return torch.from_numpy(pixels)
