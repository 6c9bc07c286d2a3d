"""The drivers, and where each comes from."""

from dataclasses import dataclass

STYLES = ["vector", "tile"]
PRECISIONS = ["float32", "float16", "bfloat16"]
MACHINE, DEBIAN_13, PYPI = "this machine", "Debian 13", "PyPI"


@dataclass(frozen=True)
class Driver:
    """A driver on a CPU. `packages` are Debian's or PyPI's, by `source`."""

    name: str
    title: str
    source: str
    packages: tuple[str, ...]
    vendor: str
    """What OCL_ICD_VENDORS selects: an .icd file in /etc/OpenCL/vendors, or a library."""
    settings: tuple[tuple[str, str], ...] = ()
    """More environment variables."""
    quick: tuple[tuple[str, str], ...] = ()
    """The styles and precisions that CI checks."""
    small_if_quick: bool = False
    """Whether CI checks only the small operations and one model."""
    small: tuple[str, ...] = ()
    """The styles in which it is too slow for any but the small operations."""
    has_models: bool = True
    """Whether it is fast enough for models."""
    tile_engine: str = ""
    """The engine of linear layers in the tile style, where the default one is too slow."""


# One version of the packages of PyPI, so that a new one fails no check of another change.
DRIVERS = [
    Driver("pocl", "PoCL of this machine", MACHINE, ("pocl-opencl-icd",), "pocl.icd"),
    Driver("pocl-debian13", "PoCL of Debian 13", DEBIAN_13, ("pocl-opencl-icd",), "pocl.icd",
           # The setting in which it ended the process, at a head width that is no small operation.
           quick=(("tile", "float32"),)),
    Driver("intel", "Intel's CPU runtime", PYPI,
           ("intel-opencl-rt==2026.2.0", "intel-cmplr-lib-rt==2026.2.0"), "libintelocl.so",
           quick=tuple((style, precision) for style in STYLES for precision in PRECISIONS),
           small_if_quick=True),
    Driver("rusticl-debian13", "rusticl on llvmpipe of Debian 13", DEBIAN_13,
           ("mesa-opencl-icd",), "rusticl.icd", (("RUSTICL_ENABLE", "llvmpipe"),),
           # It takes minutes to compile some kernels of this style.
           small=("vector",)),
    Driver("oclgrind", "Oclgrind of this machine", MACHINE, ("oclgrind",),
           "/usr/lib/oclgrind/liboclgrind-rt-icd.so",
           # It ends the process at an instruction of optimized code (freeze). CLBlast puts its own
           # options after these, without a space.
           (("DVT_BUILD_OPTIONS", "-cl-opt-disable"),
            ("CLBLAST_BUILD_OPTIONS", "-cl-opt-disable ")),
           small=("vector", "tile"), has_models=False, tile_engine="tile-32x32x16"),
]
BY_NAME = {driver.name: driver for driver in DRIVERS}
