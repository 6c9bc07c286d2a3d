"""Failures of drivers that no kernel can avoid. One that passes is reported, too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExpectedFailure:
    """A driver that fails checks of these kinds in one style and these precisions."""

    driver: str
    style: str
    precisions: tuple[str, ...]
    kinds: tuple[str, ...]
    reason: str


EXPECTED: list[ExpectedFailure] = []


def expected_failure(driver: str, style: str, precision: str) -> ExpectedFailure | None:
    return next((each for each in EXPECTED if each.driver == driver and each.style == style
                 and precision in each.precisions), None)
