"""Runs `dvt` with a driver, and survives the ends of both."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from installation import Installed

Record = dict[str, Any]

_SUMMARY = re.compile(r"^\d+ checks passed$|^\d+ of \d+ checks FAILED$", re.MULTILINE)
_ERROR = re.compile(r"^(?!.*\bwarning\b).*(error|assert|terminate|fatal|failed).*$",
                    re.MULTILINE | re.IGNORECASE)
_LONGEST_REASON = 200


class NoDevice(Exception):
    """Why a driver has no device."""


@dataclass
class Run:
    """A finished process: its records, and how it ended if it ended before its summary."""

    records: list[Record]
    is_complete: bool
    end: str
    seconds: float


class Program:
    """`dvt` with one driver."""

    def __init__(self, installed: Installed, time_limit: float):
        self._installed, self._time_limit = installed, time_limit

    def version(self) -> str:
        """The driver's version; fails where it has no device."""
        run = self._run(["devices", "--format", "jsonl"])
        if not run.records:
            raise NoDevice(run.end)
        return str(run.records[0]["driver_version"])

    def parity(self, *arguments: str) -> Run:
        return self._run(["parity", *arguments, "--device", "0", "--format", "jsonl"])

    def _run(self, arguments: list[str]) -> Run:
        start = time.monotonic()
        # Only what a driver or the loader may need: settings of the caller could change results.
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR")
                       if name in os.environ} | self._installed.environment
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            process = subprocess.Popen(
                [*self._installed.command, *arguments], env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
            timer = threading.Timer(self._time_limit, _kill, [process])
            timer.start()
            try:
                assert process.stdout is not None
                lines = process.stdout.readlines()
                status = process.wait()
            finally:
                timed_out = timer.finished.is_set()
                timer.cancel()
                _kill(process)
            errors.seek(0)
            text = errors.read()
        end = f"no end within {self._time_limit:.0f} s" if timed_out else _end(status, text)
        # A driver may also end the process after the summary, at exit.
        is_complete = status in (0, 1) and bool(_SUMMARY.search(text))
        return Run(_records(lines), is_complete, end, time.monotonic() - start)


def _records(lines: list[str]) -> list[Record]:
    """The records of whole lines: the last one may be cut where the process ended."""
    return [json.loads(line) for line in lines if line.endswith("}\n")]


def _kill(process: subprocess.Popen[str]) -> None:
    """Ends a process with those it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end(status: int, errors: str) -> str:
    """How a process ended, with the first error line that it printed."""
    how = signal.Signals(-status).name if status < 0 else f"exit code {status}"
    found = _ERROR.search(errors)
    return f"{how}: {found[0].strip()[:_LONGEST_REASON]}" if found else how
