"""The comparisons of equal work. Every turn of a comparison times each peer, then `dvt`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

import checks
from accuracy import LIMITS, distance, numbers
from dvt_pytorch import Cascade, Plain, deit_small, dvt_deit_small
from measurements import BATCHES_TABLE, OURS, PEERS_TABLE, Key, Times
from peers import PRECISIONS, PYTORCH, Run, median_ms, plain_peers
from program import Program
from pytorch import TYPES, converted
from synthetic import fill, images, stream
from t2t_pytorch import dvt_t2t_vit_12, t2t_vit_12
from training_pytorch import Training, cascade_card, seeded_batches, small_cascade

REPEATS, BATCHES = 5, [1, 8]
SCALED_REPEATS, SCALED_BATCHES = 3, [4, 16, 32, 64]


class Comparison(Protocol):
    """`TABLE` names the table of the report that shows the times."""

    TABLE: str

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


class PlainModel:
    """A plain model in all peers, at several batch sizes."""

    def __init__(self, title: str, plain: Plain, batches: list[int], side: int = 224):
        plain.eval()
        fill(plain.stage)
        checks.check_plain(title, plain, images(4, side))
        self._peers = {}
        for batch in batches:
            x = images(batch, side)
            self._peers[batch] = plain_peers(plain, x)
            for peer in self._peers[batch]:
                checks.check_peer(title, plain, x, peer)

    def times(self, batch: int, repeats: int, *works: str) -> Times:
        """The times of every peer, as those of each of `works`."""
        times: Times = {}
        for peer in self._peers[batch]:
            ms = median_ms(peer.run, repeats) / batch
            times |= {Key(work, batch, peer.name, peer.precision): ms for work in works}
        return times


class ModelComparison:
    """Times every stage of a cascade with PyTorch, and the plain model with all peers."""

    TABLE = PEERS_TABLE

    def __init__(self, family: Family, reference: Path | None):
        self._family = family
        cascade = family.make().eval()
        fill(cascade)
        if reference:
            checks.check_recorded(family.title, cascade, reference / family.recorded)
        self._cascades = {precision: converted(cascade, precision) for precision in PRECISIONS}
        checks.check_converted(
            family.title, cascade, self._cascades["bfloat16"], "bfloat16")
        self._plain = PlainModel(family.plain_title, family.make_plain(), BATCHES)

    def turn(self, dvt: Program) -> Times:
        times: Times = {}
        for batch in BATCHES:
            for precision in PRECISIONS:
                times |= self._pytorch_stages(images(batch), precision)
            times |= self._plain.times(batch, REPEATS, self._family.plain_title)
            for precision in dvt.precisions:
                times |= self._ours(dvt, batch, precision)
        return times

    def _pytorch_stages(self, x: Tensor, precision: str) -> Times:
        times: Times = {}
        x = x.to(TYPES[precision])
        reused: tuple[Tensor | list[Tensor], ...] = ()
        for index, stage in enumerate(self._cascades[precision].stages()):
            run = partial(stage, x, *reused)
            work = f"{self._family.title} stage {index + 1}"
            times[Key(work, len(x), PYTORCH, precision)] = median_ms(run, REPEATS) / len(x)
            reused = run()[1:]
        return times

    def _ours(self, dvt: Program, batch: int, precision: str) -> Times:
        stages = stage_times(dvt, self._family, [batch], REPEATS, precision)
        [plain] = dvt.stages(self._family.plain_name, [batch], REPEATS, precision).values()
        return stages | {Key(self._family.plain_title, batch, OURS, precision): plain / batch}


def stage_times(
    dvt: Program, family: Family, batches: list[int], repeats: int, precision: str
) -> Times:
    """Our times of a cascade's stages."""
    return {Key(f"{family.title} {step.name}", step.batch, OURS, precision): ms / step.batch
            for step, ms in dvt.stages(family.name, batches, repeats, precision).items()}


