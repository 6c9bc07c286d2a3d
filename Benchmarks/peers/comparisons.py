"""The comparisons. Every turn of a comparison times each peer, then `dvt`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

import checks
from dvt_pytorch import Cascade, Plain, deit_small, dvt_deit_small
from peers import EXPORTED, Run, median_ms
from program import Program
from synthetic import fill, images, stream
from t2t_pytorch import dvt_t2t_vit_12, t2t_vit_12
from training_pytorch import Training, cascade_card, seeded_batches, small_cascade

OURS, PYTORCH = "dvt", "PyTorch"
REPEATS, BATCHES = 5, [1, 8]
SCALED_REPEATS, SCALED_BATCHES = 3, [4, 16, 32, 64]


class Key(NamedTuple):
    """The subject of a measurement: `by` is a peer or OURS."""

    work: str
    batch: int
    by: str


Times = dict[Key, float]
"""Milliseconds per image."""


class Comparison(Protocol):
    def turn(self, dvt: Program) -> Times: ...


@dataclass(frozen=True)
class Family:
    """A cascade and the plain model of its last stage."""

    title: str
    plain_title: str
    name: str
    plain_name: str
    recorded: str
    make: Callable[[], Cascade]
    make_plain: Callable[[], Plain]


DEIT = Family("DVT-DeiT-S", "DeiT-S/16", "dvt-deit-small", "deit-small",
              "deit_s_f1r1_s1.safetensors", dvt_deit_small, deit_small)
T2T = Family("DVT-T2T-ViT-12", "T2T-ViT-12", "dvt-t2t-vit-12", "t2t-vit-12",
             "t2t12_f1r1_s1.safetensors", dvt_t2t_vit_12, t2t_vit_12)


def stage_title(family: Family, stage: int) -> str:
    return f"{family.title} stage {stage + 1}"


class ModelComparison:
    """Times every stage of a cascade with PyTorch, and the plain model with all peers."""

    def __init__(self, family: Family, reference: Path | None):
        self._family = family
        self._cascade, self._plain = family.make().eval(), family.make_plain().eval()
        fill(self._cascade)
        fill(self._plain.stage)
        if reference:
            checks.check_recorded(family.title, self._cascade, reference / family.recorded)
        checks.check_plain(family.plain_title, self._plain)
        self._runs = {batch: self._plain_runs(images(batch)) for batch in BATCHES}

    def turn(self, dvt: Program) -> Times:
        times: Times = {}
        for batch in BATCHES:
            times |= self._pytorch_stages(images(batch))
            for peer, run in self._runs[batch].items():
                key = Key(self._family.plain_title, batch, peer)
                times[key] = median_ms(run, REPEATS) / batch
            times |= self._ours(dvt, batch)
        return times

    def _plain_runs(self, x: Tensor) -> dict[str, Run]:
        """The plain model in every peer."""
        runs: dict[str, Run] = {PYTORCH: lambda: self._plain(x)}
        for peer, export in EXPORTED.items():
            runs[peer] = run = export(self._plain, x)
            checks.check_exported(f"{self._family.plain_title}, {peer}", self._plain, x, run())
        return runs

    def _pytorch_stages(self, x: Tensor) -> Times:
        times: Times = {}
        reused: tuple[Tensor | list[Tensor], ...] = ()
        for index, stage in enumerate(self._cascade.stages()):
            run = partial(stage, x, *reused)
            times[Key(stage_title(self._family, index), len(x), PYTORCH)] = (
                median_ms(run, REPEATS) / len(x))
            reused = run()[1:]
        return times

    def _ours(self, dvt: Program, batch: int) -> Times:
        stages = dvt.stages(self._family.name, [batch], REPEATS)
        times = {Key(stage_title(self._family, stage), batch, OURS): ms / batch
                 for (_, stage), ms in stages.items()}
        plain = dvt.stages(self._family.plain_name, [batch], REPEATS)
        return times | {Key(self._family.plain_title, batch, OURS): plain[batch, 0] / batch}


class AttentionComparison:
    """The attention of DVT-DeiT-S's last stage: B = 8, H = 6, T = 197, d = 64.

    PyTorch receives q scaled, q, k and v contiguous, and the relations upsampled, none of it timed.
    `dvt` reads q, k and v from the output of the linear layer, and resamples the relations of the
    101 coarse tokens.
    """

    TITLE, LABEL = "DVT-DeiT-S stage 3, one attention", "attention B=8 T=197 H=6 d=64 reuse=10"
    BATCH, HEADS, TOKENS, WIDTH = 8, 6, 197, 64
    REPEATS, MILLISECONDS = 20, 1000

    def __init__(self) -> None:
        rows = (self.BATCH, self.HEADS, self.TOKENS, self.WIDTH)
        self._q, self._k, self._v = (self._values(name, *rows) for name in "qkv")
        self._q = self._q * self.WIDTH**-0.5
        self._relation = self._values("relation", *rows[:3], self.TOKENS)
        checks.require(
            f"{self.TITLE}, PyTorch fused against bmm",
            checks.distance(self._fused().flatten(0, 1).numpy(), self._separate().numpy()))

    def turn(self, dvt: Program) -> Times:
        runs: dict[str, Run] = {
            f"{PYTORCH}, bmm": self._separate, f"{PYTORCH}, fused": self._fused}
        times = {peer: median_ms(run, self.REPEATS, self.MILLISECONDS)
                 for peer, run in runs.items()}
        times[OURS] = dvt.operation(
            DEIT.name, self.LABEL, self.BATCH, self.REPEATS, self.MILLISECONDS)
        return {Key(self.TITLE, self.BATCH, by): ms / self.BATCH for by, ms in times.items()}

    @staticmethod
    def _values(name: str, *shape: int) -> Tensor:
        return torch.from_numpy(stream(name, torch.Size(shape).numel())).reshape(shape)

    def _separate(self) -> Tensor:
        q, k, v, relation = (
            x.flatten(0, 1) for x in (self._q, self._k, self._v, self._relation))
        return torch.bmm(torch.bmm(q, k.transpose(1, 2)).add(relation).softmax(-1), v)

    def _fused(self) -> Tensor:
        return F.scaled_dot_product_attention(
            self._q, self._k, self._v, attn_mask=self._relation, scale=1.0)


class TrainingComparison:
    """A training step of a two-exit cascade for 32 x 32 images: forward, backward and AdamW."""

    SIZES, BATCHES, REPEATS = (192, 6, 3), [8, 128], 5
    TITLE = "training step, two exits, 32 x 32, D = 192, L = 6"

    @torch.inference_mode(False)
    def __init__(self) -> None:
        self._training = Training(small_cascade(*self.SIZES))

    @torch.inference_mode(False)
    def turn(self, dvt: Program) -> Times:
        ours = dvt.training(cascade_card(*self.SIZES), self.BATCHES, self.REPEATS)
        times = {Key(self.TITLE, batch, OURS): ms / batch for batch, ms in ours.items()}
        for batch in self.BATCHES:
            [(images, labels)] = seeded_batches(1, batch)
            run = partial(self._training.step, images, labels)
            times[Key(self.TITLE, batch, PYTORCH)] = median_ms(run, self.REPEATS) / batch
        return times


class BatchComparison:
    """The stages of DVT-DeiT-S at several batch sizes."""

    def turn(self, dvt: Program) -> Times:
        times = dvt.stages(DEIT.name, SCALED_BATCHES, SCALED_REPEATS)
        return {Key(stage_title(DEIT, stage), batch, OURS): ms / batch
                for (batch, stage), ms in times.items()}
