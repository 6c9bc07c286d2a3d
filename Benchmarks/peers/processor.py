"""The processor, and which of its instructions matter for precision."""

import os
import re
from pathlib import Path

THREADS = os.cpu_count() or 1
INSTRUCTIONS = ["avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16"]


def described() -> str:
    """The processor's name, family and model."""
    fields = _fields()
    name = fields.get("model name", "an unknown processor")
    if "cpu family" not in fields:
        return name
    return f"{name} (family {fields['cpu family']}, model {fields['model']})"


def instructions() -> dict[str, bool]:
    """Whether the processor has each of INSTRUCTIONS."""
    flags = _fields().get("flags", "").split()
    return {name: name in flags for name in INSTRUCTIONS}


def _fields() -> dict[str, str]:
    """The first processor in /proc/cpuinfo, which only Linux has."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    return dict(re.findall(r"^(.*?)\s*: (.*)$", text.split("\n\n")[0], re.MULTILINE))
