"""Compiles the kernels for GPUs, without a GPU, and holds their machine code against a budget.

Prints a row per kernel and architecture, and fails with a line per broken limit. The columns and
the budget are described in docs/kernels.md, "Machine code".
"""

import argparse
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import amd
import budget
import intel
import nvidia
import self_test
import sources
import tables
import tools
from budget import Budget, Build, Entry
from limits import Row
from machine import Architecture, CompileError, Function
from measure import QUANTITIES, measure

VENDORS = {"nvidia": nvidia, "amd": amd, "intel": intel}
ARCHITECTURES = {each.name: each for vendor in VENDORS.values() for each in vendor.ARCHITECTURES}
FOLDER = Path(__file__).parent


def main() -> None:
    arguments = parsed_arguments()
    installed = tools.find(arguments.tools)
    architectures = [each for each in ARCHITECTURES.values()
                     if not arguments.arch or {each.name, each.vendor} & set(arguments.arch)]
    if installed.ocloc is None and any(each.vendor == "intel" for each in architectures):
        print("check-gpu-kernels: skipped Intel: its offline compiler was not installed from "
              "Debian's intel-opencl-icd", file=sys.stderr)
        architectures = [each for each in architectures if each.vendor != "intel"]
    if arguments.self_test:
        self_test.run(installed, architectures, check)
        return
    held = budget.read(arguments.budget, list(ARCHITECTURES.values()))
    problems = uncovered_files(arguments.kernels, held)
    rows, failures = check(installed, arguments.kernels, selected(held.entries, arguments.file),
                           architectures, arguments.disassembly)
    print(tables.FORMATS[arguments.format](rows, arguments.columns))
    for row in rows:
        problems += row.broken()
        for line in row.loose():
            print(f"check-gpu-kernels: {line}", file=sys.stderr)
    for line in failures + problems:
        print(f"check-gpu-kernels: {line}", file=sys.stderr)
    if failures or problems:
        sys.exit(1)
    print(f"check-gpu-kernels: {len(rows)} rows within their budgets: "
          f"{len({row.entry.build for row in rows})} builds for "
          f"{', '.join(each.name for each in architectures)}", file=sys.stderr)


def parsed_arguments() -> argparse.Namespace:
    root = FOLDER.parent.parent
    parser = argparse.ArgumentParser(
        prog="check-gpu-kernels.sh", description=__doc__,
        epilog="Columns: " + "; ".join(f"{name}: {text}" for name, text in QUANTITIES.items()))
    parser.add_argument("--file", nargs="+", default=[], help="only these kernel files")
    parser.add_argument("--arch", nargs="+", default=[],
                        choices=[*VENDORS, *ARCHITECTURES], help="only for these architectures")
    parser.add_argument("--format", choices=tables.FORMATS, default="table")
    parser.add_argument("--columns", nargs="+", default=tables.COLUMNS, choices=tables.COLUMNS,
                        metavar="COLUMN", help="only these columns")
    parser.add_argument("--disassembly", type=Path, metavar="FOLDER",
                        help="write every function's disassembly there")
    parser.add_argument("--self-test", action="store_true",
                        help="only check that planted faults are caught")
    parser.add_argument("--kernels", type=Path, default=root / "Kernels/cl", metavar="FOLDER")
    parser.add_argument("--budget", type=Path, default=FOLDER / "budget.toml", metavar="FILE")
    parser.add_argument("--tools", type=Path, default=root / ".build/machine-code",
                        metavar="FOLDER", help="where scripts/check-gpu-kernels.sh installs tools")
    return parser.parse_args()


def selected(entries: list[Entry], files: list[str]) -> list[Entry]:
    unknown = set(files) - {entry.build.file for entry in entries}
    if unknown:
        sys.exit(f"check-gpu-kernels: not in the budget: {', '.join(sorted(unknown))}")
    return [entry for entry in entries if not files or entry.build.file in files]


def uncovered_files(folder: Path, held: Budget) -> list[str]:
    covered = {entry.build.file for entry in held.entries} | held.cpu_only
    return [f"{file}.cl is not in the budget; add an entry, or add it to cpu_only"
            for file in sorted(sources.kernel_files(folder) - covered)]


def check(
    installed: tools.Tools, kernels: Path, entries: list[Entry], architectures: list[Architecture],
    disassembly: Path | None = None
) -> tuple[list[Row], list[str]]:
    """The rows of entries, and what could not be compiled or found."""
    builds = list(dict.fromkeys(entry.build for entry in entries))
    wanted = {build: {name for entry in entries if entry.build == build
                      for name in entry.architectures} for build in builds}
    tasks = [(build, architecture) for build in builds for architecture in architectures
             if architecture.name in wanted[build]]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        futures = {task: pool.submit(compiled, installed, kernels, *task, disassembly)
                   for task in tasks}
        results = {task: future.result() for task, future in futures.items()}
    rows: list[Row] = []
    failures = [f"{build} on {architecture.name}: {result}"
                for (build, architecture), result in results.items() if isinstance(result, str)]
    for entry in entries:
        named = {name for other in entries if other.build == entry.build
                 for name in other.functions}
        for architecture in architectures:
            functions = results.get((entry.build, architecture))
            if architecture.name not in entry.limits or not isinstance(functions, list):
                continue
            missing = set(entry.functions) - {function.name for function in functions}
            failures += [f"{entry.build} on {architecture.name}: no kernel {name}"
                         for name in sorted(missing)]
            for function in functions:
                if function.name not in (entry.functions or {function.name} - named):
                    continue
                if function.items not in (None, entry.items):
                    failures.append(f"{entry.build}: {function.name} demands {function.items} "
                                    f"work-items, its entry has {entry.items}")
                    continue
                rows.append(Row(entry, function.name, architecture.name,
                                measure(function, architecture, entry.items)))
    return rows, list(dict.fromkeys(failures))


def compiled(
    installed: tools.Tools, kernels: Path, build: Build, architecture: Architecture,
    disassembly: Path | None
) -> list[Function] | str:
    """The functions of a build, or the compiler's message."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{build.file}.cl"
        source.write_text(sources.source_text(kernels, build.file))
        try:
            functions = VENDORS[architecture.vendor].compile_kernels(
                installed, source, build.macros, architecture.name, build.max_registers)
        except CompileError as error:
            return str(error)
    if disassembly:
        disassembly.mkdir(parents=True, exist_ok=True)
        for function in functions:
            name = "-".join([*str(build).split(), function.name, architecture.name])
            (disassembly / f"{name}.s").write_text(function.text + "\n")
    return [replace(function, text="") for function in functions]


if __name__ == "__main__":
    main()
