"""Dynamic Vision Transformers in PyTorch, the peers of the benchmarks.

They follow the authors' code: every stage runs for every image, and the relations of the previous
stage are mixed, upsampled to the finer grid and stored before attention adds them. Parameters have
the authors' names, from which `dvt` generates the same seeded weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
        self, x: Tensor, features: Tensor | None, relation: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Tokens, and the attention's logits including the relation."""
        q, k, v = self.attn.split(self.norm1(x))
        logits = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
        if relation is not None:
            logits = logits + relation
        x = x + self.attn.joined(logits.softmax(-1) @ v)
        z = x
        if features is not None:
            z = torch.cat([x, self.feature_resuse_mlp(features)], -1)
        return x + self.mlp(self.norm2(z)), logits

    def fused(self, x: Tensor) -> Tensor:
        """The same without reuse, with PyTorch's fused attention, which keeps no logits."""
        x = x + self.attn.joined(F.scaled_dot_product_attention(*self.attn.split(self.norm1(x))))
        return x + self.mlp(self.norm2(x))


class Stage(nn.Module):
    """One transformer of a cascade; subclasses implement `embed`."""

    def __init__(self, sizes: Sizes, grid: int, reuses: bool):
        super().__init__()
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
            x, logits = block(x, features, relation)
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
        exits = []
        features = relations = None
        for stage in self.stages():
            logits, features, relations = stage(images, features, relations)
            exits.append(logits)
        return exits


class Plain(nn.Module):
    """A single stage, with PyTorch's fused attention."""

    def __init__(self, stage: Stage):
        super().__init__()
        self.stage = stage

    def forward(self, images: Tensor) -> Tensor:
        x = self.stage.tokens(images)
        for block in self.stage.blocks:
            x = block.fused(x)
        return self.stage.logits(x)


def dvt_deit_small() -> Cascade:
    return Cascade(
        DeiTStage(32, 0, 7, False), DeiTStage(23, 3, 10, True), DeiTStage(16, 0, 14, True))


def deit_small() -> Plain:
    return Plain(DeiTStage(16, 0, 14, False))


def cifar10_last_exit() -> Plain:
    """The last stage of dvt-cifar10 as a plain model, without what it reuses."""
    return Plain(DeiTStage(7, 1, 10, False, CIFAR10, stride=3))
