"""DVT-T2T-ViT-12 in PyTorch: the stages of dvt_pytorch.py with a Tokens-to-Token module."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dvt_pytorch import Cascade, Plain, Sizes, Stage

T2T_VIT_12 = Sizes(256, 12, 4, mlp_width=512, qkv_bias=False, epsilon=1e-5)
TOKEN_WIDTH, RANDOM_FEATURES, IMAGE_SIDE = 64, 32, 224


@dataclass(frozen=True)
class Split:
    """A soft split: overlapping patches as rows of C * kernel * kernel numbers."""

    kernel: int
    stride: int
    padding: int

    def side(self, side: int) -> int:
        return (side + 2 * self.padding - self.kernel) // self.stride + 1

    def __call__(self, x: Tensor) -> Tensor:
        """[B, C, S, S] to [B, N, C * kernel * kernel]."""
        return F.unfold(
            x, self.kernel, stride=self.stride, padding=self.padding).transpose(1, 2)


NEXT_SPLIT = Split(3, 2, 1)


class Performer(nn.Module):
    """Performer attention, which projects its input to TOKEN_WIDTH."""

    def __init__(self, inputs: int):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(RANDOM_FEATURES, TOKEN_WIDTH))
        self.norm1 = T2T_VIT_12.norm(inputs)
        self.kqv = nn.Linear(inputs, 3 * TOKEN_WIDTH)
        self.proj = nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH)
        self.norm2 = T2T_VIT_12.norm(TOKEN_WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH), nn.GELU(), nn.Linear(TOKEN_WIDTH, TOKEN_WIDTH))

    def phi(self, z: Tensor) -> Tensor:
        """exp(w z - |z|^2 / 2) / sqrt(m): [B, T, 64] to [B, T, m]."""
        half = (z * z).sum(-1, keepdim=True) / 2
        return torch.exp(z @ self.w.T - half) / math.sqrt(RANDOM_FEATURES)

    def attend(self, k: Tensor, q: Tensor, v: Tensor) -> Tensor:
        k, q = self.phi(k), self.phi(q)
        mass = q @ k.sum(1).unsqueeze(2) + 1e-8
        return q @ (k.transpose(1, 2) @ v) / mass

    def forward(self, x: Tensor) -> Tensor:
        k, q, v = self.kqv(self.norm1(x)).chunk(3, -1)
        y = v + self.proj(self.attend(k, q, v))
        return y + self.mlp(self.norm2(y))


class TokensToToken(nn.Module):
    def __init__(self, first: Split):
        super().__init__()
        self.first, side = first, first.side(IMAGE_SIDE)
        self.sides = [side, NEXT_SPLIT.side(side)]
        split_width = TOKEN_WIDTH * NEXT_SPLIT.kernel**2
        self.attention1 = Performer(3 * first.kernel**2)
        self.attention2 = Performer(split_width)
        self.project = nn.Linear(split_width, T2T_VIT_12.width)

    def forward(self, images: Tensor) -> Tensor:
        x = self.first(images)
        for attention, side in zip((self.attention1, self.attention2), self.sides, strict=True):
            x = NEXT_SPLIT(attention(x).transpose(1, 2).unflatten(2, (side, side)))
        return self.project(x)


class T2TStage(Stage):
    def __init__(self, first: Split, grid: int, reuses: bool):
        super().__init__(T2T_VIT_12, grid, reuses)
        self.tokens_to_token = TokensToToken(first)

    def embed(self, images: Tensor) -> Tensor:
        return self.tokens_to_token(images)


def dvt_t2t_vit_12() -> Cascade:
    return Cascade(
        T2TStage(Split(14, 8, 3), 7, False), T2TStage(Split(11, 6, 5), 10, True),
        T2TStage(Split(7, 4, 2), 14, True))


def t2t_vit_12() -> Plain:
    return Plain(T2TStage(Split(7, 4, 2), 14, False))
