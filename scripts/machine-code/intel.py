"""Intel: the offline compiler of the driver, and the assembler's disassembly."""

import re
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from machine import Architecture, Function, Instruction, Kind
from tools import Tools, run

# What the assembler calls an architecture, and the bytes of its registers.
_PLATFORMS = {"dg2": ("XeHPG", 32), "pvc": ("XeHPC", 64)}
# The matrix instructions of mma.cl by architecture.
_MATRIX_MACROS = {"dg2": "MMA_XMX8", "pvc": "MMA_XMX16"}
# A driver defines these macros on devices with the extensions. Debian's ocloc does not, but it
# declares and compiles their functions where they are defined.
_EXTENSIONS = ["cl_intel_subgroup_matrix_multiply_accumulate", "cl_intel_subgroup_local_block_io",
               "cl_intel_bfloat16_conversions"]
_LINE = re.compile(
    r"(?:\(([^)]*)\))?\s+([a-z]\w*(?:\.\S+)?)(?:\s+\((\d+)\|M\d+\))?(?=\s)(.*)")
_LABEL = re.compile(r"(L\d+):")
_BRANCH = {"jmpi", "goto", "while", "brc", "brd"}
_FLOAT_TYPE = r":(?:f|hf|bf|df)\b"


def _waves_by_registers(engines: int, registers: int) -> int:
    # A vector engine holds 8 threads of 128 registers, or 4 of 256.
    return engines * (8 if registers <= 128 else 4)


ARCHITECTURES = [
    Architecture(name, "intel", waves=8 * engines,
                 waves_by_registers=partial(_waves_by_registers, engines),
                 local_memory=128 * 1024, local_granule=1024, registers=0)
    for name, engines in [("dg2", 16), ("pvc", 8)]
]


def compile_kernels(
    tools: Tools, source: Path, macros: Sequence[str], architecture: str,
    max_registers: int | None
) -> list[Function]:
    """The kernels of a file.

    A thread has 128 registers, with `max_registers` 256, for which the host passes
    -cl-intel-256-GRF-per-thread.
    """
    assert tools.ocloc is not None
    libraries = {"LD_LIBRARY_PATH": str(tools.intel_libraries)}
    folder = source.with_suffix("")
    defined = [*_EXTENSIONS, _MATRIX_MACROS[architecture], *macros]
    options = ["-cl-std=CL1.2", *(f"-D{macro}" for macro in defined)]
    if max_registers == 256:
        options.append("-cl-intel-256-GRF-per-thread")
    # The binary format that newer drivers always use; it states what a kernel takes.
    run([tools.ocloc, "compile", "-file", source, "-device", architecture, "-options",
         " ".join(options), "-internal_options", "-cl-intel-allow-zebin", "-out_dir", folder],
        libraries)
    sections = _sections(next(folder.glob("*.bin")).read_bytes())
    return [_function(tools, libraries, folder, architecture, fields, sections)
            for fields in _kernels(sections[".ze_info"].decode())]


def _sections(binary: bytes) -> dict[str, bytes]:
    """The sections of an ELF file, by name."""
    (table,) = struct.unpack_from("<Q", binary, 0x28)
    size, count, names = struct.unpack_from("<HHH", binary, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", binary, table + index * size)
               for index in range(count)]
    contents = [binary[offset:offset + length] for _, _, _, _, offset, length in headers]

    def name(offset: int) -> str:
        text: bytes = contents[names]
        return text[offset:text.index(b"\0", offset)].decode()

    return {name(header[0]): content for header, content in zip(headers, contents)}


def _kernels(information: str) -> list[str]:
    """The part of the metadata of every kernel."""
    listed = information[information.index("kernels:"):].split("kernels_misc_info:")[0]
    kernels = re.split(r"^  - name: +", listed, flags=re.MULTILINE)[1:]
    return [kernel for kernel in kernels if not kernel.startswith("Intel_Symbol_Table")]


