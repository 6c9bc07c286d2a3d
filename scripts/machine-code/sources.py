"""Kernel sources, put together as the host does it."""

import re
from pathlib import Path


def source_text(folder: Path, file: str) -> str:
    """`common.cl`, where there is one, and a file, with the files that it includes in place."""
    files = ["common.cl", f"{file}.cl"]
    return "".join(_lines(folder, name) for name in files if (folder / name).exists())


def kernel_files(folder: Path) -> set[str]:
    """The files that contain kernels, without extension."""
    return {path.stem for path in folder.glob("*.cl")
            if re.search(r"^.*\bkernel void\b", path.read_text(), re.MULTILINE)}


def _lines(folder: Path, name: str) -> str:
    path = folder / name
    text = [f'#line 1 "{path}"\n']
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if included := re.match(r'#include "(.+)"', line):
            text += [_lines(folder, included[1]), f'#line {number + 1} "{path}"\n']
        else:
            text.append(f"{line}\n")
    return "".join(text)
