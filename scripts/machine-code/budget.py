"""The budget: which kernels are compiled for which architectures, and their limits."""

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import Architecture
from measure import QUANTITIES

_FIELDS = {"file", "macros", "functions", "items", "on", "max_registers", "at_most", "at_least",
           "exception"}


@dataclass(frozen=True)
class Limit:
    """A bound of a quantity; `reason` is that of an exception, which replaces `ordinary`."""

    quantity: str
    is_maximum: bool
    bound: int
    reason: str | None = None
    ordinary: "Limit | None" = None

    def allows(self, value: int | None) -> bool:
        # A function without loops has nothing to reach in one, and nothing to exceed.
        if value is None:
            return self.is_maximum
        return value <= self.bound if self.is_maximum else value >= self.bound

    @property
    def bound_text(self) -> str:
        return f"at {'most' if self.is_maximum else 'least'} {self.bound}"

    def __str__(self) -> str:
        return f"{self.quantity} {self.bound_text}"


@dataclass(frozen=True)
class Build:
    """A file, compiled with macros."""

    file: str
    macros: tuple[str, ...] = ()
    max_registers: int | None = None

    def __str__(self) -> str:
        return " ".join([self.file, *self.macros])


@dataclass(frozen=True)
class Entry:
    """Functions of a build, all if it names none, and their limits by architecture."""

    build: Build
    functions: tuple[str, ...]
    items: int
    limits: dict[str, list[Limit]]

    @property
    def architectures(self) -> list[str]:
        return list(self.limits)


@dataclass(frozen=True)
class Budget:
    """The entries, and the files whose kernels no GPU runs."""

    entries: list[Entry]
    cpu_only: set[str] = field(default_factory=set)


def read(path: Path, architectures: list[Architecture]) -> Budget:
    """A budget file; mistakes in it end the program."""
    try:
        content = tomllib.loads(path.read_text())
        return _budget(content, architectures)
    except (OSError, tomllib.TOMLDecodeError, ValueError) as error:
        sys.exit(f"check-gpu-kernels: {path}: {error}")


def parse(text: str, architectures: list[Architecture]) -> Budget:
    """A budget from its text."""
    return _budget(tomllib.loads(text), architectures)


def _budget(content: dict[str, Any], architectures: list[Architecture]) -> Budget:
    entries = [_entry(table, content.get("defaults", {}), architectures)
               for table in content.get("kernel", [])]
    return Budget(entries, set(content.get("cpu_only", [])))


def _entry(
    table: dict[str, Any], defaults: dict[str, Any], architectures: list[Architecture]
) -> Entry:
    if "file" not in table:
        raise ValueError("a kernel without a file")
    groups = {group for each in architectures for group in (each.name, each.vendor)}
    for key in [*table, *defaults]:
        if key not in _FIELDS | groups:
            raise ValueError(f"{table['file']}: unknown key '{key}'")
    build = Build(table["file"], tuple(table.get("macros", "").split()), table.get("max_registers"))
    chosen = [each for each in architectures
              if "on" not in table or {each.name, each.vendor} & set(table["on"])]
    return Entry(
        build, tuple(table.get("functions", [])), table.get("items", defaults.get("items", 64)),
        {each.name: _limits(table, defaults, each) for each in chosen})


def _limits(
    table: dict[str, Any], defaults: dict[str, Any], architecture: Architecture
) -> list[Limit]:
    """The limits of an architecture; what is more specific takes precedence."""
    limits: dict[tuple[str, bool], Limit] = {}
    groups = architecture.vendor, architecture.name
    for source in [defaults, *(defaults.get(group, {}) for group in groups),
                   table, *(table.get(group, {}) for group in groups)]:
        for limit in _bounds(source):
            limits[limit.quantity, limit.is_maximum] = limit
    for exception in table.get("exception", []):
        if not exception.get("reason"):
            raise ValueError(f"{table['file']}: an exception without a reason")
        if set(groups) & set(exception.get("on", [])):
            for limit in _bounds(exception, exception["reason"], limits):
                limits[limit.quantity, limit.is_maximum] = limit
    return list(limits.values())


def _bounds(
    source: dict[str, Any], reason: str | None = None,
    ordinary: dict[tuple[str, bool], Limit] | None = None
) -> list[Limit]:
    limits = []
    for key, is_maximum in (("at_most", True), ("at_least", False)):
        for quantity, bound in source.get(key, {}).items():
            if quantity not in QUANTITIES:
                raise ValueError(
                    f"unknown quantity '{quantity}'; there are {', '.join(QUANTITIES)}")
            limits.append(Limit(quantity, is_maximum, bound, reason,
                                (ordinary or {}).get((quantity, is_maximum))))
    return limits
