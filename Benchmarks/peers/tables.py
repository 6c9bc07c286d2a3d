"""The tables of a comparison, in Markdown, and the document that contains them."""

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from comparisons import OURS, REPEATS, SCALED_BATCHES, SCALED_REPEATS, Key, Times
from peers import THREADS, versions

BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"


def report(turns: list[Times], setting: str) -> str:
    """All results, with the conditions of the measurement."""
    keys = list(turns[0])
    with_peer = [key for key in keys if key.by != OURS]
    scaled = list(dict.fromkeys(key.work for key in keys if key.batch in SCALED_BATCHES))
    parts = [paragraph(
        f"{setting}; {versions()}; {THREADS} threads, float32; milliseconds per image, each the "
        f"median over turns ({len(turns)}) of the median over runs.")]
    if with_peer:
        parts += [paragraph(
            f"Against the peers, {REPEATS} runs per turn, attention for at least a second; the "
            "ratio is the peer's time divided by dvt's (minimum to maximum over turns):"),
            peers_table(turns, with_peer)]
    if scaled:
        parts += [paragraph(
            f"By batch size, {SCALED_REPEATS} runs per turn; with linear scaling the times of a "
            "row are equal; the ratio is the largest divided by the smallest (minimum to maximum "
            "over turns):"),
            scaling_table(turns, scaled)]
    return "\n\n".join(parts)


def peers_table(turns: list[Times], keys: list[Key]) -> str:
    rows = []
    for key in keys:
        ours = key._replace(by=OURS)
        ratios = [turn[key] / turn[ours] for turn in turns]
        rows.append([key.work, key.batch, key.by, middle(turns, key), middle(turns, ours),
                     spread(ratios)])
    return table(["work", "batch", "peer", "peer, ms", "dvt, ms", "ratio"], rows)


def scaling_table(turns: list[Times], works: list[str]) -> str:
    rows = []
    for work in works:
        keys = [Key(work, batch, OURS) for batch in SCALED_BATCHES]
        times = [[turn[key] for key in keys] for turn in turns]
        rows.append([work, *(middle(turns, key) for key in keys),
                     spread([max(row) / min(row) for row in times])])
    return table(["work", *(f"batch {batch}" for batch in SCALED_BATCHES), "ratio"], rows)


def middle(turns: list[Times], key: Key) -> str:
    """The median of the turns, to about three digits."""
    ms = median(turn[key] for turn in turns)
    return f"{ms:.{1 if ms >= 10 else 2 if ms >= 1 else 3}f}"


def spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


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
