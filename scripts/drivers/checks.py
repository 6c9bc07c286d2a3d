"""What is checked of a driver in one kernel style and precision, and what comes of it."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from drivers import PRECISIONS, STYLES, Driver
from expected import ExpectedFailure
from program import Program, Record, Run

OPERATIONS, MODELS, GRADIENTS, EXITS = KINDS = ["operations", "models", "gradients", "exits"]
TOYS = ["tiny-deit", "tiny-t2t"]
# With two images, as is the default, last bits decide whether tiny-t2t's first logits, which have
# 0.99 of the tolerance in bfloat16 on PoCL 3.1, exceed it. With eight they have 0.84.
IMAGES = "8"
Labels = Callable[[str, bool], list[str]]
"""The labels of all operations in a precision; of the small ones if the flag is set."""


class Setting(NamedTuple):
    """A row of the table."""

    driver: Driver
    style: str
    precision: str

    def __str__(self) -> str:
        return f"{self.driver.name} {self.style} {self.precision}"


def settings(driver: Driver, quick: bool) -> list[Setting]:
    """The rows of a driver; of those, with `quick`, the ones that CI checks."""
    return [Setting(driver, style, precision) for style in STYLES for precision in PRECISIONS
            if not quick or (style, precision) in driver.quick]


@dataclass
class Result:
    """The checks of a setting: how many passed, failed, and ended without a result."""

    setting: Setting
    version: str = ""
    passed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    failed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    not_run: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list)
    skipped: str = ""
    is_finished: bool = True
    is_quiet: bool = False
    expected: ExpectedFailure | None = None

    def add(self, kind: str, records: list[Record]) -> None:
        for record in records:
            here = EXITS if record["check"].startswith("exits ") else kind
            if record["passed"]:
                self.passed[here] += 1
            else:
                self.fail(here, _difference(record))

    def fail(self, kind: str, text: str) -> None:
        self.failed[kind] += 1
        self.failures.append(text)

    @property
    def status(self) -> str:
        if self.skipped:
            return "skipped"
        if not self.is_finished:
            return "unfinished"
        kinds = {kind for kind, count in self.failed.items() if count}
        if self.expected is None:
            return "failed" if kinds else "passed"
        if kinds - set(self.expected.kinds):
            return "failed"
        return "expected failure" if kinds else "unexpected pass"

    @property
    def is_wrong(self) -> bool:
        return self.status in ("failed", "unexpected pass")

    @property
    def reason(self) -> str:
        """The first failure, or why there is no result."""
        if self.skipped:
            return self.skipped
        known = f"known: {self.expected.reason}" if self.expected else ""
        return "; ".join(text for text in [*self.failures[:1], known] if text)


def check(
    setting: Setting, program: Program, labels: Labels, quick: bool, result: Result,
    quiet: bool = False,
) -> None:
    """Adds to a result as checks finish, so that an interrupted one is not lost."""
    driver = setting.driver
    is_short = quick and driver.small_if_quick
    small = is_short or setting.style in driver.small
    start = time.monotonic()
    result.is_finished, result.is_quiet = False, quiet
    try:
        options = ["--kernel-style", setting.style, "--precision", setting.precision]
        if driver.tile_engine and setting.style == "tile":
            options += ["--linear-engine", driver.tile_engine]
        _check_operations(setting, program, options, labels, small, result)
        for toy in TOYS[:1 if is_short else None] if driver.has_models else []:
            _check_model(program, MODELS, ["--model", toy, "--layers", "--batch-size", IMAGES,
                                           *options], result)
            if setting.precision == "float32":
                _check_model(program, GRADIENTS, ["--model", toy, "--gradients", *options], result)
        result.is_finished = True
    finally:
        result.seconds = time.monotonic() - start


def _check_model(program: Program, kind: str, arguments: list[str], result: Result) -> None:
    run = program.parity(*arguments)
    result.add(kind, run.records)
    if not run.is_complete:
        result.fail(kind, f"{arguments[1]}: {run.end}")
    _progress(result, f"{kind} of {arguments[1]}", run)


def _check_operations(
    setting: Setting, program: Program, options: list[str], labels: Labels, small: bool,
    result: Result
) -> None:
    """Checks all operations; after a crash, those of other kinds than the one that crashed."""
    sizes = ["--small"] if small else []
    run = program.parity("--operations", *sizes, *options)
    result.add(OPERATIONS, run.records)
    _progress(result, "operations", run)
    if run.is_complete:
        return
    remaining = labels(setting.precision, small)[len(run.records):]
    if not remaining:
        result.fail(OPERATIONS, f"after {len(run.records)} operations: {run.end}")
    for kind, group in _by_kind(remaining):
        if group[0] == remaining[0]:
            finished = 0
        else:
            # The filter takes any label that contains it.
            run = program.parity("--operations", *sizes, *options, "--filter", f"{kind} ")
            records = [record for record in run.records if record["check"] in group]
            result.add(OPERATIONS, records)
            finished = len(records)
            _progress(result, kind, run)
        if finished < len(group):
            result.fail(OPERATIONS, f"{group[finished]}: {run.end}")
            result.not_run += len(group) - finished - 1


def _by_kind(labels: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Labels by their first word, in the order of first occurrence."""
    kinds: dict[str, list[str]] = {}
    for label in labels:
        kinds.setdefault(label.split()[0], []).append(label)
    yield from kinds.items()


def _difference(record: Record) -> str:
    if record["relative_l2"] is None:
        return f"{record['check']}: {record['differing']} differ"
    return (f"{record['check']}: relative error {record['relative_l2']:.1e}, "
            f"tolerance {record['tolerance']:.1e}")


def _progress(result: Result, what: str, run: Run) -> None:
    if result.is_quiet:
        return
    failed = sum(not record["passed"] for record in run.records)
    ended = "" if run.is_complete else f", then {run.end}"
    print(f"{result.setting}: {what}: {len(run.records) - failed} passed, {failed} failed{ended}"
          f" ({run.seconds:.0f} s)", file=sys.stderr)