def _function(
    tools: Tools, environment: dict[str, str], folder: Path, architecture: str, fields: str,
    sections: dict[str, bytes]
) -> Function:
    assert tools.iga is not None
    name = fields.split()[0]
    platform, register_bytes = _PLATFORMS[architecture]
    code = sections[f".text.{name}"]
    path = folder / f"{name}.krn"
    path.write_bytes(code)
    text = run([tools.iga, "-d", f"-p={platform}", path], environment)

    def number(key: str) -> int:
        found = re.search(rf"^ +{key}: +(\d+)", fields, re.MULTILINE)
        return int(found[1]) if found else 0

    lanes = number("simd_size")
    # Of a work-item, or of a thread with all its work-items.
    buffers = {usage: int(size) if of_item else -(-int(size) // lanes)
               for usage, size, of_item in re.findall(
                   r"usage: +(\w+)\n +size: +(\d+)\n( +is_simt_thread: +true)?", fields)}
    size = re.search(r"required_work_group_size: +\[ (\d+), (\d+), (\d+) \]", fields)
    return Function(
        name, _instructions(text, register_bytes), registers=number("grf_count"),
        spills=buffers.get("spill_fill_space", 0),
        # Some architectures have one space for spills and private memory.
        scratch=buffers.get("private_space", 0) + buffers.get("single_space", 0),
        local=number("slm_size"), lanes=lanes, code=len(code), text=text,
        items=int(size[1]) * int(size[2]) * int(size[3]) if size else None)


def _instructions(text: str, register_bytes: int) -> list[Instruction]:
    """The instructions, numbered: the disassembly has no addresses."""
    labels: dict[str, int] = {}
    matches: list[re.Match[str]] = []
    for line in text.splitlines():
        if label := _LABEL.match(line):
            labels.setdefault(label[1], len(matches))
        elif match := _LINE.match(line):
            matches.append(match)
    return [_instruction(number, match, labels, register_bytes)
            for number, match in enumerate(matches)]


def _instruction(
    number: int, match: re.Match[str], labels: dict[str, int], register_bytes: int
) -> Instruction:
    predicate, operation, lanes, operands = match[1], match[2], int(match[3] or 1), match[4]
    kind, width = _kind(operation, lanes, operands, register_bytes)
    targets: tuple[int, ...] = ()
    if operation.split(".")[0] in _BRANCH:
        targets = tuple(labels[label] for label in re.findall(r"\bL\d+\b", operands))
    ends = operation == "jmpi" and "f" not in (predicate or "") or "end of thread" in operands
    return Instruction(number, kind, width, targets, continues=not ends)


def _kind(operation: str, lanes: int, operands: str, register_bytes: int) -> tuple[Kind, int]:
    name = operation.split(".")[0]
    if operation == "sync.bar":
        return Kind.BARRIER, 0
    if name in ("sync", "nop"):
        return Kind.HINT, 0
    if name in ("dpas", "dpasw"):
        return Kind.MATRIX, 0
    types = re.findall(r">?:([a-z]+)\b", operands)
    if name in ("mad", "mul", "add", "mac") and re.search(_FLOAT_TYPE, operands):
        return Kind.FLOAT, 0
    # With different types it converts.
    if name == "mov" and len(set(types)) == 1:
        return Kind.MOVE, 0
    if name in ("send", "sends", "sendc"):
        message = operands.partition("//")[2]
        received = re.search(r"rd:(\d+)", message)
        if received and int(received[1]) and re.search(r"read|load", message):
            is_local = operation.endswith(".slm") or bool(re.search(r"0x\w{6}FE\b", operands))
            # A block is contiguous.
            is_block = "block" in message
            width = 16 if is_block else int(received[1]) * register_bytes // max(lanes, 1)
            return Kind.LOCAL_LOAD if is_local else Kind.GLOBAL_LOAD, width
    return Kind.OTHER, 0
