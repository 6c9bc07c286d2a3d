"""The checks, checked: each planted fault must break its limit, and nothing else must."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import budget
from budget import Entry
from limits import Row
from machine import Architecture
from tools import Tools

_FOLDER = Path(__file__).parent / "self-test"
# One architecture of each kind.
_CHOSEN = ["sm_90", "gfx942", "gfx1100", "gfx1200", "dg2"]
_LIMITS = """
[defaults]
items = 64
at_most = { spills = 0, scratch = 0, local = 32768, narrow = 0, local_narrow = 0, barriers = 1 }
at_least = { share = 25 }
"""
# Functions of faults.cl with the limit that each must break.
_FAULTS = {
    "spills": "spills", "scratch": "scratch", "narrow": "narrow", "local_narrow": "local_narrow",
    "share": "share", "barriers": "barriers", "local_memory": "local"}
_EXCEPTIONS = """
[[kernel.exception]]
on = ["nvidia", "amd", "intel"]
at_most = { scratch = 100000, spills = 100000 }
reason = "planted"
"""
Check = Callable[[Tools, Path, list[Entry], list[Architecture]], tuple[list[Row], list[str]]]


def run(tools: Tools, architectures: Sequence[Architecture], check: Check) -> None:
    """Ends the program unless every fault is caught."""
    chosen = [each for each in architectures if each.name in _CHOSEN]
    entries = budget.parse(_budget(), chosen).entries
    rows, failures = check(tools, _FOLDER, entries, chosen)
    problems = [failure for failure in failures if not _is_expected(failure)]
    if not any("demands 128 work-items" in failure for failure in failures):
        problems.append("a wrong work-group size is not caught")
    problems += [
        f"undefined on {each.name}: not caught" for each in chosen if each.vendor != "intel"
        and not any(failure.startswith(f"undefined on {each.name}:") for failure in failures)]
    problems += [problem for row in rows for problem in _problems(row)]
    for problem in problems:
        print(f"check-gpu-kernels: self-test: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"check-gpu-kernels: self-test: {len(rows)} functions for "
          f"{', '.join(each.name for each in chosen)}: every planted fault is caught",
          file=sys.stderr)


def _budget() -> str:
    def entry(function: str, items: int = 64, more: str = "") -> str:
        return (f'[[kernel]]\nfile = "faults"\nfunctions = ["{function}"]\nitems = {items}\n'
                f"{more}\n")

    return "".join([
        _LIMITS, entry("clean", items=128), entry("spills", items=1024),
        # The array takes 256 bytes per work-item.
        entry("scratch", more="at_most = { scratch = 255 }"),
        *(entry(function) for function in _FAULTS if function not in ("spills", "scratch")),
        # The same with macros, so that exceptions are on functions of their own.
        entry("scratch", more='macros = "EXCEPTED"' + _EXCEPTIONS),
        entry("clean", items=128, more='macros = "EXCEPTED"' + _EXCEPTIONS),
        entry("matrices", more='on = ["nvidia", "amd"]\n'
              "at_most = { local_narrow = 1 }\n"
              "at_least = { share = 0, matrix = 1, loads = 1, local_loads = 1 }"),
        entry("clean", items=64, more='macros = "WRONG_SIZE"'),
        # Intel's compiler leaves the call to the driver's linker.
        '[[kernel]]\nfile = "undefined"\non = ["nvidia", "amd"]\n'])


def _is_expected(failure: str) -> bool:
    return failure.startswith("undefined ") and "nowhere" in failure or "WRONG_SIZE" in failure


def _problems(row: Row) -> list[str]:
    broken = {line.split(": ")[1].split()[0] for line in row.broken()}
    if "EXCEPTED" in row.entry.build.macros:
        if broken & {"spills", "scratch"}:
            return [f"{row}: the exception is ignored"]
        wanted = "removed" if row.function == "clean" else "tightened"
        lines = [line for line in row.loose() if ": scratch " in line]
        return [] if lines and lines[0].endswith(wanted) else [
            f"{row}: not reported that the exception could be {wanted}"]
    if row.function in _FAULTS:
        limit = _FAULTS[row.function]
        # Where private memory is one, the compiler does not report spills apart from it.
        caught = limit in broken or limit == "spills" and "scratch" in broken
        return [] if caught else [f"{row}: {limit} is not broken: {row.measurement}"]
    return [f"{row}: {quantity} is broken: {row.measurement}" for quantity in sorted(broken)]
