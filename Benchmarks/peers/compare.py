"""Times PyTorch, ONNX Runtime, OpenVINO and `dvt` in turns, and prints Markdown tables.

All run float32 with one thread per core. Before timing, the logits of the PyTorch models are
compared with the recorded ones, if their folder is given, and those of the other runtimes with
PyTorch's.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from comparisons import (
    DEIT, T2T, AttentionComparison, BatchComparison, Comparison, ModelComparison, Times,
    TrainingComparison)
from peers import THREADS
from program import Program
from tables import report, split_at_markers, write

COMPARISONS: dict[str, Callable[[Path | None], Comparison]] = {
    "deit": lambda reference: ModelComparison(DEIT, reference),
    "t2t": lambda reference: ModelComparison(T2T, reference),
    "attention": lambda _: AttentionComparison(),
    "batches": lambda _: BatchComparison(),
    "training": lambda _: TrainingComparison(),
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
    parser.add_argument("--turns", type=positive, default=3, metavar="N", help="default: 3")
    parser.add_argument(
        "--write", type=Path, metavar="FILE",
        help="write the tables between the markers of this document instead of printing them")
    arguments = parser.parse_args()
    if arguments.only and arguments.write:
        parser.error("--write requires the whole comparison: omit --only")
    return arguments


def measured(comparisons: dict[str, Comparison], dvt: Program, turns: int) -> list[Times]:
    results: list[Times] = []
    for turn in range(turns):
        times: Times = {}
        for name, comparison in comparisons.items():
            start = time.monotonic()
            times |= comparison.turn(dvt)
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
    dvt = Program(arguments.dvt)
    with torch.inference_mode():
        comparisons = {name: make(arguments.reference) for name, make in COMPARISONS.items()
                       if not arguments.only or name in arguments.only}
        turns = measured(comparisons, dvt, arguments.turns)
    text = report(turns, dvt.setting)
    if arguments.write:
        write(arguments.write, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
