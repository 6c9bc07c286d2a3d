"""Training of a two-exit cascade for 32 x 32 images in PyTorch, the peer of `dvt train` and the
source of the losses that its tests expect.

    python training_pytorch.py --losses losses.safetensors   ten steps from seeded weights
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import synthetic
from dvt_pytorch import Cascade, card_stages

# The defaults of `dvt train`.
RATE, BETAS, EPSILON, DECAY, CLIP, AVERAGE = 1e-3, (0.9, 0.999), 1e-8, 0.05, 1.0, 0.999


def small_cascade(width: int, depth: int, heads: int) -> Cascade:
    """Patches of 8, then 4 pixels, 10 classes, feature and relation reuse."""
    return Cascade(*card_stages(cascade_card(width, depth, heads)))


def cascade_card(width: int, depth: int, heads: int) -> dict[str, Any]:
    """The same cascade as JSON for `dvt`."""
    return {
        "name": f"peers-{width}x{depth}", "image_size": 32, "classes": 10,
        "stages": [{"patch": patch, "width": width, "depth": depth, "heads": heads}
                   for patch in (8, 4)]}


def optimizer(model: nn.Module, rate: float = RATE) -> torch.optim.AdamW:
    """AdamW without weight decay for biases, norms, class tokens and position embeddings."""
    kept = {True: [], False: []}
    for name, parameter in model.named_parameters():
        is_decayed = parameter.ndim > 1 and not name.endswith(("cls_token", "pos_embed"))
        kept[is_decayed].append(parameter)
    groups = [
        {"params": kept[True], "weight_decay": DECAY}, {"params": kept[False], "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=rate, betas=BETAS, eps=EPSILON)


class Training:
    """A model, its optimizer and its averaged weights.

    The model computes the logits of every exit, with `autocast` in bfloat16 where PyTorch's
    autocast does.
    """

    def __init__(self, model: nn.Module, rate: float = RATE, autocast: bool = False):
        self.model, self.optimizer, self.autocast = model, optimizer(model, rate), autocast
        self.average = [p.detach().clone() for p in model.parameters()]

    def step(self, images: Tensor, labels: Tensor) -> list[float]:
        """Performs one step; returns the loss of every exit before it."""
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.autocast):
            losses = [F.cross_entropy(logits, labels) for logits in self.model(images)]
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.model.parameters()), 1 - AVERAGE)
        return [loss.item() for loss in losses]


def seeded_batches(count: int, size: int) -> list[tuple[Tensor, Tensor]]:
    """Images and labels from the same seeded numbers as in `dvt`."""
    batches = []
    for index in range(count):
        pixels = synthetic.stream(f"training.{index}", size * 3 * 32 * 32)
        labels = (synthetic.stream(f"labels.{index}", size).astype(np.float64) + 1) / 2 * 10
        batches.append((
            torch.from_numpy(pixels).reshape(size, 3, 32, 32),
            torch.from_numpy(np.floor(labels).astype(np.int64))))
    return batches


def write_losses(path: Path) -> None:
    """Writes ten losses of every exit, in float64, starting from the weights of `synthetic:1`."""
    from safetensors.numpy import save_file

    model = small_cascade(32, 2, 2)
    with torch.no_grad():
        synthetic.fill(model)
    training = Training(model.double())
    losses = [training.step(x.double(), y) for x, y in seeded_batches(10, 8)]
    save_file(
        {"losses": np.asarray(losses, dtype=np.float32)}, path,
        metadata={"made_by": "Benchmarks/peers/training_pytorch.py", "torch": torch.__version__})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", type=Path, required=True, metavar="FILE")
    write_losses(parser.parse_args().losses)
