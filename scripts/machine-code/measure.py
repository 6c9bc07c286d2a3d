"""What budgets limit, read off a function's machine code."""

from loops import hottest_loop
from machine import Architecture, Function, Kind

# Every quantity, in the order of the table's columns.
QUANTITIES = {
    "registers": "registers per work-item (AMD: vector registers; Intel: of 32 or 64 bytes)",
    "spare": "registers to the cliff: that many more, and no fewer sub-groups are resident",
    "spills": "spilled registers (AMD) or bytes stored and loaded for them (NVIDIA, Intel)",
    "scratch": "bytes of private memory per work-item",
    "local": "bytes of local memory per work-group",
    "lanes": "work-items of a sub-group",
    "waves": "sub-groups resident per multiprocessor",
    "issued": "instructions of the hottest loop",
    "float": "of these, floating-point arithmetic",
    "matrix": "of these, products of matrices",
    "share": "percent of the issued that are products of matrices, or else arithmetic",
    "loads": "loads from global memory in the hottest loop",
    "narrow": "of these, of less than 16 bytes per work-item",
    "local_loads": "loads from local memory in the hottest loop",
    "local_narrow": "of these, of less than 16 bytes per work-item",
    "moves": "copies between registers in the hottest loop",
    "barriers": "barriers in the hottest loop",
    "code": "bytes of machine code",
}
Measurement = dict[str, int | None]


def measure(function: Function, architecture: Architecture, items: int) -> Measurement:
    """All quantities; those of the hottest loop are None in a function without loops."""
    placed = (function.registers, function.local, items, function.lanes)
    values: Measurement = {
        "registers": function.registers,
        "spare": architecture.spare_registers(*placed),
        "spills": function.spills,
        "scratch": function.scratch,
        "local": function.local,
        "lanes": function.lanes,
        "waves": architecture.resident_waves(*placed),
        "code": function.code,
    }
    loop = hottest_loop(function)
    if loop:
        def count(kind: Kind, below: int | None = None) -> int:
            return sum(instruction.kind is kind and (below is None or instruction.width < below)
                       for instruction in loop)

        values |= {
            "issued": len(loop),
            "float": count(Kind.FLOAT),
            "matrix": count(Kind.MATRIX),
            "share": round(100 * (count(Kind.MATRIX) or count(Kind.FLOAT)) / len(loop)),
            "loads": count(Kind.GLOBAL_LOAD),
            "narrow": count(Kind.GLOBAL_LOAD, below=16),
            "local_loads": count(Kind.LOCAL_LOAD),
            "local_narrow": count(Kind.LOCAL_LOAD, below=16),
            "moves": count(Kind.MOVE),
            "barriers": count(Kind.BARRIER),
        }
    return {name: values.get(name) for name in QUANTITIES}
