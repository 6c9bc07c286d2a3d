"""What a comparison measures: times by work, batch size, program and precision."""

from typing import NamedTuple

OURS = "dvt"
PEERS_TABLE, EXITS_TABLE, BATCHES_TABLE = "peers", "exits", "batches"


class Key(NamedTuple):
    """The subject of a measurement: `by` is a peer or OURS, `precision` what it computes in."""

    work: str
    batch: int
    by: str
    precision: str


Times = dict[Key, float]
"""Milliseconds per image."""
