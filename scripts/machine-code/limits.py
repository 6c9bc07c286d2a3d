"""Measurements against their limits."""

from dataclasses import dataclass

from budget import Entry, Limit
from measure import Measurement


@dataclass(frozen=True)
class Row:
    """A function of an entry on an architecture."""

    entry: Entry
    function: str
    architecture: str
    measurement: Measurement

    @property
    def limits(self) -> list[Limit]:
        return self.entry.limits[self.architecture]

    def broken(self) -> list[str]:
        """A line for every limit that the function exceeds."""
        lines = []
        for limit in self.limits:
            value = self.measurement[limit.quantity]
            if not limit.allows(value):
                lines.append(f"{self}: {limit.quantity} {_shown(value)}, {limit.bound_text}")
        return lines

    def loose(self) -> list[str]:
        """A line for every exception that is not needed, or not needed to that extent."""
        lines = []
        for limit in self.limits:
            value = self.measurement[limit.quantity]
            if limit.reason is None or not limit.allows(value) or value == limit.bound:
                continue
            needless = limit.ordinary is not None and limit.ordinary.allows(value)
            lines.append(f"{self}: {limit.quantity} {_shown(value)}, the exception allows "
                         f"{limit.bound}: could be {'removed' if needless else 'tightened'}")
        return lines

    def exceptions(self) -> str:
        """The exceptions that apply."""
        return "; ".join(f"{limit}: {limit.reason}" for limit in self.limits if limit.reason)

    def __str__(self) -> str:
        return f"{self.entry.build}, {self.function} on {self.architecture}"


def _shown(value: int | None) -> str:
    return "none" if value is None else str(value)
