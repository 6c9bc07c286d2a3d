"""Times PyTorch on the work of `dvt` that `measure.sh` recorded; prints a JSON line per time.

It reads the records of `dvt`, so that only measure.sh says what is measured. Parts:

    device    PyTorch's version and its device
    kernels   the operations of `dvt bench op`: linear layers, attention, LayerNorm, reuse
    models    the models of `dvt bench model`: plain ones, and cascades as the authors' code
              computes them: by stage, through all exits, with as many images exiting as in `dvt`
    compiled  the same by torch.compile, the largest batch first
    training  the steps of `dvt bench train`; bfloat16 by autocast

Variants: eager; SDPA, in which PyTorch's fused attention replaces the explicit one where nothing
reuses the logits; compiled, which includes SDPA. On a GPU a time is the median of events around
each run, with several runs queued; on a CPU it is that of the wall clock.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

import torch

from models_pytorch import time_compiled, time_models, time_training
from operations_pytorch import time_operations
from timer import OutOfTime, Record, Timer, show, warn


def find_device(name: str) -> torch.device:
    """`gpu` is the first that PyTorch can use."""
    if name == "gpu":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if hasattr(torch, "xpu") and torch.xpu.is_available():
            return torch.device("xpu")
        sys.exit(f"measure.py: PyTorch {torch.__version__} finds no GPU")
    return torch.device("cpu")


def show_device(_: list[Record], __: argparse.Namespace, timer: Timer) -> None:
    name = "CPU" if timer.device.type == "cpu" else timer.accelerator.get_device_name()
    show({"torch": torch.__version__, "torch_device": name, "threads": torch.get_num_threads(),
          "runtime": torch.version.cuda or torch.version.hip})


PARTS = {"device": show_device, "kernels": time_operations, "models": time_models,
         "compiled": time_compiled, "training": time_training}


def read_records(path: Path) -> list[Record]:
    """The records of `dvt` in a results file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["record"] for line in lines
            if line["kind"] == "record" and line["program"] == "dvt"]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument(
        "--like", type=Path, metavar="FILE", help="the results.jsonl of measure.sh")
    parser.add_argument(
        "--card", action="append", type=Path, dest="cards", default=[], metavar="FILE",
        help="a cascade that the records mention by its name; may be repeated")
    parser.add_argument("--device", choices=["gpu", "cpu"], default="gpu", help="default: gpu")
    parser.add_argument("--time-limit", type=float, default=120, metavar="SECONDS",
                        help="default: 120")
    parser.add_argument("--small", action="store_true", help="two runs of everything")
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    warnings.filterwarnings("ignore")
    torch.manual_seed(1)
    if arguments.small:
        torch.set_num_threads(1)  # Tiny work is slower by several, above all where others run.
    timer = Timer(find_device(arguments.device), arguments.time_limit, arguments.small)
    ours = read_records(arguments.like) if arguments.like else []
    try:
        PARTS[arguments.part](ours, arguments, timer)
    except OutOfTime as reached:
        warn(f"out of time; skipped from here on: {reached}")


if __name__ == "__main__":
    main()
