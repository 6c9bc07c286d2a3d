"""Dynamic Vision Transformers in PyTorch, the peers of the benchmarks.

They follow the authors' code: the relations of the previous stage are mixed, upsampled to the finer
grid and stored before attention adds them. Their code runs every stage for every image;
`early_exits` is what a user would write. Parameters have the authors' names, from which `dvt`
generates the same seeded weights.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

REUSED_WIDTH, REUSE_HIDDEN_WIDTH = 48, 128


@dataclass(frozen=True)
class Sizes:
    """The sizes that the stages of a cascade share."""

    width: int
    depth: int
    heads: int
    mlp_width: int
    qkv_bias: bool
    epsilon: float
    classes: int = 1000

    def norm(self, width: int) -> nn.LayerNorm:
        return nn.LayerNorm(width, eps=self.epsilon)


DEIT_SMALL = Sizes(384, 12, 6, mlp_width=1536, qkv_bias=True, epsilon=1e-6)
TINY = Sizes(64, 2, 2, mlp_width=256, qkv_bias=True, epsilon=1e-6, classes=10)
CIFAR10 = Sizes(128, 6, 4, mlp_width=512, qkv_bias=True, epsilon=1e-6, classes=10)


class MLP(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, inputs: int, hidden: int, outputs: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class FeatureReuse(nn.Sequential):
    """LayerNorm and a small MLP on the previous stage's tokens, resampled to this stage's grid."""

    def __init__(self, sizes: Sizes, grid: int):
        super().__init__(
            sizes.norm(sizes.width), MLP(sizes.width, REUSE_HIDDEN_WIDTH, REUSED_WIDTH))
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)[:, 1:]
        side = math.isqrt(x.shape[1])
        x = resample(x.transpose(1, 2).unflatten(2, (side, side)), self.grid)
        x = x.flatten(2).transpose(1, 2)
        return torch.cat([torch.zeros_like(x[:, :1]), x], 1)


def resample(x: Tensor, grid: int) -> Tensor:
    """Nearest-neighbor upsampling to a multiple of the side, then adaptive average pooling."""
    side = x.shape[-1]
    x = F.interpolate(x, size=side * -(-grid // side), mode="nearest")
    return F.adaptive_avg_pool2d(x, grid)


class Attention(nn.Module):
    """The linear layers before and after the attention of a block."""

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.heads = sizes.heads
        self.qkv = nn.Linear(sizes.width, 3 * sizes.width, bias=sizes.qkv_bias)
        self.proj = nn.Linear(sizes.width, sizes.width)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """q, k and v: each [B, H, T, d]."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return q, k, v

    def joined(self, y: Tensor) -> Tensor:
        return self.proj(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, sizes: Sizes, grid: int, reuses: bool):
        super().__init__()
        wide = sizes.width + (REUSED_WIDTH if reuses else 0)
        self.norm1, self.attn = sizes.norm(sizes.width), Attention(sizes)
        self.norm2, self.mlp = sizes.norm(wide), MLP(wide, sizes.mlp_width, sizes.width)
        if reuses:
            self.feature_resuse_mlp = FeatureReuse(sizes, grid)

    def forward(
        self, x: Tensor, features: Tensor | None, relation: Tensor | None, keeps: bool = True
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens, and the attention's logits including the relation.

        Without `keeps` there are no logits, and PyTorch's fused attention adds the relation.
        """
        q, k, v = self.attn.split(self.norm1(x))
        logits = None
        if keeps:
            logits = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
            if relation is not None:
                logits = logits + relation
            y = logits.softmax(-1) @ v
        else:
            # The fast kernels take no mask whose rows are not contiguous.
            mask = None if relation is None else relation.contiguous()
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.attn.joined(y)
        z = x
        if features is not None:
            z = torch.cat([x, self.feature_resuse_mlp(features)], -1)
        return x + self.mlp(self.norm2(z)), logits


class Stage(nn.Module):
    """One transformer of a cascade; subclasses implement `embed`.

    A stage whose relations no later one reuses can set `keeps_relations` to False, which allows
    PyTorch's fused attention.
    """

    def __init__(self, sizes: Sizes, grid: int, reuses: bool):
        super().__init__()
        self.keeps_relations = True
        self.grid, self.depth, self.heads = grid, sizes.depth, sizes.heads
        self.cls_token = nn.Parameter(torch.zeros(1, 1, sizes.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid * grid + 1, sizes.width))
        self.blocks = nn.ModuleList(Block(sizes, grid, reuses) for _ in range(sizes.depth))
        self.norm = sizes.norm(sizes.width)
        self.head = nn.Linear(sizes.width, sizes.classes)
        if reuses:
            channels = sizes.depth * sizes.heads
            self.relation_reuse_conv = nn.Sequential(
                nn.Conv2d(channels, 3 * channels, 1), nn.GELU(),
                nn.Conv2d(3 * channels, channels, 1))

    def embed(self, images: Tensor) -> Tensor:
        """Tokens [B, N, D] in row-major order of the grid."""
        raise NotImplementedError

    def tokens(self, images: Tensor) -> Tensor:
        x = self.embed(images)
        return torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed

    def logits(self, x: Tensor) -> Tensor:
        return self.head(self.norm(x)[:, 0])

    def upsampled(self, relations: Sequence[Tensor]) -> Sequence[Tensor]:
        """The mixed relations, upsampled along rows, then columns, except the class token."""
        r = self.relation_reuse_conv(torch.cat(list(relations), 1))
        for _ in range(2):
            batch, channels, rows, columns = r.shape
            side = math.isqrt(columns - 1)
            x = r[..., 1:].reshape(batch, channels * rows, side, side)
            x = resample(x, self.grid).reshape(batch, channels, rows, -1)
            r = torch.cat([r[..., :1], x], -1).transpose(-2, -1)
        return r.split(self.heads, 1)

    def forward(
        self, images: Tensor, features: Tensor | None = None,
        relations: Sequence[Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Logits, and the tokens and relations of all blocks for the next stage to reuse."""
        x = self.tokens(images)
        reused = self.upsampled(relations) if relations else [None] * self.depth
        kept = []
        for block, relation in zip(self.blocks, reused, strict=True):
            x, logits = block(x, features, relation, self.keeps_relations)
            if logits is not None:
                kept.append(logits)
        return self.logits(x), x, kept


class PatchEmbed(nn.Module):
    def __init__(self, width: int, patch: int, stride: int, padding: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, stride, padding)

    def forward(self, images: Tensor) -> Tensor:
        return self.proj(images).flatten(2).transpose(1, 2)


class DeiTStage(Stage):
    def __init__(
        self, patch: int, padding: int, grid: int, reuses: bool, sizes: Sizes = DEIT_SMALL,
        stride: int | None = None,
    ):
        super().__init__(sizes, grid, reuses)
        self.patch_embed = PatchEmbed(sizes.width, patch, stride or patch, padding)

    def embed(self, images: Tensor) -> Tensor:
        return self.patch_embed(images)


class Cascade(nn.Module):
    """Two or three stages with the authors' names."""

    NAMES = ["less_less_token", "less_token", "normal_token"]

    def __init__(self, *stages: Stage):
        super().__init__()
        self.names = self.NAMES[-len(stages):]
        for name, stage in zip(self.names, stages, strict=True):
            setattr(self, name, stage)

    def stages(self) -> list[Stage]:
        return [getattr(self, name) for name in self.names]

    def forward(self, images: Tensor) -> list[Tensor]:
        """The logits of every exit."""
        return all_exits(self.stages(), images)


RunStage = Callable[
    [Tensor, Tensor | None, Sequence[Tensor] | None], tuple[Tensor, Tensor, list[Tensor]]]
"""A stage, or a compiled one."""


def all_exits(stages: Sequence[RunStage], images: Tensor) -> list[Tensor]:
    """The logits of every exit, of all images."""
    exits = []
    features = relations = None
    for stage in stages:
        logits, features, relations = stage(images, features, relations)
        exits.append(logits)
    return exits


def early_exits(
    stages: Sequence[RunStage], images: Tensor, thresholds: Sequence[float]
) -> list[Tensor]:
    """The logits of every exit, of the images that reach it.

    There is a threshold for every exit but the last. Images whose confidence is below it continue,
    packed with what the next stage reuses.
    """
    logits, features, relations = stages[0](images, None, None)
    exits = [logits]
    for stage, threshold in zip(stages[1:], thresholds, strict=True):
        rows = (confidences(exits[-1]) < threshold).nonzero().squeeze(1)
        if len(rows) == 0:
            break
        images, features = images[rows], features[rows]
        logits, features, relations = stage(images, features, [r[rows] for r in relations])
        exits.append(logits)
    return exits


def confidences(logits: Tensor) -> Tensor:
    """The probability of every image's top-1 class."""
    return logits.float().softmax(-1).amax(-1)


class Plain(nn.Module):
    """A single stage, with PyTorch's fused attention."""

    def __init__(self, stage: Stage):
        super().__init__()
        self.stage = stage

    def forward(self, images: Tensor) -> Tensor:
        x = self.stage.tokens(images)
        for block in self.stage.blocks:
            x, _ = block(x, None, None, keeps=False)
        return self.stage.logits(x)


def card_stages(card: dict[str, Any]) -> list[Stage]:
    """The stages that a model card of `dvt` describes by patch, width, depth and heads."""
    return [
        DeiTStage(
            stage["patch"], 0, card["image_size"] // stage["patch"], index > 0,
            Sizes(stage["width"], stage["depth"], stage["heads"], mlp_width=4 * stage["width"],
                  qkv_bias=True, epsilon=1e-6, classes=card["classes"]))
        for index, stage in enumerate(card["stages"])]


def dvt_deit_small(sizes: Sizes = DEIT_SMALL) -> Cascade:
    return Cascade(
        DeiTStage(32, 0, 7, False, sizes), DeiTStage(23, 3, 10, True, sizes),
        DeiTStage(16, 0, 14, True, sizes))


def tiny_deit() -> Cascade:
    return dvt_deit_small(TINY)


def deit_small() -> Plain:
    return Plain(DeiTStage(16, 0, 14, False))


def cifar10_last_exit() -> Plain:
    """The last stage of dvt-cifar10 as a plain model, without what it reuses."""
    return Plain(DeiTStage(7, 1, 10, False, CIFAR10, stride=3))
