"""Runs the benchmarks of `dvt` and parses their records."""

import json
import subprocess
import sys
import tempfile
from typing import Any


class Program:
    def __init__(self, path: str):
        self._path = path
        self.setting = ""

    def stages(self, model: str, batches: list[int], repeats: int) -> dict[tuple[int, int], float]:
        """The median milliseconds of every stage, by batch size and stage (from 0)."""
        sizes = [argument for batch in batches for argument in ("--batch-size", str(batch))]
        records = self._bench(
            "model", "--model", model, *sizes, "--repeats", str(repeats), "--warmup", "1")
        return {
            (record["batch_size"], record["stage"]): record["step_time_ms"]["median"]
            for record in records if record["stage"] is not None
        }

    def operation(
        self, model: str, label: str, batch: int, repeats: int, milliseconds: float
    ) -> float:
        """The median milliseconds of the operation with this label."""
        records = self._bench(
            "operations", "--model", model, "--batch-size", str(batch), "--filter", label,
            "--repeats", str(repeats), "--time-ms", str(milliseconds))
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
                "train", "--model", file.name, "--batch-size", ",".join(map(str, batches)),
                "--repeats", str(repeats), "--warmup", "2")
        return {record["batch_size"]: record["step_time_ms"]["median"] for record in records}

    def _bench(self, *arguments: str) -> list[dict[str, Any]]:
        command = [self._path, "bench", *arguments, "--format", "json"]
        try:
            result = subprocess.run(command, check=False, capture_output=True, text=True)
        except OSError as error:
            sys.exit(f"compare.py: {self._path}: {error.strerror}; run make build")
        if result.returncode != 0:
            sys.exit(f"compare.py: {' '.join(command)} failed: {result.stderr.strip()}")
        records = json.loads(result.stdout)
        if records:
            self.setting = f"dvt {records[0]['commit']} on {records[0]['device']}"
        return records
