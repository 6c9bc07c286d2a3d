"""The operations of `dvt bench op` in PyTorch."""

import argparse
import functools
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dvt_pytorch import REUSE_HIDDEN_WIDTH, REUSED_WIDTH, FeatureReuse, Sizes
from pytorch import TYPES
from timer import EAGER, SDPA, Record, Run, Timer, described, precisions, stored


class Operations:
    """The operations of `dvt bench op` on random numbers."""

    def __init__(self, device: torch.device, kind: torch.dtype):
        self._device, self._kind = device, kind

    def variants(self, work: Record) -> dict[str, Run]:
        """How PyTorch computes an operation; empty where there is no counterpart here."""
        make = {"linear": self._linear, "attention": self._attention,
                "layernorm": self._layer_norm, "relation-reuse": self._relation_reuse,
                "feature-reuse": self._feature_reuse}.get(work["operation"])
        return make(work) if make else {}

    def _random(self, *shape: int) -> Tensor:
        return torch.randn(shape, device=self._device, dtype=self._kind)

    def _placed(self, module: nn.Module) -> nn.Module:
        return module.to(self._device, self._kind)

    def _linear(self, work: Record) -> dict[str, Run]:
        m, n, k = (work[key] for key in "mnk")
        x, w, residual = self._random(m, k), self._random(n, k), self._random(m, n)
        bias = self._random(n) if work["bias"] == "on" else None
        approximation = "tanh" if work["activation"] == "gelu-tanh" else "none"

        def run() -> Tensor:
            y = F.linear(x, w, bias)
            if work["activation"] != "identity":
                y = F.gelu(y, approximate=approximation)
            return residual + y if work["residual"] == "on" else y

        return {EAGER: run}

    def _attention(self, work: Record) -> dict[str, Run]:
        """q, k and v are contiguous, and the relations upsampled; neither is timed."""
        if work["queries"] != "all":
            return {}
        tokens = work["grid"]**2 + 1
        rows = (work["batch"], work["heads"], tokens)
        q, k, v = (self._random(*rows, work["head_width"]) for _ in range(3))
        relation = self._random(*rows, tokens) if work["reuse_from"] else None

        def explicit() -> Tensor:
            logits = q @ k.transpose(-2, -1) * work["head_width"]**-0.5
            if relation is not None:
                logits = logits + relation
            return logits.softmax(-1) @ v

        fused = functools.partial(F.scaled_dot_product_attention, q, k, v, attn_mask=relation)
        return {EAGER: explicit} | ({} if work["keep_logits"] == "on" else {SDPA: fused})

    def _layer_norm(self, work: Record) -> dict[str, Run]:
        norm = self._placed(nn.LayerNorm(work["width"] + work["appended"]))
        x, more = (self._random(work["m"], work[key]) for key in ("width", "appended"))
        if work["appended"]:
            return {EAGER: lambda: norm(torch.cat([x, more], -1))}
        return {EAGER: functools.partial(norm, x)}

    def _relation_reuse(self, work: Record) -> dict[str, Run]:
        channels = work["channels"]
        mix = self._placed(nn.Sequential(
            nn.Conv2d(channels, 3 * channels, 1), nn.GELU(), nn.Conv2d(3 * channels, channels, 1)))
        x = self._random(work["batch"], channels, work["tokens"], work["tokens"])
        return {EAGER: functools.partial(mix, x)}

    def _feature_reuse(self, work: Record) -> dict[str, Run]:
        if (work["hidden"], work["n"], work["norm"]) != (REUSE_HIDDEN_WIDTH, REUSED_WIDTH, "on"):
            return {}
        sizes = Sizes(work["width"], work["blocks"], 1, 1, True, 1e-6)
        blocks = [self._placed(FeatureReuse(sizes, work["grid"])) for _ in range(work["blocks"])]
        x = self._random(work["batch"], work["reuse_from"]**2 + 1, work["width"])
        return {EAGER: lambda: [block(x) for block in blocks]}


KEYS = [
    "operation", "m", "n", "k", "activation", "bias", "residual", "batch", "grid", "heads",
    "head_width", "queries", "reuse_from", "keep_logits", "width", "appended", "channels", "tokens",
    "hidden", "blocks", "norm"]


@torch.inference_mode()
def time_operations(ours: list[Record], _: argparse.Namespace, timer: Timer) -> None:
    works = distinct(
        {key: record[key] for key in KEYS if record.get(key) is not None}
        for record in ours if "operation" in record and "launches" in record)
    for work in works:
        for precision in precisions(timer.device):
            operations = Operations(timer.device, TYPES[stored(precision)])
            with timer.enough_memory(described(work)):
                for variant, run in operations.variants(work).items():
                    timer.operation(variant, work, precision, run)


def distinct(works: Iterable[Record]) -> list[Record]:
    found: list[Record] = []
    for work in works:
        if work not in found:
            found.append(work)
    return found
