"""Whether this processor computes in bfloat16, or imitates it, which is slow."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

# As Linux names the instructions: of x86 (AVX-512, AMX) and of Arm.
_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")


def warn_of_imitated_bfloat16(
    precision: str, devices: Sequence[str], cpuinfo: Path = _CPUINFO
) -> None:
    """Warns of a training in bfloat16 on a processor without such instructions.

    Nothing is said on accelerators, nor where Linux does not list the processor's
    instructions.

    Args:
        precision: the recipe's.
        devices: `provenance.device_names()`.
        cpuinfo: the file that lists the instructions.
    """
    if precision != "mixed_bfloat16" or any(name != "cpu" for name in devices):
        return
    known = _instructions(cpuinfo)
    if known and not known & _INSTRUCTIONS:
        warnings.warn(
            "This processor has no instructions for bfloat16, which this recipe "
            "computes in: a step can take several times as long as in single "
            "precision. Consider --set precision=float32.",
            stacklevel=2,
        )


def _instructions(cpuinfo: Path) -> set[str]:
    if not cpuinfo.is_file():
        return set()
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        title, _, rest = line.partition(":")
        if title.strip() in ("flags", "Features"):
            return set(rest.split())
    return set()
