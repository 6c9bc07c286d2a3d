"""The results of all turns: rows of the tables, and records in JSON."""

import json
from dataclasses import asdict, dataclass
from statistics import median

import peers
import processor
from measurements import BATCHES_TABLE, EXITS_TABLE, OURS, PEERS_TABLE, Key, Times
from program import Program

Turn = dict[str, Times]
"""The times of a turn, by the table that shows them."""


@dataclass(frozen=True)
class Row:
    """A peer in one precision, and ours in the same and in the fastest one.

    Milliseconds per image; ratios are the peer's time divided by ours, one per turn.
    """

    work: str
    batch: int
    peer: str
    precision: str
    peer_ms: float
    ms: float | None
    ratios: list[float]
    best_ms: float
    best_precision: str
    best_ratios: list[float]


@dataclass(frozen=True)
class ScaledRow:
    """Our milliseconds per image at each batch size, and each turn's largest by smallest."""

    work: str
    precision: str
    batches: list[int]
    ms: list[float]
    ratios: list[float]


class Results:
    """The times of all turns, and the conditions in which they were measured."""

    def __init__(self, turns: list[Turn], dvt: Program):
        self._turns, self._dvt = turns, dvt

    @property
    def warnings(self) -> dict[str, list[str]]:
        """What `dvt` printed about its precisions."""
        return self._dvt.warnings

    def conditions(self) -> str:
        flags = ", ".join(f"{name} {'yes' if has else 'no'}"
                          for name, has in processor.instructions().items())
        versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
        count = len(self._turns)
        return (f"{self._dvt.setting}; {processor.described()}: {flags}; {versions}; "
                f"{processor.THREADS} threads; {count} turn{'s' if count > 1 else ''}.")

    def notes(self) -> list[str]:
        return peers.absent() + self._dvt.notes

    def rows(self, table: str) -> list[Row]:
        """A peer's times and ours, in the order of the first turn."""
        return [self._row(table, key) for key in self._keys(table) if key.by != OURS]

    def scaled_rows(self, table: str) -> list[ScaledRow]:
        """Our times by batch size."""
        rows: dict[tuple[str, str], list[Key]] = {}
        for key in self._keys(table):
            rows.setdefault((key.work, key.precision), []).append(key)
        return [ScaledRow(
            work, precision, [key.batch for key in keys],
            [self._median(table, key) for key in keys],
            [max(turn[table][key] for key in keys) / min(turn[table][key] for key in keys)
             for turn in self._turns]) for (work, precision), keys in rows.items()]

    def json(self) -> str:
        return json.dumps({
            "setting": self._dvt.setting, "processor": processor.described(),
            "instructions": processor.instructions(), "threads": processor.THREADS,
            "versions": peers.versions(), "turns": len(self._turns), "notes": self.notes(),
            "warnings": self.warnings,
            "equal_work": [asdict(row) for row in self.rows(PEERS_TABLE)],
            "early_exits": [asdict(row) for row in self.rows(EXITS_TABLE)],
            "batches": [asdict(row) for row in self.scaled_rows(BATCHES_TABLE)],
        }, indent=1)

    def _row(self, table: str, key: Key) -> Row:
        ours = [other for other in self._keys(table)
                if other.by == OURS and other[:2] == key[:2]]
        same = key._replace(by=OURS)
        genuine = [other for other in ours if other.precision not in self._dvt.substituted]
        best = min(genuine or ours, key=lambda other: self._median(table, other))
        return Row(
            *key, self._median(table, key), self._median(table, same) if same in ours else None,
            self._ratios(table, key, same) if same in ours else [],
            self._median(table, best), best.precision, self._ratios(table, key, best))

    def _keys(self, table: str) -> list[Key]:
        return list(self._turns[0].get(table, {}))

    def _median(self, table: str, key: Key) -> float:
        return median(turn[table][key] for turn in self._turns)

    def _ratios(self, table: str, peer: Key, ours: Key) -> list[float]:
        return [turn[table][peer] / turn[table][ours] for turn in self._turns]
