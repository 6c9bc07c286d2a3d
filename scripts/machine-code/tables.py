"""The table, in the formats of dvt's commands."""

import csv
import io
import json
from collections.abc import Callable, Sequence

from limits import Row
from measure import QUANTITIES

_LABELS = ["file", "macros", "function", "architecture"]
COLUMNS = [*QUANTITIES, "exceptions"]
_Cells = dict[str, str | int | None]


def _cells(row: Row, columns: Sequence[str]) -> _Cells:
    known: _Cells = {
        "file": row.entry.build.file, "macros": " ".join(row.entry.build.macros),
        "function": row.function, "architecture": row.architecture, **row.measurement,
        "exceptions": row.exceptions()}
    return {title: known[title] for title in [*_LABELS, *columns]}


def _lines(rows: Sequence[Row], columns: Sequence[str]) -> list[list[str]]:
    """The titles, and the text of each row."""
    return [[*_LABELS, *columns],
            *(["" if value is None else str(value) for value in _cells(row, columns).values()]
              for row in rows)]


def as_json(rows: Sequence[Row], columns: Sequence[str]) -> str:
    return json.dumps([_cells(row, columns) for row in rows], indent=2)


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(_lines(rows, columns))
    return output.getvalue().rstrip("\n")


def as_markdown(rows: Sequence[Row], columns: Sequence[str]) -> str:
    titles, *lines = _lines(rows, columns)
    rule = ["---:" if title in QUANTITIES else "---" for title in titles]
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, rule, *lines])


def as_table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    lines = _lines(rows, columns)
    widths = [max(map(len, column)) for column in zip(*lines)]

    def aligned(line: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if title in QUANTITIES else cell.ljust(width)
            for cell, width, title in zip(line, widths, lines[0])).rstrip()

    return "\n".join(map(aligned, lines))


FORMATS: dict[str, Callable[[Sequence[Row], Sequence[str]], str]] = {
    "table": as_table, "json": as_json, "csv": as_csv, "markdown": as_markdown}
