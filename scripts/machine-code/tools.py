"""The compilers and disassemblers, and where they are."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import CompileError

# The first clang with gfx1200.
_CLANG_VERSIONS = range(19, 30)
_LIBCLC_FOLDERS = ["/usr/lib/clc", "/usr/share/clc"]


@dataclass(frozen=True)
class Tools:
    """Paths of programs; those of Intel are None where they could not be installed."""

    clang: str
    readelf: str
    objdump: str
    libclc: Path
    ptxas: str
    nvdisasm: str
    ocloc: str | None
    iga: str | None
    intel_libraries: Path


def find(folder: Path) -> Tools:
    """The installed tools; `folder` has those that scripts/check-gpu-kernels.sh installs."""
    version = next((version for version in _CLANG_VERSIONS
                    if shutil.which(f"clang-{version}") and shutil.which(f"llvm-objdump-{version}")
                    and shutil.which(f"ld.lld-{version}")), None)
    if version is None:
        sys.exit("check-gpu-kernels: no clang 19 or newer with llvm-objdump and ld.lld; on Debian: "
                 "apt install clang-19 libclc-19 lld-19 llvm-19")
    libclc = next((Path(path) for path in _LIBCLC_FOLDERS
                   if (Path(path) / "nvptx64--nvidiacl.bc").exists()), None)
    if libclc is None:
        sys.exit("check-gpu-kernels: no nvptx64--nvidiacl.bc; on Debian: "
                 f"apt install libclc-{version}")
    ocloc, iga = (folder / "intel/usr/bin/ocloc", folder / "intel/usr/bin/iga64")
    has_intel = ocloc.exists() and iga.exists()
    return Tools(
        clang=f"clang-{version}", readelf=f"llvm-readelf-{version}",
        objdump=f"llvm-objdump-{version}", libclc=libclc, ptxas=_nvidia(folder, "ptxas"),
        nvdisasm=_nvidia(folder, "nvdisasm"), ocloc=str(ocloc) if has_intel else None,
        iga=str(iga) if has_intel else None,
        intel_libraries=folder / "intel/usr/lib/x86_64-linux-gnu")


def run(command: Sequence[str | Path], environment: Mapping[str, str] = {}) -> str:
    """The standard output and error of a program; its failure is a CompileError."""
    finished = subprocess.run(
        list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=os.environ | dict(environment), errors="replace")
    if finished.returncode != 0:
        raise CompileError(finished.stdout.strip() or f"{command[0]} failed")
    return finished.stdout


def _nvidia(folder: Path, name: str) -> str:
    for path in sorted((folder / "nvidia").glob(f"lib/python*/site-packages/nvidia/*/bin/{name}")):
        return str(path)
    sys.exit(f"check-gpu-kernels: {name} is not in {folder}/nvidia; run "
             "scripts/check-gpu-kernels.sh, which installs it")
