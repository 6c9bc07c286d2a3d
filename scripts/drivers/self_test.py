"""Checks that faults of drivers are reported, with a program that ends as faulty ones do."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from checks import GRADIENTS, MODELS, OPERATIONS, Result, Setting, check
from drivers import DRIVERS
from expected import ExpectedFailure
from installation import Installed
from program import Program

_SETTING = Setting(DRIVERS[0], "tile", "float32")
# Seconds, enough for Python to start on a busy machine.
_SHORT_LIMIT = 8
_LABELS = ["first A", "first B", "first C", "second A", "second B"]
_MESSAGE = "LLVM ERROR: out of ideas"
_EXPECTED = ExpectedFailure(_SETTING.driver.name, "tile", ("float32",), (OPERATIONS,), "a fault")


class Fault(NamedTuple):
    """What happens at a check, and what a result must then have."""

    name: str
    happens: str
    is_reported: Callable[[Result], bool]
    expected: ExpectedFailure | None = None
    place: str = "first B"


_FAULTS = [
    Fault("none", "write(label)", lambda result: result.status == "passed" and not result.reason),
    Fault("segmentation fault", "os.kill(os.getpid(), signal.SIGSEGV)",
          lambda result: _counts(result) == (3, 1, 1) and result.reason == "first B: SIGSEGV"),
    Fault("abort with a message", f"sys.stderr.write({_MESSAGE + chr(10)!r}); os.abort()",
          lambda result: _counts(result) == (3, 1, 1)
          and result.reason == f"first B: SIGABRT: {_MESSAGE}"),
    Fault("exit code", "sys.stderr.write('Error: no memory\\n'); sys.exit(1)",
          lambda result: _counts(result) == (3, 1, 1)
          and result.reason == "first B: exit code 1: Error: no memory"),
    Fault("endless loop", "time.sleep(600)",
          lambda result: _counts(result) == (3, 1, 1) and "no end within" in result.reason),
    Fault("a crash at exit", "write(label); atexit.register(os.abort)",
          lambda result: _counts(result) == (5, 1, 0)
          and result.reason == "after 5 operations: SIGABRT"),
    Fault("wrong numbers", "write(label, False)",
          lambda result: _counts(result) == (4, 1, 0) and "relative error" in result.reason),
    Fault("an expected failure", "write(label, False)",
          lambda result: result.status == "expected failure" and "a fault" in result.reason,
          _EXPECTED),
    Fault("an expected failure that passes", "write(label)",
          lambda result: result.status == "unexpected pass" and result.is_wrong, _EXPECTED),
    Fault("a crash in models", "os.abort()",
          lambda result: _counts(result) == (5, 0, 0) and result.failed[MODELS] == 2
          and result.failed[GRADIENTS] == 2 and result.reason == "tiny-deit: SIGABRT",
          place="logits0"),
]

_PROGRAM = """import atexit, json, os, signal, sys, time
labels, failed = json.loads(os.environ["LABELS"]), 0
def write(label, passed=True):
    global failed
    failed += not passed
    print(json.dumps({"check": label, "passed": passed, "relative_l2": 0.5, "tolerance": 0.1}),
          flush=True)
kept = sys.argv[sys.argv.index("--filter") + 1] if "--filter" in sys.argv else ""
for label in labels if "--operations" in sys.argv else ["logits0", "exits of 2 decisions"]:
    if kept not in label:
        continue
    if label == "PLACE":
        HAPPENS
    else:
        write(label)
print(f"1 of 2 checks FAILED" if failed else "2 checks passed", file=sys.stderr)
sys.exit(failed > 0)
"""


def run() -> None:
    """Ends the process where a fault is not reported."""
    for fault in _FAULTS:
        text = _PROGRAM.replace("HAPPENS", fault.happens).replace("PLACE", fault.place)
        program = Program(Installed([sys.executable, "-c", text], {"LABELS": json.dumps(_LABELS)}),
                          _SHORT_LIMIT if "sleep" in fault.happens else 60)
        result = Result(_SETTING, expected=fault.expected)
        check(_SETTING, program, lambda precision, small: _LABELS, False, result, quiet=True)
        if not fault.is_reported(result):
            sys.exit(f"{Path(__file__).name}: {fault.name}: reported as {result}")


def _counts(result: Result) -> tuple[int, int, int]:
    return result.passed[OPERATIONS], result.failed[OPERATIONS], result.not_run
