"""NVIDIA: clang and libclc to PTX, ptxas to machine code, nvdisasm to text."""

import re
from collections.abc import Sequence
from pathlib import Path

from machine import Architecture, Function, Instruction, Kind
from tools import Tools, run

# The PTX that sm_90 needs at least.
_PTX_VERSION = "78"
_LANES = 32
_FLOAT = {"FFMA", "FFMA2", "FADD", "FADD2", "FMUL", "FMUL2", "HFMA2", "HADD2", "HMUL2", "DFMA",
          "DADD", "DMUL"}
_MATRIX = {"HMMA", "IMMA", "DMMA", "QMMA", "OMMA", "HGMMA", "IGMMA", "QGMMA"}
_LINE = re.compile(r"\s*/\*([0-9a-f]+)\*/\s+(@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)(.*?);")
_LABEL = re.compile(r"(\.L_x_\w+):")


def _waves_by_registers(registers: int) -> int:
    # A warp takes registers in units of 256, and a quarter of a multiprocessor has 16,384.
    return 4 * (16384 // (-(-max(registers, 1) * _LANES // 256) * 256))


ARCHITECTURES = [
    Architecture(
        name, "nvidia", waves=64, waves_by_registers=_waves_by_registers,
        local_memory=kibibytes * 1024, local_granule=128, local_reserved=1024, registers=255)
    for name, kibibytes in [("sm_80", 164), ("sm_90", 228)]
]


def compile_kernels(
    tools: Tools, source: Path, macros: Sequence[str], architecture: str,
    max_registers: int | None
) -> list[Function]:
    """The kernels of a file.

    As on a device, the size of the work-group is known where the source demands it, and
    `max_registers` is what the host passes as -cl-nv-maxrregcount.
    """
    module, ptx, binary = map(source.with_suffix, [".ll", ".ptx", ".cubin"])
    target = ["-target", "nvptx64--nvidiacl", f"-march={architecture}", "-Xclang",
              "-target-feature", "-Xclang", f"+ptx{_PTX_VERSION}", "-O3", "-w", "-S"]
    run([tools.clang, "-x", "cl", "-cl-std=CL1.2", "-Xclang", "-finclude-default-header", *target,
         "-emit-llvm", "-Xclang", "-mlink-builtin-bitcode", "-Xclang",
         tools.libclc / "nvptx64--nvidiacl.bc", "-DMMA_PTX", *(f"-D{macro}" for macro in macros),
         source, "-o", module])
    run([tools.clang, "-x", "ir", *target, module, "-o", ptx])
    sizes = _work_group_sizes(module.read_text())
    ptx.write_text(_with_sizes(ptx.read_text(), sizes))
    limit = [f"-maxrregcount={max_registers}"] if max_registers else []
    log = run([tools.ptxas, "-v", f"-arch={architecture}", *limit, ptx, "-o", binary])
    text = run([tools.nvdisasm, "-c", binary])
    return _functions(log, text, sizes)


def _work_group_sizes(module: str) -> dict[str, tuple[int, int, int]]:
    """The required work-group sizes in LLVM's text of a module."""
    nodes = {number: tuple(map(int, re.findall(r"i32 (\d+)", node)))
             for number, node in re.findall(r"^!(\d+) = !\{((?:i32 \d+,? ?){3})\}", module,
                                            re.MULTILINE)}
    return {name: (nodes[number][0], nodes[number][1], nodes[number][2])
            for name, number in re.findall(
                r"^define .*?@(\w+)\(.*!reqd_work_group_size !(\d+)", module, re.MULTILINE)}


def _with_sizes(ptx: str, sizes: dict[str, tuple[int, int, int]]) -> str:
    # NVIDIA's own compiler passes on what the source demands; clang does not.
    for name, size in sizes.items():
        ptx = re.sub(rf"(^\.visible \.entry {name}\([^{{]*?\))",
                     rf"\1\n.reqntid {', '.join(map(str, size))}", ptx, flags=re.MULTILINE)
    return ptx


def _functions(log: str, text: str, sizes: dict[str, tuple[int, int, int]]) -> list[Function]:
    return [_function(report, text, sizes)
            for report in log.split("Compiling entry function '")[1:]]


def _function(report: str, text: str, sizes: dict[str, tuple[int, int, int]]) -> Function:
    name = report[:report.index("'")]
    lines = _section(text, name)
    instructions = _instructions(lines)
    size = sizes.get(name)

    def number(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, report)))

    return Function(
        name, instructions, registers=number(r"Used (\d+) registers"),
        spills=number(r"(\d+) bytes spill"), scratch=number(r"(\d+) bytes stack frame"),
        local=number(r"(\d+) bytes smem"), lanes=_LANES, code=instructions[-1].address + 16,
        text="\n".join(lines), items=size[0] * size[1] * size[2] if size else None)


def _section(text: str, name: str) -> list[str]:
    begin = text.index(f"\n.text.{name}:\n")
    end = text.find("\n//-----", begin)
    return text[begin:end if end > 0 else None].splitlines()


def _instructions(lines: list[str]) -> list[Instruction]:
    labels: dict[str, int] = {}
    waiting: list[str] = []
    matches = []
    for line in lines:
        if label := _LABEL.match(line):
            waiting.append(label[1])
        elif match := _LINE.match(line):
            labels |= dict.fromkeys(waiting, int(match[1], 16))
            waiting = []
            matches.append(match)
    return [_instruction(match, labels) for match in matches]


def _instruction(match: re.Match[str], labels: dict[str, int]) -> Instruction:
    predicate, operation, operands = match[2] or "", match[3], match[4]
    kind, width = _kind(operation, operands, predicate)
    targets: tuple[int, ...] = ()
    if operation.startswith("BRA") and (label := re.search(r"\.L_x_\w+", operands)):
        targets = (labels[label[0]],)
    # A condition is a predicate before the branch or an operand of it.
    ends = operation.split(".")[0] in ("BRA", "EXIT", "RET", "BRX")
    is_conditional = bool(predicate) or bool(re.search(r"\bU?P\d|\bUR\d", operands))
    return Instruction(int(match[1], 16), kind, width, targets,
                       continues=not ends or is_conditional)


def _kind(operation: str, operands: str, predicate: str) -> tuple[Kind, int]:
    name = operation.split(".")[0]
    # An instruction that is never executed stands before LDGSTS for the hardware's sake.
    if name == "NOP" or predicate.startswith("@!PT"):
        return Kind.HINT, 0
    if name in _MATRIX:
        return Kind.MATRIX, 0
    # The unit for 16-bit numbers also writes constants.
    if name == "HFMA2" and "-RZ, RZ" in operands or name == "CS2R" and "SRZ" in operands:
        return Kind.MOVE, 0
    if name in _FLOAT:
        return Kind.FLOAT, 0
    if name == "MOV" or operation.startswith("IMAD.MOV"):
        return Kind.MOVE, 0
    if name == "BAR":
        return Kind.BARRIER, 0
    if name == "LDSM":
        # A lane receives two elements of 16 bits of each of 1, 2 or 4 matrices.
        return Kind.LOCAL_LOAD, 16 if operation.endswith(".4") else 8 if ".2" in operation else 4
    if name in ("LDS", "LDG", "LD", "LDGSTS"):
        bits = re.search(r"\.(128|64|[US]16|[US]8)\b", operation)
        width = int(bits[1].strip("US")) // 8 if bits else 4
        return Kind.LOCAL_LOAD if name == "LDS" else Kind.GLOBAL_LOAD, width
    return Kind.OTHER, 0
