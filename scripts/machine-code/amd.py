"""AMD: clang and libclc to a linked code object, and LLVM's readers of it."""

import re
from collections.abc import Sequence
from pathlib import Path

from machine import Architecture, Function, Instruction, Kind
from tools import Tools, run

_LINE = re.compile(r"\t(\S+)(.*?)\s*// ([0-9A-F]{12}): [0-9A-F ]+(?:<(\w+)(?:\+0x([0-9a-f]+))?>)?")
_FLOAT = re.compile(
    r"v_(?:pk_|dual_)?(?:fma|fmac|fmaak|fmamk|fma_mix|fma_mixlo|fma_mixhi|mad|mac|mad_mix|add|sub|"
    r"subrev|mul|dot2|dot2c|dot2acc)_(?:legacy_)?(?:f16|f32|f64|bf16)")
_MATRIX = re.compile(r"v_(?:mfma|smfmac|wmma|swmmac)_")
_MOVE = re.compile(r"v_(?:pk_|dual_)?mov_b|v_accvgpr_")
_HINT = re.compile(r"s_(?:nop|wait|delay_alu|clause|code_end|set_inst_prefetch)|v_nop")
_LOAD = re.compile(r"(?:(global|flat|buffer)_load|(ds)_(?:read|load))(2\w*?)?_(.*)")
_SIZES = {"b8": 1, "u8": 1, "i8": 1, "ubyte": 1, "sbyte": 1, "b16": 2, "u16": 2, "i16": 2,
          "ushort": 2, "sshort": 2, "short": 2, "b32": 4, "dword": 4, "b64": 8, "dwordx2": 8,
          "b96": 12, "dwordx3": 12, "b128": 16, "dwordx4": 16}


def _cdna_waves(registers: int) -> int:
    # 512 registers per lane of each of 4 SIMD units, taken by 8, for 8 waves at most.
    return 4 * min(8, 512 // (-(-max(registers, 1) // 8) * 8))


def _rdna_waves(registers: int) -> int:
    # 1536 registers per lane of each of 4 SIMD units, taken by 24, for 16 waves at most.
    return 4 * min(16, 1536 // (-(-max(registers, 1) // 24) * 24))


ARCHITECTURES = [
    *(Architecture(name, "amd", waves=32, waves_by_registers=_cdna_waves,
                   local_memory=64 * 1024, local_granule=512, registers=512)
      for name in ("gfx90a", "gfx942")),
    *(Architecture(name, "amd", waves=64, waves_by_registers=_rdna_waves,
                   local_memory=128 * 1024, local_granule=1024, registers=256)
      for name in ("gfx1100", "gfx1200")),
]


# The matrix instructions of mma.cl by the beginning of the architecture's name.
_MATRIX_MACROS = {
    "gfx90": "MMA_CDNA", "gfx94": "MMA_CDNA", "gfx11": "MMA_RDNA3", "gfx12": "MMA_RDNA4"}


def compile_kernels(
    tools: Tools, source: Path, macros: Sequence[str], architecture: str,
    max_registers: int | None
) -> list[Function]:
    """The kernels of a file. Undefined functions are errors of the linker."""
    binary = source.with_suffix(".elf")
    run([tools.clang, "-x", "cl", "-cl-std=CL1.2", "-Xclang", "-finclude-default-header", "-O3",
         "-w", "-target", "amdgcn-amd-amdhsa", f"-mcpu={architecture}", "-nogpulib", "-Xclang",
         "-mlink-builtin-bitcode", "-Xclang", tools.libclc / "amdgcn--amdhsa.bc",
         f"-D{_MATRIX_MACROS[architecture[:5]]}", *(f"-D{macro}" for macro in macros), source,
         "-o", binary])
    notes = run([tools.readelf, "--notes", binary])
    text = run([tools.objdump, "--disassemble", binary])
    return [_function(fields, text) for fields in _kernels(notes)]


def _kernels(notes: str) -> list[dict[str, str]]:
    """The fields of every kernel in a code object's metadata."""
    listed = re.split(r"^amdhsa\.\w+:", notes[notes.index("amdhsa.kernels:"):],
                      flags=re.MULTILINE)[1]
    kernels = re.split(r"^  - ", listed, flags=re.MULTILINE)[1:]
    return [dict(re.findall(r"^(?:    )?(\.\w+): +(\S.*)", kernel, re.MULTILINE))
            | {".reqd_workgroup_size": _list(kernel, ".reqd_workgroup_size")}
            for kernel in kernels]


def _list(kernel: str, name: str) -> str:
    found = re.search(rf"^    {re.escape(name)}:\n((?:      - \d+\n)+)", kernel, re.MULTILINE)
    return found[1] if found else ""


def _function(fields: dict[str, str], text: str) -> Function:
    name = fields[".name"]
    begin = re.search(rf"^([0-9a-f]+) <{name}>:$", text, re.MULTILINE)
    assert begin is not None
    lines = text[begin.end():].split("\n\n", 1)[0].splitlines()
    first = int(begin[1], 16)
    instructions = [
        _instruction(match, name, first) for line in lines if (match := _LINE.match(line))]
    # What follows the end is padding.
    end = max(index for index, line in enumerate(lines) if "s_endpgm" in line)
    last = _LINE.match(lines[end])
    assert last is not None
    size = [int(part) for part in re.findall(r"\d+", fields[".reqd_workgroup_size"])]
    return Function(
        name, instructions, registers=int(fields[".vgpr_count"]),
        spills=int(fields[".vgpr_spill_count"]) + int(fields[".sgpr_spill_count"]),
        scratch=int(fields[".private_segment_fixed_size"]),
        local=int(fields[".group_segment_fixed_size"]), lanes=int(fields[".wavefront_size"]),
        code=int(last[3], 16) + 4 - first, text="\n".join(lines),
        items=size[0] * size[1] * size[2] if size else None)


def _instruction(match: re.Match[str], name: str, first: int) -> Instruction:
    operation, operands = match[1], match[2]
    kind, width = _kind(operation, operands)
    targets: tuple[int, ...] = ()
    if operation.startswith(("s_branch", "s_cbranch")) and match[4] == name:
        targets = (first + int(match[5] or "0", 16),)
    return Instruction(int(match[3], 16), kind, width, targets,
                       continues=operation not in ("s_branch", "s_endpgm", "s_setpc_b64"))


def _kind(operation: str, operands: str) -> tuple[Kind, int]:
    # RDNA issues two operations at once: v_dual_fmac_f32 ... :: v_dual_mov_b32 ...
    second = operands.split("::")[1].split()[0] if "::" in operands else ""
    if _HINT.match(operation):
        return Kind.HINT, 0
    if _MATRIX.match(operation):
        return Kind.MATRIX, 0
    if _FLOAT.match(operation) or _FLOAT.match(second):
        return Kind.FLOAT, 0
    if _MOVE.match(operation):
        return Kind.MOVE, 0
    if operation in ("s_barrier", "s_barrier_wait"):
        return Kind.BARRIER, 0
    if load := _LOAD.match(operation):
        # Before RDNA3 ds_read2_b64 and ds_read2st64_b64, since then ds_load_2addr_b64.
        is_pair = bool(load[3]) or load[4].startswith("2addr")
        return Kind.LOCAL_LOAD if load[2] else Kind.GLOBAL_LOAD, _width(load[4]) * (1 + is_pair)
    return Kind.OTHER, 0


def _width(suffix: str) -> int:
    """The bytes of one load, such as `dwordx4`, `ubyte_d16_hi` or `2addr_stride64_b64`."""
    return next((_SIZES[part] for part in suffix.split("_") if part in _SIZES), 4)
