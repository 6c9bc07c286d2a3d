"""The models of `dvt bench model` and `dvt bench train` in PyTorch, eager and compiled."""

import argparse
import functools
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from accuracy import LIMITS, distance, numbers
from dvt_pytorch import (
    Cascade, Plain, RunStage, all_exits, card_stages, confidences, deit_small, dvt_deit_small,
    early_exits, tiny_deit)
from pytorch import TYPES, can_compile, converted
from synthetic import fill, images
from timer import (
    COMPILED, EAGER, SDPA, Arithmetic, Record, Timer, described, precisions, show, stored)
from training_pytorch import Training

CHECKED_BATCH = 4
COMPILE_SECONDS = 20
"""Compiling starts only where this much time is left."""


class Subject:
    """A model that `dvt` ran, with seeded weights, and its images."""

    NAMED: dict[str, tuple[Callable[[], Cascade | Plain], int]] = {
        "dvt-deit-small": (dvt_deit_small, 1000), "deit-small": (deit_small, 1000),
        "tiny-deit": (tiny_deit, 10)}
    """The models that `dvt` has by name, and their numbers of classes."""

    def __init__(self, name: str, model: Cascade | Plain, side: int, classes: int):
        self.name, self.model, self.classes = name, model.eval(), classes
        self._side, self._images = side, dict[tuple[int, str], Tensor]()
        with torch.no_grad():
            fill(model.stage if isinstance(model, Plain) else model)

    @classmethod
    def find(cls, name: str, cards: list[Path]) -> "Subject | None":
        """A model by its name here or on a card."""
        if name in cls.NAMED:
            make, classes = cls.NAMED[name]
            return cls(name, make(), 224, classes)
        for card in (json.loads(path.read_text()) for path in cards):
            if card["name"] == name:
                stages = card_stages(card)
                model = Cascade(*stages) if len(stages) > 1 else Plain(stages[0])
                return cls(name, model, card["image_size"], card["classes"])
        return None

    @property
    def is_cascade(self) -> bool:
        return isinstance(self.model, Cascade)

    def images(self, batch: int, precision: str, device: torch.device) -> Tensor:
        key = (batch, precision)
        if key not in self._images:
            if precision == "float32":
                self._images[key] = images(batch, self._side).to(device)
            else:
                self._images[key] = self.images(batch, "float32", device).to(TYPES[precision])
        return self._images[key]


def fused(model: Cascade) -> Cascade:
    """The same with PyTorch's fused attention in the last stage."""
    model.stages()[-1].keeps_relations = False
    return model


def exits(model: Cascade | Plain, x: Tensor) -> list[Tensor]:
    return [model(x)] if isinstance(model, Plain) else model(x)


def subjects(
    ours: list[Record], cards: list[Path], measurement: str
) -> list[tuple[Subject, list[int]]]:
    """Every model of the records that PyTorch has here, and its batch sizes, large ones first."""
    sizes: dict[str, list[int]] = {}
    for record in ours:
        if record.get("measurement") == measurement and "model" in record:
            batches = sizes.setdefault(record["model"], [])
            if record["batch_size"] not in batches:
                batches.append(record["batch_size"])
    found = ((Subject.find(name, cards), batches) for name, batches in sizes.items())
    return [(subject, sorted(batches, reverse=True)) for subject, batches in found if subject]


def is_equal(
    subject: Subject, expected: list[Tensor], model: Cascade | Plain, variant: str, precision: str,
    timer: Timer,
) -> bool:
    """Compares a variant's logits with those in float32, and prints the result."""
    x = subject.images(CHECKED_BATCH, stored(precision), timer.device)
    with Arithmetic(precision):
        off = max(distance(numbers(logits), numbers(right))
                  for logits, right in zip(exits(model, x), expected, strict=True))
    passed = off <= LIMITS[precision]
    show({"check": f"{subject.name}, {variant}, {precision}", "relative_l2": off,
          "tolerance": LIMITS[precision], "passed": passed})
    return passed


def thresholds(stages: Sequence[RunStage], x: Tensor, rows: list[int]) -> list[float]:
    """Those at which so many images reach each stage."""
    values: list[float] = []
    for count in rows[1:]:
        last = early_exits(stages[:len(values) + 1], x, values)[-1]
        order = confidences(last).sort().values
        values.append(float(order[count - 1] + order[count]) / 2 if count < len(order) else 2.0)
    return values


def reached(stages: Sequence[RunStage], x: Tensor, values: list[float]) -> list[int]:
    rows = [len(logits) for logits in early_exits(stages, x, values)]
    return rows + [0] * (len(stages) - len(rows))


def time_cascade(
    stages: Sequence[RunStage], x: Tensor, rows: list[int] | None, work: Record, variant: str,
    precision: str, timer: Timer,
) -> None:
    """Times a cascade through all exits, and with the given numbers of images at each stage."""
    timer.model(variant, work | {"measurement": "all exits"}, precision,
                functools.partial(all_exits, stages, x))
    # Nothing reaches the later stages in `dvt` where their share is less than an image.
    if rows and 0 not in rows and rows[-1] < len(x):
        with Arithmetic(precision):
            values = thresholds(stages, x, rows)
            actual = reached(stages, x, values)
        timer.model(
            variant, work | {"measurement": "cascade", "stage_rows": actual}, precision,
            functools.partial(early_exits, stages, x, values))


