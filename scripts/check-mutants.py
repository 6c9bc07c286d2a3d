#!/usr/bin/env python3
"""Plants one fault at a time in kernels that overlap copies and products; each must be caught.

Matrix instructions are emulated, NVIDIA's unless a fault is one of Intel's layouts. The kernels run
first under Oclgrind, which reports data races and accesses out of bounds, then on PoCL, where the
results are compared with the reference. Memory that nothing has written holds NaN, so that results
do not depend on what it held before. A fault that neither sees would mean that a real one like it
could go unnoticed. The unchanged kernels must pass.

A missing barrier after a product cannot be tested: an emulated product has barriers of its own.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ROOT / "Kernels" / "cl"
DVT = ROOT / ".build" / "release" / "dvt"
ORIGINAL = "the kernels without a fault"

# Arguments of `dvt parity --operations --small` that run a kernel with few work-items.
SHARED_DEPTH = ["--linear-engine", "mma-16x32-4k", "--filter", "linear 17x264"]
PIPELINED = ["--linear-engine", "mma-64x64-4", "--filter", "linear 17x264"]
WITHOUT_REUSE = ["--filter", "attention B=1 T=2 H=1 d=32"]
STAGED = ["--linear-engine", "float-32x32x16", "--filter", "linear 17x264"]
ATTENTION = ["--filter", "attention B=2 T=5 H=2 d=32 reuse=1 keep"]
SEVERAL_TILES = ["--filter", "attention B=1 T=37 H=1 d=32 reuse=4 keep"]
RELATIONS = ["--filter", "relationReuse B=2 LH=4"]
WEIGHT_GRADIENT = ["--filter", "linearGradient 130x8"]
HEAD_GRADIENTS = ["--filter", "attentionGradient B=1 T=2 H=1 d=32"]
SUBGROUPS_OF_8 = ["--linear-engine", "mma-64x64-4", "--filter", "linear 17x264"]
# The emulations of matrix instructions: of NVIDIA's, and of Intel's by subgroups of 16 and of 8.
EMULATED, XMX16, XMX8 = "emulated", "emulated-xmx16", "emulated-xmx8"


@dataclasses.dataclass
class Mutant:
    """A fault: `old` is replaced by `new` in a file."""

    file: str
    old: str
    new: str
    fault: str
    checks: list[str]
    emulation: str = EMULATED


MUTANTS = [
    Mutant(
        "linear_mma.cl", "wait_copies(&g, STAGES - 2);", "wait_copies(&g, STAGES - 1);",
        "waits for one group of copies too few", PIPELINED),
    Mutant(
        "linear_mma.cl", "    barrier(CLK_LOCAL_MEM_FENCE);  // this stage has arrived", "    //",
        "no barrier before a stage is read", PIPELINED),
    Mutant(
        "linear_mma.cl", "free_stage = STAGES - 1;", "free_stage = STAGES - 2;",
        "copies into the stage that is read", PIPELINED),
    Mutant(
        "linear_mma.cl", "is_inside = rest > 0;", "is_inside = 1;", "reads beyond the depth",
        SHARED_DEPTH),
    Mutant(
        "linear_mma.cl", "min(row + i * COPY_ROWS, rows - 1 - first_row)", "(row + i * COPY_ROWS)",
        "reads beyond the last row", SHARED_DEPTH),
    Mutant(
        "linear_mma.cl", "    strips_barrier(&g);\n    NO_UNROLL", "    NO_UNROLL",
        "no barrier before sums are added", SHARED_DEPTH),
    Mutant(
        "linear_float.cl", "    barrier(CLK_LOCAL_MEM_FENCE);\n  }", "  }",
        "no barrier in the loop", STAGED),
    Mutant(
        "linear_float.cl", "    first = STAGE_FLOATS - first;\n", "",
        "writes the stage that is read", STAGED),
    Mutant(
        "linear_float.cl", "min(row + i * READ_ROWS, rows - 1 - first_row)",
        "(row + i * READ_ROWS)", "reads beyond the last row", STAGED),
    Mutant(
        "linear_float.cl", "return rest > 0 ?", "return rest > -16 ?", "reads beyond the depth",
        STAGED),
    Mutant(
        "mma.cl", "return lane % 8 + lane / 16 * 8; }", "return lane % 16; }",
        "order of the matrices of b", SHARED_DEPTH),
    Mutant(
        "attention_mma.cl", "    barrier(CLK_LOCAL_MEM_FENCE);  // this tile has arrived", "    //",
        "no barrier before keys are read", WITHOUT_REUSE),
    Mutant(
        "attention_mma.cl", "  barrier(CLK_LOCAL_MEM_FENCE);  // keys and values take", "  //",
        "keys overwrite queries that are read", WITHOUT_REUSE),
    Mutant(
        "attention_mma.cl", "total[s] *= shrink[s];", "", "sum of the softmax is not rescaled",
        SEVERAL_TILES),
    Mutant(
        "attention_mma.cl", "if (mask >> m & 1) {", "if (mask >> m & 1 && m > 0) {",
        "first fragment of the resampling left out", ATTENTION),
    Mutant(
        "attention_mma.cl", ">= tokens) a[j][e] = -INFINITY;", "> tokens) a[j][e] = -INFINITY;",
        "a key too many", ATTENTION),
    Mutant(
        "relation_mma.cl", "  subgroup_barrier(&g);\n  UNROLL\n", "  UNROLL\n",
        "no barrier before results are read", RELATIONS),
    Mutant(
        "product_mma.cl", "wait_copies(&g, STAGES - 2);", "wait_copies(&g, STAGES - 1);",
        "waits for one group of copies too few", WEIGHT_GRADIENT),
    Mutant(
        "product_mma.cl", "    barrier(CLK_LOCAL_MEM_FENCE);  // this stage has arrived", "    //",
        "no barrier before a stage is read", WEIGHT_GRADIENT),
    Mutant(
        "product_mma.cl", "const int at = start + k, is_inside = at < depth;",
        "const int at = start + k, is_inside = 1;", "reads beyond the depth", WEIGHT_GRADIENT),
    Mutant(
        "product_mma.cl", "min(f->first + 8 * c, (f->rows - 1) / 8 * 8)", "(f->first + 8 * c)",
        "reads beyond the last column", WEIGHT_GRADIENT),
    Mutant(
        "product_mma.cl", "min(f->first + r, f->rows - 1)", "(f->first + r)",
        "reads beyond the last row", HEAD_GRADIENTS),
    Mutant(
        "softmax_gradient.cl", "inside ? fma(weight, load(changes + j) - mean, added) : 0.0f",
        "fma(weight, load(changes + j) - mean, added)", "padding is not cleared",
        HEAD_GRADIENTS),
    Mutant(
        "mma_intel.cl", "return g->lane + e / 16 * MMA_LANES; }", "return g->lane + e / 16; }",
        "rows of sums", SUBGROUPS_OF_8, XMX8),
    Mutant(
        "mma_intel.cl", "(space const uint *)(p) + h * 64", "(space const uint *)(p) + h * 32",
        "rows of b", SUBGROUPS_OF_8, XMX8),
    Mutant(
        "mma_intel.cl", "(space const ushort *)(p) + h * 128", "(space const ushort *)(p) + h * 64",
        "rows of b", RELATIONS, XMX16),
    Mutant(
        "mma_intel.cl", "#define load_a_transposed load_b", "#define load_a_transposed load_a",
        "a fragment not transposed", RELATIONS, XMX16),
    Mutant(
        "mma_intel.cl", "f[2 * i] = (first[i] & 0xFFFF) | second[i] << 16;",
        "f[2 * i] = (second[i] & 0xFFFF) | first[i] << 16;", "order of two rows", WITHOUT_REUSE,
        XMX8),
    Mutant(
        "mma.cl", "(chunk) / 2 * 32 + (row) % 16 * 2", "(chunk) / 2 * 32 + (row) % 16",
        "chunks overlap", ATTENTION, XMX16),
]


def find_oclgrind() -> str:
    """Oclgrind's library for the OpenCL loader."""
    library = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
    if os.path.exists(library):
        return library
    listed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        if "liboclgrind-rt-icd" in line:
            return line.split()[-1]
    sys.exit("check-mutants.py: Oclgrind's ICD library (liboclgrind-rt-icd.so) is not installed")


