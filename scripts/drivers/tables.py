"""The table of results, in each format."""

import csv
import io
import json
from collections.abc import Callable

from checks import KINDS, Result

Value = str | int | None
FORMATS: dict[str, Callable[[list[Result]], str]]


def _record(result: Result) -> dict[str, Value]:
    setting = result.setting
    record: dict[str, Value] = {
        "driver": setting.driver.name, "version": result.version, "style": setting.style,
        "precision": setting.precision}
    for kind in KINDS:
        ran = not result.skipped and result.passed[kind] + result.failed[kind] > 0
        record[f"{kind}_passed"] = result.passed[kind] if ran else None
        record[f"{kind}_failed"] = result.failed[kind] if ran else None
    return record | {
        "not_run": None if result.skipped else result.not_run,
        "seconds": None if result.skipped else round(result.seconds),
        "result": result.status, "reason": result.reason}


def _cells(results: list[Result]) -> tuple[list[str], list[list[str]], list[bool]]:
    """Titles and rows of text, and which columns have numbers."""
    records = [_record(result) for result in results]
    names = list(records[0])
    titles = [name.replace("_", " ").capitalize() for name in names]
    rows = [["-" if value is None else str(value) for value in record.values()]
            for record in records]
    numeric = [name.endswith(("_passed", "_failed")) or name in ("not_run", "seconds")
               for name in names]
    return titles, rows, numeric


def _table(results: list[Result]) -> str:
    titles, rows, numeric = _cells(results)
    widths = [max(map(len, column)) for column in zip(titles, *rows)]
    lines = [titles, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.rjust(width) if right else cell.ljust(width)
                  for cell, width, right in zip(line, widths, numeric)).rstrip()
        for line in lines)


def _markdown(results: list[Result]) -> str:
    titles, rows, numeric = _cells(results)
    marks = ["---:" if right else ":---" for right in numeric]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, marks, *cells])


def _json(results: list[Result]) -> str:
    return json.dumps([_record(result) for result in results], indent=1)


def _csv(results: list[Result]) -> str:
    text = io.StringIO()
    records = [_record(result) for result in results]
    writer = csv.DictWriter(text, records[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().rstrip("\n")


FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
