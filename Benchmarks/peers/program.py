"""Runs the benchmarks of `dvt` and parses their records."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

PRECISIONS = ["float32", "float16", "bfloat16"]
Record = dict[str, Any]

# "warning: TEXT", or in the log "TIME warning dvt: [dvt] TEXT"; not those of OpenCL compilers.
_WARNING = re.compile(r"^(?:warning:|\S+ warning dvt ?:(?: \[\w+\])?) *(.+)$", re.MULTILINE)


class Step(NamedTuple):
    """A measured part of a model: "stage 1", "cascade" or "streamed"."""

    name: str
    batch: int


class Program:
    """`dvt`, run in each of `precisions`.

    `warnings` has what it printed about a precision, such as instructions that the processor lacks;
    `substituted` has the precisions instead of which it used another; `notes` has what the
    comparisons found out besides times.
    """

    def __init__(self, path: str, precisions: Sequence[str] = PRECISIONS):
        self._path = path
        self.precisions = precisions
        self.setting = ""
        self.warnings: dict[str, list[str]] = {}
        self.substituted: set[str] = set()
        self.notes: list[str] = []

    def model(
        self, model: str | None, batches: list[int], repeats: int, precision: str,
        shares: Sequence[float] = (),
    ) -> dict[Step, float]:
        """The median milliseconds of a model's parts; without a name, of the built-in model."""
        records = self._bench(
            precision, "model", *(["--model", model] if model else []),
            "--batch-size", ",".join(map(str, batches)), "--repeats", str(repeats),
            "--warmup", "1", *(f"--exit-share={share}" for share in shares))
        return {Step(record["measurement"], record["batch_size"]):
                record["step_time_ms"]["median"] for record in records}

    def stages(
        self, model: str, batches: list[int], repeats: int, precision: str
    ) -> dict[Step, float]:
        """The median milliseconds of every stage."""
        return {step: ms for step, ms in self.model(model, batches, repeats, precision).items()
                if step.name.startswith("stage")}

    def operation(
        self, model: str, label: str, batch: int, repeats: int, milliseconds: float,
        precision: str,
    ) -> float:
        """The median milliseconds of the operation with this label."""
        records = self._bench(
            precision, "operations", "--model", model, "--batch-size", str(batch),
            "--filter", label, "--repeats", str(repeats), "--time-ms", str(milliseconds))
        found = [record for record in records if record["operation"] == label]
        if len(found) != 1:
            sys.exit(f"compare.py: {model} has {len(found)} operations '{label}' instead of one")
        return found[0]["step_time_ms"]["median"]

    def training(
        self, card: dict[str, object], batches: list[int], repeats: int
    ) -> dict[int, float]:
        """The median milliseconds of a training step of a cascade, by batch size."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(card, file)
            file.flush()
            records = self._bench(
                "float32", "train", "--model", file.name,
                "--batch-size", ",".join(map(str, batches)),
                "--repeats", str(repeats), "--warmup", "2")
        return {record["batch_size"]: record["step_time_ms"]["median"] for record in records}

    def evaluation(self, data: Path, every: int, batch: int, precision: str) -> dict[str, Record]:
        """What the built-in model achieves on every nth test image, by measurement."""
        records = self._records(
            precision, "evaluate", str(data), "--split", "test", "--every-nth", str(every),
            "--batch-size", str(batch))
        return {record["measurement"]: record for record in records}

    def _bench(self, precision: str, *arguments: str) -> list[Record]:
        records = self._records(precision, "bench", *arguments)
        for record in records:
            self.setting = f"dvt {record['commit']} on {record['device']}"
            if record["precision"] != precision:
                self.substituted.add(precision)
                self._warn(precision, f"{record['precision']} instead")
        return records

    def _records(self, precision: str, *arguments: str) -> list[Record]:
        command = [self._path, *arguments, "--precision", precision, "--format", "json"]
        try:
            result = subprocess.run(command, check=False, capture_output=True, text=True)
        except OSError as error:
            sys.exit(f"compare.py: {self._path}: {error.strerror}; run make build")
        if result.returncode != 0:
            sys.exit(f"compare.py: {' '.join(command)} failed: {result.stderr.strip()}")
        for text in _WARNING.findall(result.stderr):
            self._warn(precision, text)
        return json.loads(result.stdout)

    def note(self, text: str) -> None:
        """Adds a note to the report, once."""
        if text not in self.notes:
            self.notes.append(text)

    def _warn(self, precision: str, text: str) -> None:
        warnings = self.warnings.setdefault(precision, [])
        if text not in warnings:
            warnings.append(text)