def time_stages(
    stages: Sequence[RunStage], x: Tensor, work: Record, precision: str, timer: Timer
) -> None:
    reused: tuple[Any, ...] = ()
    for index, stage in enumerate(stages):
        run = functools.partial(stage, x, *reused)
        timer.model(EAGER, work | {"measurement": f"stage {index + 1}"}, precision, run)
        with Arithmetic(precision):
            reused = run()[1:]


def cascade_rows(ours: list[Record], name: str, batch: int) -> list[int] | None:
    """How many images reached each stage in `dvt`."""
    return next((record["stage_rows"] for record in ours
                 if record.get("measurement") == "cascade" and record.get("model") == name
                 and record["batch_size"] == batch), None)


@torch.inference_mode()
def time_models(ours: list[Record], arguments: argparse.Namespace, timer: Timer) -> None:
    wrong = []
    for subject, batches in subjects(ours, arguments.cards, "all exits"):
        subject.model.to(timer.device)
        with Arithmetic("float32"):
            expected = exits(
                subject.model, subject.images(CHECKED_BATCH, "float32", timer.device))
        for precision in precisions(timer.device):
            model = converted(subject.model, stored(precision))
            for variant in [EAGER, SDPA] if subject.is_cascade else [SDPA]:
                if isinstance(model, Cascade) and variant == SDPA:
                    fused(model)
                if not is_equal(subject, expected, model, variant, precision, timer):
                    wrong.append(f"{subject.name}, {variant}, {precision}")
                    continue
                for batch in batches:
                    work = {"model": subject.name, "batch_size": batch}
                    with timer.enough_memory(f"{variant}, {precision}, {described(work)}"):
                        time_model(model, subject, cascade_rows(ours, subject.name, batch), work,
                                   variant, precision, timer)
    if wrong:
        sys.exit(f"measure.py: the logits differ too much: {'; '.join(wrong)}")


def time_model(
    model: Cascade | Plain, subject: Subject, rows: list[int] | None, work: Record, variant: str,
    precision: str, timer: Timer,
) -> None:
    x = subject.images(work["batch_size"], stored(precision), timer.device)
    if isinstance(model, Plain):
        run = torch.compile(model, dynamic=False) if variant == COMPILED else model
        timer.model(variant, work | {"measurement": "all exits"}, precision,
                    functools.partial(run, x))
        return
    stages: list[RunStage] = list(model.stages())
    if variant == EAGER:
        time_stages(stages, x, work, precision, timer)
    if variant == COMPILED:
        stages = [torch.compile(stage, dynamic=False) for stage in stages]
    time_cascade(stages, x, rows, work, variant, precision, timer)


@torch.inference_mode()
def time_compiled(ours: list[Record], arguments: argparse.Namespace, timer: Timer) -> None:
    """The plain models first, and the largest batches, because a time limit may cut the rest."""
    if not can_compile(timer.device.type):
        sys.exit("measure.py: torch.compile does not work here; on a CPU it needs a C++ compiler")
    found = sorted(
        subjects(ours, arguments.cards, "all exits"), key=lambda pair: pair[0].is_cascade)
    arithmetics = precisions(timer.device)
    if arguments.small:  # Compiling takes long even of tiny models.
        found, arithmetics = [(subject, batches[:1]) for subject, batches in found[:1]], ["float32"]
    for rank in range(max((len(batches) for _, batches in found), default=0)):
        for precision in arithmetics:
            for subject, batches in found:
                if rank >= len(batches):
                    continue
                work = {"model": subject.name, "batch_size": batches[rank]}
                what = f"{COMPILED}, {precision}, {described(work)}"
                timer.require(COMPILE_SECONDS, what)
                model = converted(subject.model.to(timer.device), stored(precision))
                with timer.enough_memory(what):
                    time_model(fused(model) if isinstance(model, Cascade) else model, subject,
                               cascade_rows(ours, subject.name, batches[rank]), work, COMPILED,
                               precision, timer)


class Exits(nn.Module):
    """A model's logits of every exit."""

    def __init__(self, model: Cascade | Plain):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> list[Tensor]:
        return exits(self.model, x)


def time_training(ours: list[Record], arguments: argparse.Namespace, timer: Timer) -> None:
    for subject, batches in subjects(ours, arguments.cards, "step"):
        for precision in [name for name in precisions(timer.device) if name != "float16"]:
            for variant in [EAGER, SDPA] if subject.is_cascade else [SDPA]:
                model = converted(subject.model, "float32").to(timer.device).train()
                if isinstance(model, Cascade) and variant == SDPA:
                    fused(model)
                training = Training(Exits(model), autocast=precision == "bfloat16")
                for batch in batches:
                    work = {"model": subject.name, "batch_size": batch, "measurement": "step"}
                    with timer.enough_memory(f"{variant}, {precision}, {described(work)}"):
                        x = subject.images(batch, "float32", timer.device)
                        labels = torch.arange(batch, device=timer.device) % subject.classes
                        timer.model(variant, work, precision,
                                    functools.partial(training.step, x, labels))
