"""Times PyTorch, ONNX Runtime, OpenVINO and `dvt` in turns, and prints Markdown tables.

The peers run in float32 and in bfloat16, and OpenVINO as it ships, with one thread per core.
Before timing, the logits of the PyTorch models are compared with the recorded ones, if their folder
is given, and those of every peer with PyTorch's in float32.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from comparisons import (
    DEIT, T2T, AttentionComparison, BatchComparison, Comparison, ModelComparison,
    TrainingComparison)
from exits import CIFAR10Comparison, DeiTExitComparison
from processor import THREADS
from program import PRECISIONS, Program
from results import Results, Turn
from tables import report, split_at_markers, write

COMPARISONS: dict[str, Callable[[argparse.Namespace], Comparison]] = {
    "deit": lambda arguments: ModelComparison(DEIT, arguments.reference),
    "t2t": lambda arguments: ModelComparison(T2T, arguments.reference),
    "attention": lambda _: AttentionComparison(),
    "training": lambda _: TrainingComparison(),
    "exits": lambda _: DeiTExitComparison(),
    "cifar10": lambda arguments: CIFAR10Comparison(arguments.data),
    "batches": lambda _: BatchComparison(),
}


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dvt", help="the program")
    parser.add_argument("--reference", type=Path, metavar="FOLDER", help="the recorded tensors")
    parser.add_argument(
        "--only", action="append", choices=COMPARISONS, help="may be repeated")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER",
        help="CIFAR-10, so that dvt-cifar10 is timed on its test images too")
    parser.add_argument(
        "--precision", action="append", choices=PRECISIONS, dest="precisions",
        help="a precision of dvt; may be repeated; default: all")
    parser.add_argument(
        "--format", choices=["markdown", "json"], default="markdown", help="default: markdown")
    parser.add_argument("--turns", type=positive, default=3, metavar="N", help="default: 3")
    parser.add_argument(
        "--write", type=Path, metavar="FILE",
        help="write the tables between the markers of this document instead of printing them")
    arguments = parser.parse_args()
    if arguments.write and (arguments.only or arguments.precisions):
        parser.error("--write requires the whole comparison: omit --only and --precision")
    if arguments.write and arguments.format != "markdown":
        parser.error("--write writes Markdown: omit --format")
    return arguments


def measured(comparisons: dict[str, Comparison], dvt: Program, turns: int) -> list[Turn]:
    results: list[Turn] = []
    for turn in range(turns):
        times: Turn = {}
        for name, comparison in comparisons.items():
            start = time.monotonic()
            times.setdefault(comparison.TABLE, {}).update(comparison.turn(dvt))
            print(f"turn {turn + 1} of {turns}, {name}: {time.monotonic() - start:.0f} s",
                  file=sys.stderr)
        results.append(times)
    return results


def main() -> None:
    arguments = parsed()
    if arguments.write:
        split_at_markers(arguments.write)  # Fail before the measurement if they are missing.
    if arguments.reference is None:
        print("SKIPPED: the comparison with the recorded logits; DVT_REFERENCE is not set",
              file=sys.stderr)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(THREADS)
    dvt = Program(arguments.dvt, arguments.precisions or PRECISIONS)
    with torch.inference_mode():
        comparisons = {name: make(arguments) for name, make in COMPARISONS.items()
                       if not arguments.only or name in arguments.only}
        results = Results(measured(comparisons, dvt, arguments.turns), dvt)
    if arguments.write:
        write(arguments.write, report(results))
    else:
        print(results.json() if arguments.format == "json" else report(results))


if __name__ == "__main__":
    main()