def run(kernels: pathlib.Path, checks: list[str], settings: dict[str, str]) -> str | None:
    """Runs a check with the kernels of a folder; returns what went wrong, or None."""
    environment = os.environ | settings | {
        "DVT_KERNEL_SOURCES": str(kernels), "DVT_CACHE": "off", "DVT_UNDEFINED_MEMORY": "nan"}
    command = [
        DVT, "parity", "--operations", "--small", "--kernel-style", "tile", "--precision",
        "float16", *checks]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0 and " 0 checks" not in " " + done.stderr:
        return None
    lines = (done.stderr.strip() or "no output").splitlines()
    return lines[-1]


def verdict(
    kernels: pathlib.Path, checks: list[str], emulation: str, oclgrind: str
) -> str | None:
    """How the kernels of a folder fail, or None."""
    instructions = {"DVT_MATRIX_INSTRUCTIONS": emulation}
    with tempfile.NamedTemporaryFile() as log:
        problem = run(kernels, checks, instructions | {
            "OCL_ICD_VENDORS": oclgrind, "DVT_DEVICE": "oclgrind", "OCLGRIND_DATA_RACES": "1",
            "OCLGRIND_CHECK_API": "1", "OCLGRIND_MAX_ERRORS": "20", "OCLGRIND_LOG": log.name})
        found = [line for line in log.read().decode().splitlines() if line.strip()]
    if found:
        return "Oclgrind: " + found[0].strip()
    if problem:
        return "comparison under Oclgrind: " + problem
    # Intel's copies go through registers and are neither late nor early.
    for late in "10" if emulation == EMULATED else "1":
        problem = run(kernels, checks, instructions | {
            "DVT_DEVICE": "cpu", "DVT_BUILD_OPTIONS": f"-DCOPIES_LATE={late}"})
        if problem:
            return "comparison on PoCL: " + problem
    return None


