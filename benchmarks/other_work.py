"""What else the machine did while a benchmark ran, for figures of a busy machine are worth little.

Orphans of the benchmark count as others', and what runs in other containers is not seen. The times of processes are
exact. Those of processors in ``/proc/stat`` are samples, taken a hundred times a second, and miss much of what wakes
up as regularly as that.
"""

from __future__ import annotations

import atexit
import time
from typing import Any, Final, NamedTuple

import psutil

_ROUNDING_S: Final = 1.0
"""Each process is counted in hundredths of a second."""


class Used(NamedTuple):
    """Seconds of a core, up to one moment."""

    by_all: float
    """By all processes that run, and by those that they waited for."""
    by_us: float
    """The part of this process."""
    kept_back: float
    """Given to other machines by the hypervisor, though this one wanted them."""


def told(before: Used, after: Used, seconds: float) -> str:
    """How much of a core others used in ``seconds``, in words."""
    by_all, by_us, kept_back = (late - early for late, early in zip(after, before, strict=True))
    others = by_all - by_us
    # less than nothing where one that ran before has ended and nobody waited for it: its time is in no sum any more
    share = f"{max(0.0, others) / seconds:.1%}" if others > -_ROUNDING_S else "an unknown share"
    return f"Meanwhile other processes used {share} of a core, and the hypervisor kept back {kept_back / seconds:.1%}."


def used_until_now() -> Used:
    """As the system counts it, to a hundredth of a second for each process."""
    by_all = sum(_seconds(process.info["cpu_times"]) for process in psutil.process_iter(["cpu_times"]))
    by_us = _seconds(psutil.Process().cpu_times())
    return Used(by_all, by_us, getattr(psutil.cpu_times(), "steal", 0.0))


def tell_at_the_end() -> None:
    """When this process ends, print what others used meanwhile."""
    began_s, before = time.monotonic(), used_until_now()
    atexit.register(lambda: print(f"\n{told(before, used_until_now(), time.monotonic() - began_s)}"))


def _seconds(times: Any) -> float:
    """Of a process, and of the children that it waited for; nothing is known of what may not be looked at."""
    return 0.0 if times is None else times.user + times.system + times.children_user + times.children_system
