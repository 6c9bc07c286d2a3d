"""Checks the kernels on OpenCL drivers of CPUs, whose compilers are all that most machines have.

Prints a row per driver, kernel style and precision: how many checks passed and failed, the seconds
they took, and the first failure. A driver that cannot be installed is skipped, and says why. Exits
with 1 if any check failed, or passed though its failure is expected (expected.py).
"""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

import drivers
import self_test
from checks import Result, check, settings
from drivers import BY_NAME, DRIVERS, Driver
from expected import expected_failure
from installation import NotInstalled, install
from program import NoDevice, Program
from tables import FORMATS

ROOT = Path(__file__).parent.parent.parent


class Interrupted(Exception):
    """A signal asks the command to end."""

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def main() -> None:
    arguments = parsed()
    if arguments.list:
        for driver in DRIVERS:
            print(f"{driver.name:18}{driver.title}{', --quick' if driver.quick else ''}; from "
                  f"{driver.source}: {' '.join(driver.packages)}")
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    selected = [BY_NAME[name] for name in arguments.driver] or [
        driver for driver in DRIVERS if driver.quick or not arguments.quick]
    results: list[Result] = []
    code = 0
    try:
        self_test.run()
        for driver in selected:
            check_driver(driver, arguments, results)
    except Interrupted as end:
        say(f"interrupted by {end}; the rows so far:")
        code = end.exit_code
    if results:
        print(FORMATS[arguments.format](results))
    counts = {status: sum(result.status == status for result in results)
              for status in dict.fromkeys(result.status for result in results)}
    say(", ".join(f"{count} rows {status}" for status, count in counts.items()) or "no rows")
    sys.exit(code or int(any(result.is_wrong for result in results)))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="check-drivers.sh", description=__doc__)
    parser.add_argument("--driver", action="append", default=[], choices=BY_NAME, metavar="NAME",
                        help="only this one (see --list); may be repeated; default: all")
    parser.add_argument("--style", action="append", choices=drivers.STYLES, help="only this one")
    parser.add_argument("--precision", action="append", choices=drivers.PRECISIONS,
                        help="only this one")
    parser.add_argument("--quick", action="store_true", help="only what CI checks")
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    parser.add_argument("--list", action="store_true", help="list the drivers, and stop")
    parser.add_argument("--time-limit", type=float, default=3600, metavar="SECONDS",
                        help="of one run of dvt; one that takes longer fails; default: 3600")
    parser.add_argument("--dvt", type=Path, default=ROOT / ".build/release/dvt", metavar="FILE")
    parser.add_argument("--folder", type=Path, default=ROOT / ".build/drivers",
                        help="where drivers are installed; default: .build/drivers")
    arguments = parser.parse_args()
    if not arguments.dvt.exists():
        parser.error(f"{arguments.dvt} does not exist; run make build")
    for name in arguments.driver if arguments.quick else []:
        if not BY_NAME[name].quick:
            parser.error(f"--quick checks nothing of {name}")
    return arguments


def check_driver(driver: Driver, arguments: argparse.Namespace, results: list[Result]) -> None:
    """Adds a result per setting of a driver."""
    rows = [Result(setting, expected=expected_failure(driver.name, *setting[1:]))
            for setting in settings(driver, arguments.quick)
            if setting.style in (arguments.style or drivers.STYLES)
            and setting.precision in (arguments.precision or drivers.PRECISIONS)]
    say(f"{driver.name}: {driver.title}, from {driver.source}: {' '.join(driver.packages)}")
    try:
        installed = install(driver, arguments.dvt.resolve(), arguments.folder.resolve())
    except NotInstalled as error:
        say(f"SKIPPED: {driver.name} cannot be installed: {error}")
        for row in rows:
            row.skipped = str(error)
        results.extend(rows)
        return
    program = Program(installed, arguments.time_limit)
    try:
        version = program.version()
    except NoDevice as error:
        for row in rows:
            row.fail("operations", f"no device: {error}")
        results.extend(rows)
        return
    say(f"{driver.name}: version {version}")
    labels = Labels(arguments)
    for row in rows:
        results.append(row)
        row.version = version
        check(row.setting, program, labels, arguments.quick, row)


class Labels:
    """The labels of operations, by this machine's PoCL, where another driver crashed.

    None where it is not installed.
    """

    def __init__(self, arguments: argparse.Namespace):
        self._arguments = arguments

    def __call__(self, precision: str, small: bool) -> list[str]:
        try:
            installed = install(BY_NAME["pocl"], self._arguments.dvt.resolve(),
                                self._arguments.folder.resolve())
        except NotInstalled:
            return []
        run = Program(installed, self._arguments.time_limit).parity(
            "--operations", *["--small"] * small, "--precision", precision, "--kernel-style",
            "vector")
        return [record["check"] for record in run.records]


def interrupt(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


def say(text: str) -> None:
    print(f"check-drivers: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
