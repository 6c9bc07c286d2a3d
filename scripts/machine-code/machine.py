"""Machine code as the checks see it: functions of instructions, whatever the vendor."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an instruction does, as far as budgets distinguish it."""

    FLOAT = "floating-point arithmetic"
    MATRIX = "a product of matrices"
    GLOBAL_LOAD = "a load from global memory"
    LOCAL_LOAD = "a load from local memory"
    MOVE = "a copy from register to register, or of a constant"
    BARRIER = "a barrier of the work-group"
    HINT = "no operation: a wait, a hint to the scheduler"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction."""

    address: int
    kind: Kind
    # The bytes that a load gives each work-item.
    width: int = 0
    # The addresses that it may branch to.
    targets: tuple[int, ...] = ()
    # Whether the next instruction may follow.
    continues: bool = True


@dataclass(frozen=True, slots=True)
class Function:
    """A kernel's machine code, with what its compiler reports."""

    name: str
    instructions: list[Instruction]
    registers: int
    spills: int
    scratch: int
    local: int
    lanes: int
    code: int
    # The work-group size that the source demands, or none.
    items: int | None
    # The lines of the disassembly, for reading.
    text: str


@dataclass(frozen=True, slots=True)
class Architecture:
    """A processor that kernels are compiled for.

    `waves` is the most sub-groups that a multiprocessor holds (NVIDIA: of 64 or 48 warps; AMD: a
    compute unit of CDNA, a work-group processor of RDNA; Intel: an Xe core).
    """

    name: str
    vendor: str
    waves: int
    # How many sub-groups can be resident, limited by registers alone.
    waves_by_registers: Callable[[int], int]
    local_memory: int
    # Local memory that a work-group takes is a multiple of this, after `local_reserved` bytes.
    local_granule: int
    # The most of a work-item, or 0 where the compiler takes all or half of them.
    registers: int
    groups: int = 32
    local_reserved: int = 0

    def resident_waves(self, registers: int, local: int, items: int, lanes: int) -> int:
        """The sub-groups that are resident at once."""
        waves = -(-items // lanes)
        used = -(-(local + self.local_reserved) // self.local_granule) * self.local_granule
        groups = min(
            self.waves_by_registers(registers) // waves, self.waves // waves, self.groups,
            self.local_memory // used if used else self.groups)
        return groups * waves

    def spare_registers(self, registers: int, local: int, items: int, lanes: int) -> int | None:
        """The registers that may be added without making fewer sub-groups resident."""
        if self.registers == 0:
            return None
        resident = self.resident_waves(registers, local, items, lanes)
        most = registers
        while (most < self.registers
               and self.resident_waves(most + 1, local, items, lanes) == resident):
            most += 1
        return most - registers


class CompileError(Exception):
    """A compiler failed; the message is its own."""
