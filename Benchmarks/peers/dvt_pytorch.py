"""DVT-DeiT-small in PyTorch, written after model and paper, as a peer to time against.

It does what the authors' code does: every stage runs for every image, and the relations of the stage
before are mixed, upsampled to the finer grid and stored before attention adds them. Checkpoint names
are the authors', so that the weights can be those that `dvt` generates from a seed.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class FeatureReuse(nn.Sequential):
    """LayerNorm and a small MLP from the earlier stage's width to 48."""

    def __init__(self, width):
        mlp = nn.Module()
        mlp.fc1, mlp.fc2 = nn.Linear(width, 128), nn.Linear(128, 48)
        super().__init__(nn.LayerNorm(width, eps=1e-6), mlp)

    def forward(self, x, grid):
        mlp = self[1]
        x = mlp.fc2(F.gelu(mlp.fc1(self[0](x))))[:, 1:]
        side = math.isqrt(x.shape[1])
        x = resample(x.transpose(1, 2).reshape(x.shape[0], -1, side, side), grid)
        x = x.flatten(2).transpose(1, 2)
        return torch.cat([torch.zeros_like(x[:, :1]), x], 1)


def resample(x, grid):
    """Nearest to a multiple of the side, then adaptive average pooling, as the authors do."""
    side = x.shape[-1]
    x = F.interpolate(x, size=side * -(-grid // side), mode="nearest")
    return F.adaptive_avg_pool2d(x, grid)


class Block(nn.Module):
    def __init__(self, width, heads, reuses_features):
        super().__init__()
        self.heads = heads
        wide = width + (48 if reuses_features else 0)
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.Module()
        self.attn.qkv, self.attn.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(wide, eps=1e-6)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(wide, 4 * width), nn.Linear(4 * width, width)
        if reuses_features:
            self.feature_resuse_mlp = FeatureReuse(width)

    def forward(self, x, features, relation, grid):
        batch, tokens, width = x.shape
        qkv = self.attn.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        logits = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if relation is not None:
            logits = logits + relation
        y = (logits.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.attn.proj(y)
        z = x
        if features is not None:
            z = torch.cat([x, self.feature_resuse_mlp(features, grid)], -1)
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(z)))), logits


class Stage(nn.Module):
    def __init__(self, patch, padding, grid, reuses, width=384, depth=12, heads=6, classes=1000):
        super().__init__()
        self.grid, self.depth, self.heads = grid, depth, heads
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, width, patch, patch, padding)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid * grid + 1, width))
        self.blocks = nn.ModuleList(Block(width, heads, reuses) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        if reuses:
            channels = depth * heads
            self.relation_reuse_conv = nn.Sequential(
                nn.Conv2d(channels, 3 * channels, 1), nn.GELU(), nn.Conv2d(3 * channels, channels, 1))

    def upsampled(self, relations):
        """The mixed relations at this stage's size: rows, then columns, the class token apart."""
        r = self.relation_reuse_conv(torch.cat(relations, 1))
        for _ in range(2):
            batch, channels, rows, columns = r.shape
            side = math.isqrt(columns - 1)
            x = r[..., 1:].reshape(batch, channels * rows, side, side)
            x = resample(x, self.grid).reshape(batch, channels, rows, -1)
            r = torch.cat([r[..., :1], x], -1).transpose(-2, -1)
        return r.split(self.heads, 1)

    def forward(self, images, features=None, relations=None):
        x = self.patch_embed.proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        reused = self.upsampled(relations) if relations else [None] * self.depth
        kept = []
        for block, relation in zip(self.blocks, reused):
            x, logits = block(x, features, relation, self.grid)
            kept.append(logits)
        return self.head(self.norm(x)[:, 0]), x, kept


class PlainDeiT(nn.Module):
    """DeiT-small alone, with PyTorch's own fused attention."""

    def __init__(self):
        super().__init__()
        self.stage = Stage(16, 0, 14, False)

    def forward(self, images):
        stage = self.stage
        x = stage.patch_embed.proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([stage.cls_token.expand(len(x), -1, -1), x], 1) + stage.pos_embed
        for block in stage.blocks:
            batch, tokens, width = x.shape
            qkv = block.attn.qkv(block.norm1(x)).reshape(batch, tokens, 3, block.heads, -1)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + block.attn.proj(y)
            x = x + block.mlp.fc2(F.gelu(block.mlp.fc1(block.norm2(x))))
        return stage.head(stage.norm(x)[:, 0])


class DVT(nn.Module):
    def __init__(self):
        super().__init__()
        self.less_less_token = Stage(32, 0, 7, False)
        self.less_token = Stage(23, 3, 10, True)
        self.normal_token = Stage(16, 0, 14, True)

    def stages(self):
        return [self.less_less_token, self.less_token, self.normal_token]
