"""The tables of a comparison, in Markdown, and the document that contains them."""

import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from comparisons import REPEATS, SCALED_BATCHES, SCALED_REPEATS
from measurements import BATCHES_TABLE, EXITS_TABLE, PEERS_TABLE
from results import Results, Row, ScaledRow

BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"
# After our numbers in a precision about which `dvt` printed a warning.
MARK = "\\*"


def report(results: Results) -> str:
    """All results, with the conditions of the measurement."""
    parts = [paragraph(results.conditions() + " Each number is the median over turns of the "
                       "median over runs.")]
    if rows := results.rows(PEERS_TABLE):
        parts += [paragraph(
            f"Equal work, milliseconds per image, {REPEATS} runs per turn, attention for at least "
            "a second. A ratio is the peer's time divided by dvt's (minimum to maximum over "
            "turns): first in the peer's precision, then in the precision in which dvt was "
            "fastest:"),
            peers_table(rows, "ms", lambda ms: ms, results)]
    if rows := results.rows(EXITS_TABLE):
        parts += [paragraph(
            "With early exits, images per second; the peers run the plain model of the last exit. "
            "A ratio is dvt's rate divided by the peer's, in the same two precisions:"),
            peers_table(rows, "images/s", lambda ms: 1e3 / ms, results)]
    if rows := results.scaled_rows(BATCHES_TABLE):
        parts += [paragraph(
            f"By batch size, milliseconds per image, {SCALED_REPEATS} runs per turn; with linear "
            "scaling the times of a row are equal; the ratio is the largest divided by the "
            "smallest (minimum to maximum over turns):"),
            scaling_table(rows)]
    notes = results.notes() + [
        f"{MARK} dvt in {precision}: {text}"
        for precision, texts in results.warnings.items() for text in texts]
    if notes:
        parts.append("\n".join(item(note) for note in notes))
    return "\n\n".join(parts)


def peers_table(
    rows: list[Row], unit: str, shown: Callable[[float], float], results: Results
) -> str:
    def number(ms: float | None, precision: str = "") -> str:
        if ms is None:
            return "-"
        return digits(shown(ms)) + (MARK if precision in results.warnings else "")

    titles = ["work", "batch", "peer", "precision", f"peer, {unit}", f"dvt, {unit}", "ratio",
              f"fastest dvt, {unit}", "precision", "ratio"]
    return table(titles, [
        [row.work, row.batch, row.peer, row.precision, number(row.peer_ms),
         number(row.ms, row.precision), spread(row.ratios), number(row.best_ms, row.best_precision),
         row.best_precision, spread(row.best_ratios)]
        for row in rows])


def scaling_table(rows: list[ScaledRow]) -> str:
    titles = ["work", "precision", *(f"batch {batch}" for batch in SCALED_BATCHES), "ratio"]
    return table(titles, [
        [row.work, row.precision, *map(digits, row.ms), spread(row.ratios)] for row in rows])


def digits(number: float) -> str:
    """About three digits."""
    return f"{number:.{0 if number >= 100 else 1 if number >= 10 else 2 if number >= 1 else 3}f}"


def spread(ratios: list[float]) -> str:
    if not ratios:
        return "-"
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def paragraph(text: str, **indents: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False, **indents)


def item(text: str) -> str:
    return paragraph(text, initial_indent="- ", subsequent_indent="  ")


def split_at_markers(path: Path) -> tuple[str, str]:
    """The text of a document before and after the tables."""
    try:
        before, rest = path.read_text().split(f"{BEGIN}\n")
        _, after = rest.split(f"{END}\n")
    except OSError as error:
        sys.exit(f"compare.py: {path}: {error.strerror}")
    except ValueError:
        sys.exit(f"compare.py: {path} needs one line '{BEGIN}' and, after it, one '{END}'")
    return before, after


def write(path: Path, text: str) -> None:
    """Writes the report between the markers of a document."""
    before, after = split_at_markers(path)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}\n{after}")
