"""Precisions and compilation of models in PyTorch."""

import copy
import functools
from typing import TypeVar

import torch
from torch import nn

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
Model = TypeVar("Model", bound=nn.Module)


def converted(model: Model, precision: str) -> Model:
    """A copy of a model with weights of this precision."""
    return copy.deepcopy(model).to(TYPES[precision])


@functools.cache
def can_compile(device: str = "cpu") -> bool:
    """Whether torch.compile works on a device; on a CPU it needs a C++ compiler."""
    # The models share their code, and by default only a few versions of it are compiled.
    torch._dynamo.config.recompile_limit = 100
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    try:
        torch.compile(lambda x: x.sin() + 1)(torch.ones(8, device=device))
    except Exception:  # The errors of its stages have no common class.
        return False
    return True