def main() -> int:
    """Checks the kernels and every mutant."""
    oclgrind, survived = find_oclgrind(), 0
    for mutant in MUTANTS:
        count = (KERNELS / mutant.file).read_text().count(mutant.old)
        if count != 1:
            sys.exit(f"check-mutants.py: {mutant.file} has '{mutant.old}' {count} times, not once")
    for checks, emulation in dict.fromkeys(
            (tuple(mutant.checks), mutant.emulation) for mutant in MUTANTS):
        problem = verdict(KERNELS, list(checks), emulation, oclgrind)
        if problem:
            print(f"{ORIGINAL} fail ({emulation}, {' '.join(checks)}): {problem}", file=sys.stderr)
            return 1
    print(f"passed: {ORIGINAL}", flush=True)
    for mutant in MUTANTS:
        with tempfile.TemporaryDirectory() as folder:
            kernels = pathlib.Path(folder) / "cl"
            shutil.copytree(KERNELS, kernels)
            text = (kernels / mutant.file).read_text()
            (kernels / mutant.file).write_text(text.replace(mutant.old, mutant.new))
            caught = verdict(kernels, mutant.checks, mutant.emulation, oclgrind)
        survived += caught is None
        print(f"{'caught' if caught else 'SURVIVED'}: {mutant.file}: {mutant.fault}"
              f"{f' ({caught})' if caught else ''}", flush=True)
    print(f"{len(MUTANTS) - survived} of {len(MUTANTS)} faults were caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