class AttentionComparison:
    """The attention of DVT-DeiT-S's last stage: B = 8, H = 6, T = 197, d = 64.

    PyTorch receives q scaled, q, k and v contiguous, and the relations upsampled, none of it timed.
    `dvt` reads q, k and v from the output of the linear layer, and resamples the relations of the
    101 coarse tokens.
    """

    TABLE = PEERS_TABLE
    TITLE, LABEL = "DVT-DeiT-S stage 3, one attention", "attention B=8 T=197 H=6 d=64 reuse=10"
    BATCH, HEADS, TOKENS, WIDTH = 8, 6, 197, 64
    REPEATS, MILLISECONDS = 20, 1000

    def __init__(self) -> None:
        rows = (self.BATCH, self.HEADS, self.TOKENS, self.WIDTH)
        q, k, v = (self._values(name, *rows) for name in "qkv")
        relation = self._values("relation", *rows[:3], self.TOKENS)
        self._inputs = {
            precision: Inputs(*(x.to(TYPES[precision])
                                for x in (q * self.WIDTH**-0.5, k, v, relation)))
            for precision in PRECISIONS}
        expected = self._separate("float32").numpy()
        for precision in PRECISIONS:
            for run in (self._separate, self._fused):
                checks.require(
                    f"{self.TITLE}, PyTorch {run.__name__.strip('_')} in {precision}",
                    distance(numbers(run(precision)), expected),
                    LIMITS[precision])

    def turn(self, dvt: Program) -> Times:
        runs: dict[tuple[str, str], Run] = {}
        for precision in PRECISIONS:
            runs[f"{PYTORCH}, bmm", precision] = partial(self._separate, precision)
            runs[f"{PYTORCH}, fused", precision] = partial(self._fused, precision)
        times = {by: median_ms(run, self.REPEATS, self.MILLISECONDS) for by, run in runs.items()}
        for precision in dvt.precisions:
            times[OURS, precision] = dvt.operation(
                DEIT.name, self.LABEL, self.BATCH, self.REPEATS, self.MILLISECONDS, precision)
        return {Key(self.TITLE, self.BATCH, *by): ms / self.BATCH for by, ms in times.items()}

    @staticmethod
    def _values(name: str, *shape: int) -> Tensor:
        return torch.from_numpy(stream(name, torch.Size(shape).numel())).reshape(shape)

    def _separate(self, precision: str) -> Tensor:
        q, k, v, relation = (x.flatten(0, 1) for x in self._inputs[precision])
        y = torch.bmm(torch.bmm(q, k.transpose(1, 2)).add(relation).softmax(-1), v)
        return y.unflatten(0, (self.BATCH, self.HEADS))

    def _fused(self, precision: str) -> Tensor:
        q, k, v, relation = self._inputs[precision]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=relation, scale=1.0)


class Inputs(NamedTuple):
    """The inputs of attention, `q` already scaled."""

    q: Tensor
    k: Tensor
    v: Tensor
    relation: Tensor


class TrainingComparison:
    """A training step of a two-exit cascade for 32 x 32 images: forward, backward and AdamW."""

    TABLE = PEERS_TABLE
    SIZES, BATCHES, REPEATS = (192, 6, 3), [8, 128], 5
    TITLE = "training step, two exits, 32 x 32, D = 192, L = 6"

    @torch.inference_mode(False)
    def __init__(self) -> None:
        self._training = Training(small_cascade(*self.SIZES))

    @torch.inference_mode(False)
    def turn(self, dvt: Program) -> Times:
        ours = dvt.training(cascade_card(*self.SIZES), self.BATCHES, self.REPEATS)
        times = {Key(self.TITLE, batch, OURS, "float32"): ms / batch for batch, ms in ours.items()}
        for batch in self.BATCHES:
            [(images, labels)] = seeded_batches(1, batch)
            run = partial(self._training.step, images, labels)
            times[Key(self.TITLE, batch, PYTORCH, "float32")] = (
                median_ms(run, self.REPEATS) / batch)
        return times


class BatchComparison:
    """The stages of DVT-DeiT-S at several batch sizes."""

    TABLE = BATCHES_TABLE

    def turn(self, dvt: Program) -> Times:
        times: Times = {}
        for precision in dvt.precisions:
            times |= stage_times(dvt, DEIT, SCALED_BATCHES, SCALED_REPEATS, precision)
        return times
