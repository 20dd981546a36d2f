"""What else the machine did while a benchmark ran, for figures of a busy machine are worth little."""

from __future__ import annotations

import atexit
import os
import time
from pathlib import Path
from typing import Final, NamedTuple

_STAT: Final = Path("/proc/stat")
_COLUMNS: Final = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
"""Of its first line (proc_stat(5)); what comes behind them is part of them."""
_NOT_BUSY: Final = ("idle", "iowait", "steal")


class Used(NamedTuple):
    """Seconds of a core, since the machine began and since this process did."""

    by_all: float
    stolen: float
    """The hypervisor gave them to other machines, though this one wanted them."""
    by_us: float
    """By this process and those that it started and that have ended."""


def used(first_line: str, ticks_per_second: int, by_us: float) -> Used:
    """From the first line of ``/proc/stat``."""
    ticks = dict(zip(_COLUMNS, map(int, first_line.split()[1:]), strict=False))
    busy = sum(ticks.values()) - sum(ticks[name] for name in _NOT_BUSY)
    return Used(busy / ticks_per_second, ticks["steal"] / ticks_per_second, by_us)


def told(before: Used, after: Used, seconds: float) -> str:
    """How much of a core others used in ``seconds``, in words."""
    others = max(0.0, after.by_all - before.by_all - (after.by_us - before.by_us))
    stolen = after.stolen - before.stolen
    return (
        f"Meanwhile other processes used {others / seconds:.1%} of a core, "
        f"and the hypervisor kept back {stolen / seconds:.1%}."
    )


def tell_at_the_end() -> None:
    """When this process ends, print what others used meanwhile. On other systems than Linux nothing is known of it."""
    if not _STAT.exists():
        return
    began_s, before = time.monotonic(), _now()
    atexit.register(lambda: print(f"\n{told(before, _now(), time.monotonic() - began_s)}"))


def _now() -> Used:
    own = os.times()
    by_us = own.user + own.system + own.children_user + own.children_system
    return used(_STAT.read_text().partition("\n")[0], os.sysconf("SC_CLK_TCK"), by_us)
